//! The JSON of the administration API under `/beadle/api/v1`, shared by the daemon and the CLI.

mod explain;
mod findings;
mod meetings;
mod servers;
mod status;

use serde::{Deserialize, Serialize};

pub use explain::{CandidateView, DecisionView, Explain, ExplanationView};
pub use findings::{Checked, Diagnosis, Finding, Level};
pub use meetings::{EndMeeting, Ended, MeetingView};
pub use servers::{AddServer, Panic, Panicked, ServerView, SetServer, SetState};
pub use status::{HeadroomView, Status};

/// Any refusal.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Refusal {
    /// A word for programs: `unknown`, `exists`, `busy`, `invalid`, `probe`, `store`, `ambiguous`,
    /// `server`.
    pub kind: String,
    /// A sentence for people.
    pub error: String,
}
