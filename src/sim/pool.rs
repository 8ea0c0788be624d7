//! Several simulated servers.

use std::io;

use super::server::SimServer;
use super::shared::{BbbVersion, SimOptions};
use super::world::random_text;

/// Simulated servers with different secrets, each on a free port.
pub struct SimPool {
    servers: Vec<SimServer>,
}

impl SimPool {
    /// Starts so many servers like BBB 3.0. Each takes two file descriptors, and one more for
    /// each connection.
    pub async fn start(count: usize) -> io::Result<Self> {
        let options = |_| SimOptions::new(format!("sim-{}", random_text(32)), BbbVersion::V30);
        Self::start_each((0..count).map(options)).await
    }

    /// Starts a server for each of these options.
    pub async fn start_each(options: impl IntoIterator<Item = SimOptions>) -> io::Result<Self> {
        let mut servers = Vec::new();
        for options in options {
            servers.push(SimServer::start(options).await?);
        }
        Ok(Self { servers })
    }

    /// The servers, in the order in which they were started.
    pub fn servers(&self) -> &[SimServer] {
        &self.servers
    }

    /// Stops all of them.
    pub async fn stop(&self) {
        for server in &self.servers {
            server.stop().await;
        }
    }
}
