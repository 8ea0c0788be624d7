//! Why a server could not be asked, in words for people.

use std::error::Error;

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
        /// Whether nothing at all was heard, for as long as one may wait.
        silence: bool,
        /// What went wrong: name, route, refusal, TLS.
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
        matches!(self, Self::Timeout | Self::Connect { silence: true, .. })
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
            Self::Timeout => Self::Connect { silence: true, reason: "it does not answer".into() },
            other => Self::Connect { silence: false, reason: other.to_string() },
        }
    }

    pub(super) fn of(error: reqwest::Error) -> Self {
        // The URL holds a checksum, and in a join a name.
        let error = error.without_url();
        if error.is_connect() {
            Self::Connect { silence: error.is_timeout(), reason: in_words(&error) }
        } else if error.is_timeout() {
            Self::Timeout
        } else {
            Self::Broken { reason: in_words(&error) }
        }
    }
}

/// The innermost cause says most.
fn in_words(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    if error.is_timeout() { "it took too long".to_owned() } else { cause.to_string() }
}
