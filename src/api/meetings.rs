//! Meetings that beadle has placed.

use serde::{Deserialize, Serialize};

/// A meeting that beadle has placed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeetingView {
    /// The meetingID of the front end.
    pub id: String,
    /// The tenant; empty where there are none.
    pub tenant: String,
    /// The internalMeetingID; empty while it is not known.
    pub internal_id: String,
    /// `creating` (its server could not be asked whether it has it), `running`, or `detached`
    /// (its server is dead: the next create starts it elsewhere).
    pub state: String,
    /// The server's id.
    pub server: String,
    /// The server's address.
    pub server_url: String,
    /// Its name, from the last poll.
    pub name: Option<String>,
    /// People in it at the last poll; none where the server did not list it.
    pub users: Option<u32>,
    /// Moderators among them.
    pub moderators: Option<u32>,
    /// Open cameras.
    pub videos: Option<u32>,
    /// When it was created, in milliseconds since 1970.
    pub created: u64,
    /// The number to dial.
    pub voice_bridge: String,
    /// How many people were expected at create.
    pub expected: u32,
    /// Where that figure came from: `hint`, `meeting`, `tenant`, `default`, `limit` or `breakout`.
    pub expected_from: String,
    /// The highest load seen of it; none before it was first listed.
    pub peak: Option<u32>,
    /// How many people, counted as load, its next create would be expected to bring, from what was
    /// seen of it; none where nothing was.
    pub learned: Option<u32>,
    /// How many earlier sittings that rests on.
    pub sittings: u32,
}

/// `POST /meetings/end`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndMeeting {
    /// Its meetingID or internalMeetingID.
    pub id: String,
    /// The tenant; empty where there are none.
    #[serde(default)]
    pub tenant: String,
    /// Whether it is forgotten even when its server cannot be told.
    #[serde(default)]
    pub force: bool,
}

/// What came of ending a meeting.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ended {
    /// Its meetingID.
    pub id: String,
    /// Whether its server took note of it.
    pub told: bool,
}
