//! Where a meeting runs, and for whom.

use super::{MeetingId, ServerId, Source, TenantId};

/// The fact that a meeting runs on a server. It is stored before its create is acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meeting {
    /// Whose meeting it is.
    pub tenant: TenantId,
    /// The id that the front end asked for.
    pub id: MeetingId,
    /// Whether the server is known to have it.
    pub phase: Phase,
    /// The id that the server made of it; recordings carry it later. Empty while it is not known.
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
    /// The server's `createTime`, in milliseconds since 1970 by its own clock; 0 while not known.
    pub create_time: u64,
    /// The `createTime` of copies that were lost with a dead server: links may still carry them.
    pub lost: Box<[u64]>,
    /// What a server proves itself with when it reports the meeting's end; empty where it was not
    /// asked to.
    pub end_token: Box<str>,
    /// How many people were expected at create.
    pub expected_people: u32,
    /// Where that figure came from.
    pub expected_from: Source,
}

/// How sure it is that a meeting runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Its server was told to start it, and could not be asked whether it did. Nobody was told
    /// that it runs.
    Creating,
    /// Its server said that it runs.
    Running,
}

/// A copy of a meeting on a server that was dead when the meeting was started elsewhere. It is
/// remembered until the server is back and can be asked about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostCopy {
    /// Whose meeting it is.
    pub tenant: TenantId,
    /// The id that the front end asked for.
    pub id: MeetingId,
    /// The server that was dead.
    pub server: ServerId,
    /// The id that this server made of the meeting.
    pub internal_id: Box<str>,
    /// What ends the copy.
    pub moderator_pw: Box<str>,
    /// When it was given up, in milliseconds since 1970.
    pub lost_ms: u64,
}

impl Meeting {
    /// A meeting that a server is being told to start. What only the server knows is not filled in.
    pub fn starting(tenant: TenantId, id: MeetingId, server: ServerId, now_ms: u64) -> Self {
        Self {
            tenant,
            id,
            phase: Phase::Creating,
            internal_id: "".into(),
            alias: None,
            server,
            moderator_pw: "".into(),
            voice_bridge: "".into(),
            created_ms: now_ms,
            create_time: 0,
            lost: Box::default(),
            end_token: "".into(),
            expected_people: 0,
            expected_from: Source::Default,
        }
    }

    /// What is remembered of it when it is started elsewhere; none where its server never said
    /// that it has it.
    pub fn lost_copy(&self, now_ms: u64) -> Option<LostCopy> {
        (!self.internal_id.is_empty()).then(|| LostCopy {
            tenant: self.tenant.clone(),
            id: self.id.clone(),
            server: self.server.clone(),
            internal_id: self.internal_id.clone(),
            moderator_pw: self.moderator_pw.clone(),
            lost_ms: now_ms,
        })
    }
}
