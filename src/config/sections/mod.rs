//! The configuration as meant: complete, checked, immutable; one struct per section of the file.
//!
//! The defaults stand here; the shipped file is tested to repeat them.

mod calls;
mod library;
mod pool;

use std::path::PathBuf;

pub use calls::{Api, CallRules, Create, Http};
pub use library::{DialIn, Management, Pages, Playback, Recordings, Tenants};
pub use pool::{Health, Placement, Policy, Poll, Servers};

use super::read::split_port;

/// Everything the operator decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The address front ends and people use: `scheme://host[:port]`, no final slash.
    pub public_url: Option<String>,
    /// Where all state lives.
    pub data_dir: PathBuf,
    /// The command line's socket, if not in the data directory.
    pub socket: Option<PathBuf>,
    /// The HTTP server.
    pub http: Http,
    /// The API that front ends call.
    pub api: Api,
    /// How BBB servers are called.
    pub servers: Servers,
    /// What happens to the parameters of create.
    pub create: Create,
    /// What happens to the parameters of join.
    pub join: CallRules,
    /// Where new meetings go.
    pub placement: Placement,
    /// When a server counts as gone.
    pub health: Health,
    /// How often servers are asked.
    pub poll: Poll,
    /// Phone numbers of meetings.
    pub dial_in: DialIn,
    /// The management API.
    pub management: Management,
    /// The recording library.
    pub recordings: Recordings,
    /// How recordings are shown.
    pub playback: Playback,
    /// Separated groups of front ends.
    pub tenants: Tenants,
    /// Pages for people.
    pub pages: Pages,
    /// The log.
    pub log: Log,
}

impl Config {
    /// The socket of the command line: the one that was set, or the one in the data directory.
    pub fn socket(&self) -> PathBuf {
        self.socket.clone().unwrap_or_else(|| self.data_dir.join("beadle.sock"))
    }

    /// The host of [`public_url`](Self::public_url), in lower case and without port.
    pub fn host(&self) -> Option<&str> {
        let (_, authority) = self.public_url.as_deref()?.split_once("://")?;
        Some(split_port(authority).0)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            public_url: None,
            data_dir: PathBuf::from("/var/lib/beadle"),
            socket: None,
            http: Http::default(),
            api: Api::default(),
            servers: Servers::default(),
            create: Create::default(),
            join: CallRules::default(),
            placement: Placement::default(),
            health: Health::default(),
            poll: Poll::default(),
            dial_in: DialIn::default(),
            management: Management::default(),
            recordings: Recordings::default(),
            playback: Playback::default(),
            tenants: Tenants::default(),
            pages: Pages::default(),
            log: Log::default(),
        }
    }
}

/// What is logged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Log {
    /// The least important events that are still logged.
    pub level: Level,
}

/// How important an event of the log is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something failed.
    Error,
    /// Something looks wrong.
    Warn,
    /// What an operator wants to know.
    #[default]
    Info,
    /// What helps to find a fault.
    Debug,
    /// Everything.
    Trace,
}

impl Level {
    /// The level with this name, in any letter case.
    pub(super) fn named(name: &str) -> Option<Self> {
        let names = [
            ("error", Self::Error),
            ("warn", Self::Warn),
            ("info", Self::Info),
            ("debug", Self::Debug),
            ("trace", Self::Trace),
        ];
        names
            .into_iter()
            .find(|(known, _)| name.eq_ignore_ascii_case(known))
            .map(|(_, level)| level)
    }
}
