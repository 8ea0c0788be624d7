//! The JSON of the administration API under `/beadle/api/v1`, shared by the daemon and the CLI.

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

/// What a check of a server found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Checked {
    /// The server's id.
    pub id: String,
    /// Its address.
    pub url: String,
    /// Whether all is well.
    pub ok: bool,
    /// Its version, empty where it does not tell.
    pub version: String,
    /// What is wrong, in words.
    pub trouble: Option<String>,
    /// How long its answers took, in milliseconds.
    pub milliseconds: f64,
}

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
    /// How many people, counted as load, its next create would be expected to bring, from what was seen of it; none
    /// where nothing was.
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

/// `POST /explain`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explain {
    /// Its meetingID, or of a known meeting the internalMeetingID.
    pub id: String,
    /// The tenant; empty where there are none.
    #[serde(default)]
    pub tenant: String,
    /// Whether it is asked for a meeting that is not there yet.
    #[serde(default)]
    pub new: bool,
    /// The parameters of its create; none for a known meeting: as at its create.
    #[serde(default)]
    pub params: Vec<(String, String)>,
}

/// Why a meeting is where it is, and where a create would go now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExplanationView {
    /// Its meetingID.
    pub id: String,
    /// The tenant; empty where there are none.
    pub tenant: String,
    /// The server that it is on.
    pub server: Option<String>,
    /// When it was created there, in milliseconds since 1970.
    pub created: Option<u64>,
    /// The choice made at its last create; none where that is not remembered any more.
    pub then: Option<DecisionView>,
    /// The choice that would be made now. The meeting itself counts where it is.
    pub now: DecisionView,
}

/// A choice of a server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecisionView {
    /// When it was made, in milliseconds since 1970.
    pub at: u64,
    /// How load was reckoned.
    pub policy: String,
    /// How many people were expected.
    pub people: u32,
    /// Where that figure came from: `hint`, `meeting`, `tenant`, `default`, `limit` or `breakout`.
    pub people_from: String,
    /// The tags asked for, `;` between them.
    pub tags: String,
    /// Whether no other server would do.
    pub tags_required: bool,
    /// The server that a breakout room's class is on.
    pub parent: Option<String>,
    /// The chosen server.
    pub chosen: Option<String>,
    /// Why none was chosen.
    pub refusal: Option<String>,
    /// All servers of the pool.
    pub candidates: Vec<CandidateView>,
}

/// A server as a choice saw it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CandidateView {
    /// Its id.
    pub id: String,
    /// What the operator wanted of it.
    pub state: ServerState,
    /// `unknown`, `online`, `unstable` or `offline`.
    pub health: String,
    /// Its tag.
    pub tag: Option<String>,
    /// Whether it was used only where no other could be.
    pub spare: bool,
    /// How strong it was.
    pub weight: f64,
    /// Its load with everything reserved; none where it was not known.
    pub load: Option<f64>,
    /// The part of the load kept for people who were still to come.
    pub reserve: Option<f64>,
    /// Room kept for larger meetings that were due.
    pub kept: f64,
    /// Meetings on it, those included that were just being created.
    pub meetings: u32,
    /// The most meetings it might have.
    pub max_meetings: Option<u32>,
    /// The most people it might have, counted as load.
    pub max_users: Option<u32>,
    /// Load divided by weight.
    pub utilisation: Option<f64>,
    /// The same with the meeting and what is kept.
    pub utilisation_after: Option<f64>,
    /// A word for programs: `chosen`, `tried`, `cordoned`, `disabled`, `offline`, `unreached`,
    /// `unmeasured`, `parent`, `tag`, `meetings`, `people`, `doubtful`, `spare`, `busier`, `tie`.
    pub verdict: String,
    /// The same in words.
    pub why: String,
}

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

/// Any refusal.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Refusal {
    /// A word for programs: `unknown`, `exists`, `busy`, `invalid`, `probe`, `store`, `ambiguous`,
    /// `server`.
    pub kind: String,
    /// A sentence for people.
    pub error: String,
}
