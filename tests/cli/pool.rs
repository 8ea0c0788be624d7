//! A daemon with simulated servers behind it.

use beadle::sim::{BbbVersion, SimOptions, SimServer};

use crate::daemon::Daemon;
use crate::place::Place;

/// A daemon and its servers, named `one`, `two` and so on; all are enabled and online.
pub(crate) struct Pool {
    pub(crate) place: Place,
    pub(crate) daemon: Daemon,
    pub(crate) servers: Vec<SimServer>,
}

impl Pool {
    pub(crate) async fn of(names: &[&str]) -> Self {
        let place = Place::new();
        let daemon = Daemon::start(&place);
        let mut servers = Vec::new();
        for name in names {
            let server = server(&format!("secret of {name}")).await;
            let (url, secret) = (server.url(), server.secret());
            place.ok(&["servers", "add", &url, secret, "--id", name, "--enable"]);
            servers.push(server);
        }
        place.ok(&["poll"]);
        Self { place, daemon, servers }
    }

    /// Creates a meeting as a front end does, and lets people come to it.
    pub(crate) fn meeting(&self, id: &str, people: u32) {
        let query = format!("meetingID={id}&name={id}&moderatorPW=mp&attendeePW=ap");
        let answer = self.daemon.call("create", &query);
        assert!(answer.contains("<returncode>SUCCESS"), "{answer}");
        let joined = self.servers.iter().any(|server| server.add_people(id, people, 0));
        assert!(joined, "no server has the meeting {id}");
        self.place.ok(&["poll"]);
    }
}

/// A simulated server.
pub(crate) async fn server(secret: &str) -> SimServer {
    SimServer::start(SimOptions::new(secret, BbbVersion::V30)).await.expect("a server")
}

/// Host and port of a simulated server.
pub(crate) fn host(server: &SimServer) -> String {
    server.address().to_string()
}
