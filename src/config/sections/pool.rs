//! Sections about the servers: how they are called, chosen, watched.

use std::time::Duration;

use crate::bbb::checksum::Algorithm;

/// How BBB servers are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Servers {
    /// The longest wait for a connection, TLS included.
    pub connect_timeout: Duration,
    /// The longest wait for an answer.
    pub response_timeout: Duration,
    /// The longest wait for the answer to a create.
    pub create_timeout: Duration,
    /// The longest wait for a server that has not answered lately.
    pub sick_timeout: Duration,
    /// How many calls one server gets at once.
    pub concurrent_calls: usize,
    /// How long the addresses of a name are not asked for again.
    pub dns_cache: Duration,
    /// What calls to the servers are signed with.
    pub checksum_algorithm: Algorithm,
    /// Whether a new server is called by the host of its URL instead of a random id.
    pub id_from_host: bool,
    /// The largest answer of one server, in bytes.
    pub answer_limit: u64,
}

impl Default for Servers {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            response_timeout: Duration::from_secs(10),
            create_timeout: Duration::from_secs(30),
            sick_timeout: Duration::from_secs(2),
            concurrent_calls: 64,
            dns_cache: Duration::from_secs(30),
            checksum_algorithm: Algorithm::Sha256,
            id_from_host: false,
            answer_limit: 64 << 20,
        }
    }
}

/// Where new meetings go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// How the load of a server is reckoned.
    pub policy: Policy,
    /// How many people a meeting is expected to have when nothing is known of it.
    pub expected_people: u32,
    /// Policy `scalelite`: the least number of people a young meeting counts.
    pub min_users: u32,
    /// Policy `scalelite`: how many minutes a meeting counts as young.
    pub young_minutes: u32,
    /// Policy `predicted`: after how many minutes only the people who came count.
    pub decay_minutes: u32,
}

impl Default for Placement {
    fn default() -> Self {
        Self {
            policy: Policy::Predicted,
            expected_people: 20,
            min_users: 15,
            young_minutes: 15,
            decay_minutes: 30,
        }
    }
}

/// How the load of a server is reckoned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// People, microphones and cameras, with room kept for those who are still to come.
    Predicted,
    /// The people who are there, as the variant of Scalelite for Kubernetes counts them.
    Participants,
    /// Exactly as Scalelite does it.
    Scalelite,
}

impl Policy {
    /// The word of the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Predicted => "predicted",
            Self::Participants => "participants",
            Self::Scalelite => "scalelite",
        }
    }

    /// Whether a load is already multiplied with the server's load multiplier, as Scalelite and its
    /// variants do it. Then each create counts one until the next poll, and the lowest id wins a
    /// tie.
    pub fn multiplies(self) -> bool {
        match self {
            Self::Predicted => false,
            Self::Participants | Self::Scalelite => true,
        }
    }
}

/// When a server counts as gone and as back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Good polls in a row that bring a server back.
    pub good_polls: u32,
    /// Failed polls in a row that take it offline, once `offline_after` has passed too.
    pub bad_polls: u32,
    /// How long it must have failed before it is offline.
    pub offline_after: Duration,
    /// How long it must have failed before its meetings may be created elsewhere.
    pub dead_after: Duration,
    /// How long failures do not count when all servers fail at once.
    pub frozen_at_most: Duration,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            good_polls: 2,
            bad_polls: 3,
            offline_after: Duration::from_secs(30),
            dead_after: Duration::from_mins(2),
            frozen_at_most: Duration::from_mins(2),
        }
    }
}

/// How often servers are asked for their meetings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poll {
    /// The pause between two polls of a server; exactly zero is never.
    pub interval: Duration,
    /// The same while a server is on its way down or up, where that is shorter.
    pub unstable_interval: Duration,
}

impl Default for Poll {
    fn default() -> Self {
        Self { interval: Duration::from_secs(10), unstable_interval: Duration::from_secs(2) }
    }
}
