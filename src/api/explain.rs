//! Why a meeting is where it is.

use serde::{Deserialize, Serialize};

use crate::model::ServerState;

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
