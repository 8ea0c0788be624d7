//! What the handle and the connections of one simulated server share.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::call::Call;
use super::fault::Faults;
use super::meeting::{SimMeeting, Style};
use super::params::Params;
use super::world::World;

/// Which BBB a server behaves like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BbbVersion {
    /// 2.7: the index names no GraphQL addresses, counts are grouped, no `sendChatMessage`, and
    /// the first of two checksums counts.
    V27,
    /// 3.0.
    V30,
}

impl BbbVersion {
    /// What the index calls `bbbVersion`.
    pub fn number(self) -> &'static str {
        match self {
            Self::V27 => "2.7.9",
            Self::V30 => "3.0.10",
        }
    }
}

/// How a simulated server is to be.
#[derive(Clone)]
pub struct SimOptions {
    /// What it signs and verifies with.
    pub secret: String,
    /// Which BBB it behaves like.
    pub version: BbbVersion,
    /// Where it listens; port 0 takes a free one.
    pub address: SocketAddr,
    /// Whether counts have a comma before every third digit (`1,024`); BBB 2.7 writes them so.
    pub grouped_counts: bool,
}

impl SimOptions {
    /// A server of this version on a free port of 127.0.0.1.
    pub fn new(secret: impl Into<String>, version: BbbVersion) -> Self {
        Self {
            secret: secret.into(),
            version,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            grouped_counts: version == BbbVersion::V27,
        }
    }
}

/// A request that reached a simulated server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimRequest {
    /// What was called.
    pub call: Call,
    /// `GET`, `POST`, ...
    pub method: String,
    /// The query as it was sent, with the checksum.
    pub query: String,
    /// As it was sent.
    pub content_type: Option<String>,
    /// As it was sent; chunks are joined.
    pub body: Vec<u8>,
}

impl SimRequest {
    /// The value of a parameter of the query as BBB reads it; an empty one is none.
    pub fn parameter(&self, name: &str) -> Option<String> {
        Params::parse(&self.query, "").get(name).map(str::to_owned)
    }
}

/// One server.
pub(super) struct Shared {
    pub(super) options: SimOptions,
    /// Wakes those who wait for requests.
    pub(super) arrived: Notify,
    state: Mutex<State>,
}

/// What changes.
pub(super) struct State {
    pub(super) world: World,
    pub(super) faults: Faults,
    pub(super) counts: BTreeMap<Call, u64>,
    pub(super) recording: bool,
    pub(super) requests: Vec<SimRequest>,
    /// What calls of `end` ended while requests were recorded.
    pub(super) ended: Vec<SimMeeting>,
}

impl Shared {
    /// `options` hold the address that was really taken.
    pub(super) fn new(options: SimOptions) -> Self {
        let state = State {
            world: World::new(),
            faults: Faults::default(),
            counts: BTreeMap::new(),
            recording: false,
            requests: Vec::new(),
            ended: Vec::new(),
        };
        Self { options, arrived: Notify::new(), state: Mutex::new(state) }
    }

    /// The state as it is now, even if a thread died while it held it: every change is complete in itself.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.world.bury();
        state
    }

    pub(super) fn style(&self) -> Style {
        Style { grouped_counts: self.options.grouped_counts }
    }
}
