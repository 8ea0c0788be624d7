//! The pool at a glance.

use serde::{Deserialize, Serialize};

use super::ServerView;

/// The pool at a glance.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Status {
    /// beadle's version.
    pub version: String,
    /// Seconds since the start.
    pub uptime: f64,
    /// For how many seconds all servers have failed at once, so that nothing is changed; none
    /// where it is not so.
    #[serde(default)]
    pub frozen: Option<f64>,
    /// Whether everything works.
    pub ok: bool,
    /// What needs attention, in words.
    pub troubles: Vec<String>,
    /// The servers.
    pub servers: Vec<ServerView>,
    /// What the loss of one server would mean; none where no server runs.
    #[serde(default)]
    pub headroom: Option<HeadroomView>,
}

/// What the loss of the one server would mean whose loss would leave least room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeadroomView {
    /// Whether its classes would find room on the others.
    pub survives: bool,
    /// The server.
    pub server: String,
    /// Its load, counted in people, with those who are expected.
    pub load: f64,
    /// How many more people the others could take.
    pub room: f64,
    /// How many others take new meetings.
    pub others: usize,
    /// What would be short: `servers`, `people`, `meetings` or `largest` (a place for its largest
    /// meeting); none when it survives.
    pub short: Option<String>,
    /// Whether a server without a limit of people was taken to have one.
    pub assumed: bool,
}
