//! Where a meeting runs, and for whom.

use super::{MeetingId, ServerId, TenantId};

/// The fact that a meeting runs on a server. It is stored before its create is acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meeting {
    /// Whose meeting it is.
    pub tenant: TenantId,
    /// The id that the front end asked for.
    pub id: MeetingId,
    /// The id that the server made of it; recordings carry it later.
    pub internal_id: Box<str>,
    /// Further ids that lead to this meeting: a breakout room's returned id.
    pub alias: Option<Box<str>>,
    /// The server it runs on.
    pub server: ServerId,
    /// The moderator password of the first create, given or made up.
    pub moderator_pw: Box<str>,
    /// The voice bridge that the meeting was given; unique over the pool.
    pub voice_bridge: Box<str>,
    /// When the server accepted it, in milliseconds since 1970 by beadle's clock.
    pub created_ms: u64,
    /// How many people were expected at create.
    pub expected_people: u32,
}
