//! Sections about what comes in: the HTTP server, the API, the parameters of create and join.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::bbb::checksum::Algorithm;
use crate::model::Secret;

/// The HTTP server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    /// The address and port it listens on.
    pub listen: SocketAddr,
    /// Worker threads; 0 is one per core.
    pub workers: usize,
    /// The largest body of one request, in bytes.
    pub body_limit: u64,
    /// What all bodies together may occupy in memory, in bytes.
    pub body_memory: u64,
    /// How long a client may take to send the head of a request.
    pub header_timeout: Duration,
    /// The longest pause between two pieces of a body.
    pub body_timeout: Duration,
    /// How long an idle connection is kept; zero closes it after each answer.
    pub keep_alive: Duration,
    /// Connections per worker.
    pub max_connections: usize,
    /// With a public address set, whether only its host is served.
    pub check_host: bool,
    /// How long running requests may finish after a stop was asked for.
    pub shutdown_timeout: Duration,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 3000)),
            workers: 0,
            body_limit: 64 << 20,
            body_memory: 512 << 20,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            keep_alive: Duration::from_secs(75),
            max_connections: 10_000,
            check_host: true,
            shutdown_timeout: Duration::from_secs(30),
        }
    }
}

/// The API that front ends call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Api {
    /// Secrets of the front ends; with none, every signed call is refused.
    pub secrets: Vec<Secret>,
    /// Accepted checksum algorithms, each once.
    pub checksum_algorithms: Vec<Algorithm>,
    /// Whether getMeetings asks the servers; if not it always answers that there are none.
    pub get_meetings: bool,
    /// How long getMeetings waits for the servers, all together.
    pub get_meetings_budget: Duration,
    /// The text of the index answer's `build` element; none without it.
    pub build: Option<String>,
}

impl Default for Api {
    fn default() -> Self {
        Self {
            secrets: Vec::new(),
            checksum_algorithms: Algorithm::ALL.to_vec(),
            get_meetings: true,
            get_meetings_budget: Duration::from_secs(4),
            build: None,
        }
    }
}

/// What happens to the parameters of create.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Create {
    /// The longest meeting in minutes; 0 is no limit.
    pub max_duration: u32,
    /// What is left out, added and replaced.
    pub rules: CallRules,
}

/// What happens to the parameters of one call on their way to the server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallRules {
    /// Names that are dropped.
    pub exclude: Vec<String>,
    /// What the request gets where it lacks the name, in order.
    pub default: Vec<(String, String)>,
    /// What always wins over the request, in order.
    pub overrides: Vec<(String, String)>,
}
