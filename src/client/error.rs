//! Why a server could not be asked, in words for people.

use super::obstacle::Obstacle;

/// The client itself could not be built.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up the client for BigBlueButton servers: {0}")]
pub struct BuildError(pub(super) reqwest::Error);

/// No answer came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The address cannot be called.
    #[error("its address cannot be called")]
    Address,
    /// The parameters make an address that is too long; nothing was sent.
    #[error("the parameters are too long to be passed on ({length} bytes)")]
    TooLongRequest {
        /// How long the address would be, in bytes.
        length: usize,
    },
    /// No connection: nothing reached the server.
    #[error("cannot connect: {reason}")]
    Connect {
        /// What stood in the way.
        obstacle: Obstacle,
        /// The same in words.
        reason: String,
    },
    /// The server has left calls without a word lately; nothing was sent.
    #[error("it does not answer at the moment")]
    NotAsked,
    /// The server has as many calls as it may have at once; nothing was sent.
    #[error("too many calls to it are under way")]
    Busy,
    /// Connected, but the answer did not come in time; the call may have worked.
    #[error("no answer in time")]
    Timeout,
    /// The connection broke before the answer was whole; the call may have worked.
    #[error("the connection broke: {reason}")]
    Broken {
        /// What went wrong.
        reason: String,
    },
    /// The answer is larger than any answer should be.
    #[error("the answer is longer than {limit} bytes")]
    TooLong {
        /// The limit, in bytes.
        limit: u64,
    },
}

impl CallError {
    /// Whether it is certain that nothing was sent to the server.
    pub fn reached_nobody(&self) -> bool {
        matches!(
            self,
            Self::Address
                | Self::TooLongRequest { .. }
                | Self::Connect { .. }
                | Self::NotAsked
                | Self::Busy
        )
    }

    /// Whether the server was looked for and no connection could be made.
    pub fn is_no_connection(&self) -> bool {
        matches!(self, Self::Connect { .. })
    }

    /// Whether the server was tried and let its caller wait in vain.
    pub fn is_silence(&self) -> bool {
        let waited = [Obstacle::Silence, Obstacle::Route];
        match self {
            Self::Timeout => true,
            Self::Connect { obstacle, .. } => waited.contains(obstacle),
            _ => false,
        }
    }

    /// Whether the server, or the way to it, is to blame: not for what was never sent.
    pub fn is_the_servers(&self) -> bool {
        !matches!(self, Self::TooLongRequest { .. } | Self::NotAsked | Self::Busy)
    }

    /// What it means for a call that would have been sent next.
    #[must_use]
    pub fn before_the_call(self) -> Self {
        match self {
            nothing_sent if nothing_sent.reached_nobody() => nothing_sent,
            Self::Timeout => {
                let reason = "it does not answer".to_owned();
                Self::Connect { obstacle: Obstacle::Silence, reason }
            }
            other => Self::Connect { obstacle: Obstacle::Other, reason: other.to_string() },
        }
    }

    /// What mends it, as a sentence for operators.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Address => "correct the address with `beadle servers set ID --url ADDRESS`",
            Self::Connect { obstacle, .. } => obstacle.remedy(),
            Self::Timeout | Self::NotAsked => {
                "it is overloaded or hangs: look at the load of the server, and at `bbb-conf --status`"
            }
            Self::Broken { .. } => {
                "look at nginx and bbb-web on the server (`bbb-conf --status`, journalctl)"
            }
            Self::TooLong { .. } => "raise `servers.answer_limit`",
            Self::Busy => "raise `servers.concurrent_calls`, or find out why the server is so slow",
            Self::TooLongRequest { .. } => "send less in the address",
        }
    }

    pub(super) fn of(error: reqwest::Error) -> Self {
        // The URL holds a checksum, and in a join a name.
        let error = error.without_url();
        if error.is_connect() {
            let (obstacle, reason) = Obstacle::of(&error);
            Self::Connect { obstacle, reason }
        } else if error.is_timeout() {
            Self::Timeout
        } else {
            Self::Broken { reason: Obstacle::of(&error).1 }
        }
    }
}
