//! The nouns of the field: plain data whose constructors keep their rules.
//!
//! A [`Server`] is one BigBlueButton server of the pool, a [`Meeting`] is the fact that a meeting
//! runs on a server for a tenant, a [`Size`] is how many people come to it. Identifiers and [`Secret`]s are types of their own, so that they
//! cannot be mixed up, and secrets cannot be printed.

mod ids;
mod meeting;
mod secret;
mod server;
mod size;

pub use ids::{MeetingId, ServerId, TenantId};
pub use meeting::{LostCopy, Meeting, Phase};
pub use secret::{EmptySecret, Secret};
pub use server::{BadServerUrl, Capacity, Server, ServerState, ServerUrl};
pub use size::{BEGUN, Sitting, Size, Source};
