//! Shared secrets, kept from logs and error texts.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A shared secret. It is never empty, and neither `Debug` nor an error shows it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Secret(Box<str>);

/// An empty secret was given: it would let everybody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the secret is empty")]
pub struct EmptySecret;

impl Secret {
    /// Takes a secret as it is; only the empty one is refused.
    pub fn new(text: impl Into<Box<str>>) -> Result<Self, EmptySecret> {
        let text = text.into();
        if text.is_empty() { Err(EmptySecret) } else { Ok(Self(text)) }
    }

    /// The text itself, for signing and for showing it to an operator who asked.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl TryFrom<String> for Secret {
    type Error = EmptySecret;

    fn try_from(text: String) -> Result<Self, EmptySecret> {
        Self::new(text)
    }
}

impl From<Secret> for String {
    fn from(secret: Secret) -> Self {
        secret.0.into()
    }
}
