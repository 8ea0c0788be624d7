//! Checksums of the BigBlueButton API: hash of call name, raw query and secret.
//!
//! BBB API, section "Usage": the query is taken exactly as it was sent, without the checksum
//! itself. The length of the hexadecimal text names the algorithm.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;

use super::params::decode;

/// A hash function that BigBlueButton accepts for checksums, from weak to strong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// 40 hexadecimal digits; what most front ends still use.
    Sha1,
    /// 64 hexadecimal digits.
    Sha256,
    /// 96 hexadecimal digits; since BBB 2.5.7.
    Sha384,
    /// 128 hexadecimal digits; since BBB 2.5.7.
    Sha512,
}

/// No such algorithm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no checksum algorithm; there are sha1, sha256, sha384 and sha512")]
pub struct UnknownAlgorithm(String);

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];

    /// The algorithm whose checksum has this many hexadecimal digits.
    pub fn of_length(digits: usize) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.digits() == digits)
    }

    /// How many hexadecimal digits its checksum has.
    pub fn digits(self) -> usize {
        match self {
            Self::Sha1 => 40,
            Self::Sha256 => 64,
            Self::Sha384 => 96,
            Self::Sha512 => 128,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        })
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(text: &str) -> Result<Self, UnknownAlgorithm> {
        Self::ALL
            .into_iter()
            .find(|algorithm| text.eq_ignore_ascii_case(&algorithm.to_string()))
            .ok_or_else(|| UnknownAlgorithm(text.to_owned()))
    }
}

/// A checksum in lower-case hexadecimal, on the stack.
#[derive(Clone, Copy)]
pub struct Checksum {
    hex: [u8; 128],
    len: usize,
}

impl Checksum {
    /// The checksum of a call: `call` as in the URL after `/api/`, `query` raw and without checksum.
    pub fn of(algorithm: Algorithm, call: &str, query: &str, secret: &str) -> Self {
        let parts = [call.as_bytes(), query.as_bytes(), secret.as_bytes()];
        match algorithm {
            Algorithm::Sha1 => Self::digest::<Sha1>(parts),
            Algorithm::Sha256 => Self::digest::<Sha256>(parts),
            Algorithm::Sha384 => Self::digest::<Sha384>(parts),
            Algorithm::Sha512 => Self::digest::<Sha512>(parts),
        }
    }

    /// The hexadecimal text.
    pub fn as_str(&self) -> &str {
        // Only ASCII digits are ever written into the first `len` bytes.
        self.hex.get(..self.len).and_then(|hex| std::str::from_utf8(hex).ok()).unwrap_or_default()
    }

    /// Whether a received text is this checksum, in any letter case, compared in constant time.
    pub fn matches(&self, received: &str) -> bool {
        let mut lower = [0_u8; 128];
        let Some(lower) = lower.get_mut(..received.len()) else { return false };
        lower.copy_from_slice(received.as_bytes());
        lower.make_ascii_lowercase();
        bool::from(self.as_str().as_bytes().ct_eq(lower))
    }

    fn digest<D: Digest>(parts: [&[u8]; 3]) -> Self {
        let mut hasher = D::new();
        for part in parts {
            hasher.update(part);
        }
        let mut hex = [0_u8; 128];
        let mut len = 0;
        for (pair, byte) in hex.chunks_exact_mut(2).zip(hasher.finalize()) {
            if let [high, low] = pair {
                *high = digit(byte >> 4);
                *low = digit(byte & 15);
            }
            len += 2;
        }
        Self { hex, len }
    }
}

fn digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }
}

/// Whether `received` is the checksum of the call under any of the secrets, with an allowed
/// algorithm.
pub fn verify<'a>(
    call: &str,
    query: &str,
    received: &str,
    allowed: &[Algorithm],
    secrets: impl IntoIterator<Item = &'a str>,
) -> bool {
    let Some(algorithm) = Algorithm::of_length(received.len()) else { return false };
    allowed.contains(&algorithm)
        && secrets
            .into_iter()
            .any(|secret| Checksum::of(algorithm, call, query, secret).matches(received))
}

/// A raw query taken apart: what is signed, and the checksum that came with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedQuery<'a> {
    /// The query without the checksum, otherwise untouched.
    pub query: Cow<'a, str>,
    /// The checksum, if there was one.
    pub checksum: Option<&'a str>,
}

/// A query or a request with more than one checksum, or one written in another way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than one checksum")]
pub struct AmbiguousChecksum;

impl<'a> SignedQuery<'a> {
    /// Cuts the checksum out of a raw query (or a form body), together with one `&` beside it.
    pub fn split(raw: &'a str) -> Result<Self, AmbiguousChecksum> {
        let mut found = None;
        let mut at = 0;
        for part in raw.split('&') {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            if is_checksum(name)? && found.replace((at, part.len(), value)).is_some() {
                return Err(AmbiguousChecksum);
            }
            at += part.len() + 1;
        }
        let Some((at, length, checksum)) = found else {
            return Ok(Self { query: Cow::Borrowed(raw), checksum: None });
        };
        Ok(Self { query: without(raw, at, length), checksum: Some(checksum) })
    }
}

/// A name that only decodes to `checksum` cannot be cut the way servers cut it.
fn is_checksum(name: &str) -> Result<bool, AmbiguousChecksum> {
    if name == "checksum" {
        return Ok(true);
    }
    if name.contains('%') && decode(name).as_deref() == Some("checksum") {
        return Err(AmbiguousChecksum);
    }
    Ok(false)
}

fn without(raw: &str, at: usize, length: usize) -> Cow<'_, str> {
    let (before, rest) = raw.split_at(at);
    let after = rest.get(length..).unwrap_or_default();
    match (before.strip_suffix('&'), after.strip_prefix('&')) {
        (Some(before), _) if after.is_empty() => Cow::Borrowed(before),
        (Some(before), _) => Cow::Owned(format!("{before}{after}")),
        (None, Some(after)) => Cow::Borrowed(after),
        (None, None) => Cow::Borrowed(after),
    }
}
