//! One BigBlueButton server of the pool, as the operator described it.

use serde::{Deserialize, Serialize};

use super::{Secret, ServerId};

/// A server of the pool. What is observed of it (health, load) lives elsewhere and is not stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    /// Its name in the pool.
    pub id: ServerId,
    /// Where its API is.
    pub url: ServerUrl,
    /// The secret it shares with beadle.
    pub secret: Secret,
    /// How strong it is.
    pub capacity: Capacity,
    /// The tag that creates can ask for; none means untagged.
    pub tag: Option<Box<str>>,
    /// What the operator wants of it.
    pub state: ServerState,
    /// No new meetings above this many; none means no limit.
    pub max_meetings: Option<u32>,
    /// No new meetings once the people expected exceed this; none means no limit.
    pub max_users: Option<u32>,
    /// Whether it takes new meetings only where no other server can.
    pub spare: bool,
}

/// What the operator wants of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServerState {
    /// It takes new meetings.
    Enabled,
    /// It drains: no new meetings, everything else works.
    Cordoned,
    /// No new meetings, no joins; still polled.
    Disabled,
}

impl ServerState {
    /// The word used in every listing.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Cordoned => "cordoned",
            Self::Disabled => "disabled",
        }
    }
}

/// How strong a server is, kept the way it was given so that it reads back unrounded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Capacity {
    /// Bigger is stronger; 1 is the norm.
    Weight(f64),
    /// Scalelite's way: bigger is weaker. The inverse of a weight.
    LoadMultiplier(f64),
}

impl Capacity {
    /// The weight: load divided by it is utilisation.
    pub fn weight(self) -> f64 {
        match self {
            Self::Weight(weight) => weight,
            Self::LoadMultiplier(multiplier) => multiplier.recip(),
        }
    }

    /// Scalelite's load multiplier.
    pub fn load_multiplier(self) -> f64 {
        match self {
            Self::Weight(weight) => weight.recip(),
            Self::LoadMultiplier(multiplier) => multiplier,
        }
    }
}

impl Default for Capacity {
    fn default() -> Self {
        Self::Weight(1.0)
    }
}

/// The base of a server's API, such as `https://bbb1.example.org/bigbluebutton/api`, as given.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServerUrl(Box<str>);

/// What was given as a server's address cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadServerUrl {
    /// Nothing is left of it.
    #[error("the server's address is empty")]
    Empty,
    /// Another scheme than http or https.
    #[error("the server's address must start with https:// or http://, not with {scheme}://")]
    Scheme {
        /// What it started with.
        scheme: String,
    },
    /// It holds something that no address has.
    #[error("{text:?} is not an address; give it like https://bbb1.example.org/bigbluebutton/api")]
    Malformed {
        /// What was given.
        text: String,
    },
}

impl ServerUrl {
    /// Takes an address that is already the API's base, and keeps it to the letter: Scalelite's
    /// management API gives back what it was given.
    pub fn exact(text: &str) -> Result<Self, BadServerUrl> {
        let text = text.trim();
        let rest = match text.split_once("://") {
            _ if text.is_empty() => return Err(BadServerUrl::Empty),
            Some((scheme, rest)) if is_http(scheme) => rest,
            Some((scheme, _)) => return Err(BadServerUrl::Scheme { scheme: scheme.into() }),
            None => return Err(BadServerUrl::Malformed { text: text.into() }),
        };
        let host = rest.split('/').next().unwrap_or_default();
        let odd =
            |c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '<' | '>' | '\\');
        if host.is_empty()
            || text.len() > 1024
            || text.contains(odd)
            || rest.contains(['?', '#', '@'])
        {
            return Err(BadServerUrl::Malformed { text: text.into() });
        }
        Ok(Self(text.into()))
    }

    /// Takes whatever people paste: with or without scheme, `/bigbluebutton`, `/api`, final slash.
    pub fn pasted(text: &str) -> Result<Self, BadServerUrl> {
        let text = text.trim();
        let text = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let (scheme, rest) = text.split_once("://").unwrap_or(("https", &text));
        let scheme = scheme.to_ascii_lowercase();
        let rest = rest.trim_end_matches('/');
        let rest = rest.strip_suffix("/api").unwrap_or(rest).trim_end_matches('/');
        let rest = rest.strip_suffix("/bigbluebutton").unwrap_or(rest).trim_end_matches('/');
        if rest.is_empty() {
            return Err(BadServerUrl::Empty);
        }
        Self::exact(&format!("{scheme}://{rest}/bigbluebutton/api"))
    }

    /// The address as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address without a slash at its end: a call's address is this, a slash and its name.
    pub fn base(&self) -> &str {
        self.0.trim_end_matches('/')
    }

    /// Whether two addresses lead to one place, however they are written: with or without TLS, in
    /// any letter case of the host, with a default port or a final slash.
    pub fn same_place(&self, other: &Self) -> bool {
        self.place() == other.place()
    }

    /// Host in lower case, port and path, without what is usual.
    fn place(&self) -> (String, u16, &str) {
        let base = self.base();
        let rest = base.split_once("://").map_or(base, |(_, rest)| rest);
        let path = rest.find('/').map_or("", |start| rest.split_at(start).1);
        // Whoever speaks TLS on its usual port is asked there without TLS on the other.
        let port = if self.port() == 80 { 443 } else { self.port() };
        (self.host(), port, path)
    }

    /// The port, as given or as usual with its scheme.
    pub fn port(&self) -> u16 {
        let given = self.authority().rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        let tls = self.0.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("https:"));
        given.unwrap_or(if tls { 443 } else { 80 })
    }

    /// Host and port as they stand in the address, such as `bbb1.example.org` or `10.0.0.1:8080`.
    pub fn authority(&self) -> &str {
        let rest = self.0.split_once("://").map_or(&*self.0, |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default()
    }

    /// The host alone, in lower case.
    pub fn host(&self) -> String {
        let authority = self.authority();
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => authority,
        };
        host.to_ascii_lowercase()
    }
}

/// Schemes count in any letter case (RFC 3986, section 3.1).
fn is_http(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")
}

impl TryFrom<String> for ServerUrl {
    type Error = BadServerUrl;

    fn try_from(text: String) -> Result<Self, BadServerUrl> {
        Self::exact(&text)
    }
}

impl From<ServerUrl> for String {
    fn from(url: ServerUrl) -> Self {
        url.0.into()
    }
}
