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
        /// What went wrong: name, route, refusal, TLS.
        reason: String,
    },
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
    pub(super) fn of(error: reqwest::Error) -> Self {
        // The URL holds a checksum, and in a join a name.
        let error = error.without_url();
        if error.is_connect() {
            Self::Connect { reason: in_words(&error) }
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
