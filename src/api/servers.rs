//! Servers: what is known of them, and what operators wish of them.

use serde::{Deserialize, Serialize};

use crate::model::ServerState;

/// A server and what is known of it at the moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServerView {
    /// Its id.
    pub id: String,
    /// Its address.
    pub url: String,
    /// What the operator wants of it.
    pub state: ServerState,
    /// `unknown`, `online`, `unstable` or `offline`.
    pub health: String,
    /// Its tag.
    pub tag: Option<String>,
    /// How strong it is; bigger is stronger.
    pub weight: f64,
    /// Scalelite's load multiplier, the inverse of the weight.
    pub load_multiplier: f64,
    /// Its load with everything reserved; none before the first poll.
    pub load: Option<f64>,
    /// Load divided by weight.
    pub utilisation: Option<f64>,
    /// Meetings at the last poll, without breakout rooms.
    pub meetings: u32,
    /// Breakout rooms at the last poll.
    pub breakouts: u32,
    /// People at the last poll.
    pub users: u32,
    /// People in its largest meeting.
    pub largest: u32,
    /// People with audio.
    pub voices: u32,
    /// Open cameras.
    pub videos: u32,
    /// Meetings that beadle has placed on it, those included that it is just creating.
    pub placed: usize,
    /// The most meetings it may have.
    pub max_meetings: Option<u32>,
    /// The most people it may have, counted as load.
    pub max_users: Option<u32>,
    /// Whether it takes new meetings only where no other server can.
    pub spare: bool,
    /// Its version, where it tells it.
    pub version: Option<String>,
    /// Seconds since it last answered.
    pub last_answer: Option<f64>,
    /// Why the last contact failed.
    pub trouble: Option<String>,
    /// Its secret, only where the caller asked for secrets.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub secret: Option<String>,
}

/// `POST /servers`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddServer {
    /// The address, in any form that people paste.
    pub url: String,
    /// The secret.
    pub secret: String,
    /// An id of the operator's own.
    #[serde(default)]
    pub id: Option<String>,
    /// The strength.
    #[serde(default)]
    pub weight: Option<f64>,
    /// The strength in Scalelite's way.
    #[serde(default)]
    pub load_multiplier: Option<f64>,
    /// The tag.
    #[serde(default)]
    pub tag: Option<String>,
    /// Whether it takes meetings at once.
    #[serde(default)]
    pub enable: bool,
    /// Whether it takes meetings only where no other server can.
    #[serde(default)]
    pub spare: bool,
    /// Whether it is added without asking it anything.
    #[serde(default)]
    pub no_probe: bool,
}

/// `PATCH /servers/{name}`; what is none stays, an empty tag and a limit of 0 are removed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetServer {
    /// A new address.
    #[serde(default)]
    pub url: Option<String>,
    /// A new secret.
    #[serde(default)]
    pub secret: Option<String>,
    /// A new strength.
    #[serde(default)]
    pub weight: Option<f64>,
    /// A new strength in Scalelite's way.
    #[serde(default)]
    pub load_multiplier: Option<f64>,
    /// A new tag.
    #[serde(default)]
    pub tag: Option<String>,
    /// A new limit of meetings.
    #[serde(default)]
    pub max_meetings: Option<u32>,
    /// A new limit of people.
    #[serde(default)]
    pub max_users: Option<u32>,
    /// Whether it takes meetings only where no other server can.
    #[serde(default)]
    pub spare: Option<bool>,
    /// Whether meetings on it do not matter where it gets another address.
    #[serde(default)]
    pub force: bool,
}

/// `POST /servers/{name}/state`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetState {
    /// The state to put it into.
    pub state: ServerState,
    /// Whether meetings on it do not matter.
    #[serde(default)]
    pub force: bool,
}

/// `POST /servers/{name}/panic`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Panic {
    /// Whether the server keeps its state instead of being disabled.
    #[serde(default)]
    pub keep_state: bool,
}

/// What a panic did.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Panicked {
    /// The server's id.
    pub id: String,
    /// How many meetings were released.
    pub released: usize,
}
