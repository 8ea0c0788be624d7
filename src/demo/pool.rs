//! The simulated servers, and their places in beadle's pool.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Context as _;

use super::home::{Memory, Remembered, new_secret};
use crate::model::{Capacity, Secret, Server, ServerId, ServerState, ServerUrl};
use crate::pool::Pool;
use crate::pool::servers::{NewServer, ServerChange};
use crate::sim::{BbbVersion, SimOptions, SimServer};

/// How strong the last server is; the others are 1.
const WEAK: f64 = 0.5;

/// Starts so many servers, with the secrets and, where they are still free, on the ports that are
/// remembered; what is new is added to the memory.
pub(super) async fn start(memory: &mut Memory, count: usize) -> anyhow::Result<Vec<SimServer>> {
    while memory.servers.len() < count {
        memory.servers.push(Remembered { port: 0, secret: new_secret()? });
    }
    let mut servers = Vec::with_capacity(count);
    for (place, remembered) in memory.servers.iter_mut().take(count).enumerate() {
        let server = start_one(place, remembered).await;
        let server = server.with_context(|| format!("cannot simulate {}", id(place)))?;
        remembered.port = server.address().port();
        servers.push(server);
    }
    Ok(servers)
}

/// Makes the servers beadle's pool: `bbb1`, `bbb2` and so on.
///
/// Those that beadle knows keep what an operator made of them, only their address follows them.
/// `remembered` is how many there have been: those that are not there any more are removed.
pub(super) async fn enrol(
    pool: &Pool,
    servers: &[SimServer],
    remembered: usize,
) -> anyhow::Result<()> {
    for (place, server) in servers.iter().enumerate() {
        let url = ServerUrl::exact(&server.url())?;
        let secret = Secret::new(server.secret())?;
        if let Some(known) = known(pool, place) {
            let (url, secret) = (Some(url), Some(secret));
            let change = ServerChange { url, secret, ..ServerChange::default() };
            pool.change_server(&known, change, true).await?;
        } else {
            let weak = place > 0 && place + 1 == servers.len();
            let new = NewServer {
                id: Some(id(place)),
                url,
                secret,
                capacity: Capacity::Weight(if weak { WEAK } else { 1.0 }),
                tag: None,
                state: ServerState::Enabled,
                spare: false,
                alone: false,
            };
            pool.add_server(new).await?;
        }
    }
    for gone in (servers.len()..remembered).filter_map(|place| known(pool, place)) {
        pool.remove_server(&gone, true).await?;
    }
    Ok(())
}

/// The two versions take turns.
async fn start_one(place: usize, remembered: &Remembered) -> io::Result<SimServer> {
    let version = if place.is_multiple_of(2) { BbbVersion::V30 } else { BbbVersion::V27 };
    let options = |port| SimOptions {
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        ..SimOptions::new(remembered.secret.expose(), version)
    };
    match SimServer::start(options(remembered.port)).await {
        Err(_) if remembered.port != 0 => SimServer::start(options(0)).await,
        started => started,
    }
}

fn id(place: usize) -> String {
    format!("bbb{}", place + 1)
}

/// The id of the server at this place, if beadle knows it.
fn known(pool: &Pool, place: usize) -> Option<ServerId> {
    let id = ServerId::from(id(place));
    pool.store().state().server(&id).map(|server: &std::sync::Arc<Server>| server.id.clone())
}
