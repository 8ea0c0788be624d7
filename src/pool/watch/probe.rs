//! Asks a server who it is, whether it accepts the secret, and what its clock says.

use crate::bbb::answer::{Answer, Outcome};
use crate::client::{CallError, Client, Reply, Request};
use crate::model::Server;
use crate::pool::{Pool, now_ms};

/// The oldest version that beadle is made for.
pub const OLDEST: &str = "2.4";

/// The longest part of a page's title that is shown, in characters.
const TITLE: usize = 60;

/// The longest version that is shown, in characters.
const VERSION: usize = 30;

/// What a look at a server found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// By how many seconds its clock is ahead of this machine's, where it tells the time.
    pub ahead: Option<i64>,
    /// Its version, which is empty where it does not tell; or what is wrong.
    pub version: Result<String, ProbeError>,
}

/// What is wrong with a server, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// It cannot be asked.
    #[error("{host}: {error}")]
    Call {
        /// Host and port as in the address.
        host: String,
        /// Host and port in any case, with a blank between them.
        listens: String,
        /// Why.
        error: CallError,
    },
    /// Something else than BigBlueButton answers there.
    #[error("{url} does not answer like a BigBlueButton server (HTTP status {status}{page})")]
    NotBbb {
        /// The address.
        url: String,
        /// The HTTP status of its answer.
        status: u16,
        /// The title of the page that came, in words.
        page: String,
    },
    /// It is the very beadle that asks.
    #[error("{url} leads to beadle itself")]
    Itself {
        /// The address.
        url: String,
    },
    /// The secret is wrong.
    #[error("the server does not accept the secret")]
    Secret {
        /// Host and port.
        host: String,
    },
    /// It answers, but not to this.
    #[error("the server refuses: {key}: {message}")]
    Refused {
        /// Its key.
        key: String,
        /// Its message.
        message: String,
    },
}

impl ProbeError {
    /// What mends it, as a sentence for operators.
    pub fn remedy(&self) -> String {
        match self {
            Self::Call { error, listens, .. } => error.remedy().replace("HOST PORT", listens),
            Self::NotBbb { status: 300..400, .. } => {
                "it leads elsewhere: give the address that it leads to, mostly with https://".into()
            }
            Self::NotBbb { status: 500.., .. } => {
                "nginx is up and BigBlueButton is not: `bbb-conf --status` on the server".into()
            }
            Self::NotBbb { .. } => {
                "is the address right? `beadle servers set ID --url ADDRESS`".into()
            }
            Self::Itself { .. } => {
                "give the address of a BigBlueButton server: `beadle servers set ID --url ADDRESS`"
                    .into()
            }
            Self::Secret { host } => format!(
                "copy it again from `bbb-conf --secret` on {host}: `beadle servers set ID --secret -`"
            ),
            Self::Refused { .. } => {
                "these are the server's own words; does it accept the algorithm in \
                 `servers.checksum_algorithm`?"
                    .into()
            }
        }
    }
}

/// Whether a version is older than [`OLDEST`]; one that cannot be read is not.
pub fn too_old(version: &str) -> bool {
    let mut numbers = version.split(['.', '-']).map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) < (2, 4),
        _ => false,
    }
}

/// The version in an index, as far as it is told there.
pub(super) fn version(index: &Answer) -> String {
    let told = index.get("bbbVersion").unwrap_or_default().trim();
    told.chars().filter(|c| !c.is_control()).take(VERSION).collect()
}

impl Pool {
    /// Asks a server who it is and whether it accepts the secret.
    pub async fn probe(&self, client: &Client, server: &Server) -> Probed {
        match self.ask_beside(client, server, "").await {
            Err(error) => Probed { ahead: None, version: Err(no_answer(server, error)) },
            Ok(index) => {
                let now = i64::try_from(now_ms() / 1000).unwrap_or(i64::MAX);
                let ahead = index.clock.map(|clock| clock - now);
                Probed { ahead, version: self.probe_further(client, server, index).await }
            }
        }
    }

    async fn probe_further(
        &self,
        client: &Client,
        server: &Server,
        index: Reply,
    ) -> Result<String, ProbeError> {
        let host = server.url.authority().to_owned();
        let url = server.url.as_str().to_owned();
        let not_bbb = |reply: &Reply| {
            let page = title(&reply.body);
            ProbeError::NotBbb { url: url.clone(), status: reply.status, page }
        };
        if index.beadle.as_deref() == Some(self.instance()) {
            return Err(ProbeError::Itself { url });
        }
        let answer = Answer::read(&index.body).map_err(|_| not_bbb(&index))?;
        if answer.get("returncode") != Some("SUCCESS") || answer.get("version").is_none() {
            return Err(not_bbb(&index));
        }
        let version = version(&answer);
        let list = self.ask_beside(client, server, "getMeetings").await;
        let list = list.map_err(|error| no_answer(server, error))?;
        match Answer::outcome(&list.body) {
            Err(_) => Err(not_bbb(&list)),
            Ok(Outcome::Success) => Ok(version),
            Ok(Outcome::Failed { failure, .. }) if failure.key == "checksumError" => {
                Err(ProbeError::Secret { host })
            }
            Ok(Outcome::Failed { failure, .. }) => Err(ProbeError::Refused {
                key: failure.key.into_owned(),
                message: failure.message.into_owned(),
            }),
        }
    }

    async fn ask_beside(
        &self,
        client: &Client,
        server: &Server,
        call: &str,
    ) -> Result<Reply, CallError> {
        let timeout = self.config().servers.response_timeout;
        let request = Request { call, query: "", body: None, timeout };
        self.call_beside(client, server, request).await
    }
}

fn no_answer(server: &Server, error: CallError) -> ProbeError {
    let (host, port) = (server.url.host(), server.url.port());
    let listens = format!("{} {port}", host.trim_matches(['[', ']']));
    ProbeError::Call { host: server.url.authority().to_owned(), listens, error }
}

/// The title of a web page, as the end of a sentence; nothing where there is none.
fn title(body: &[u8]) -> String {
    let start = body.get(..4096).unwrap_or(body);
    let text = String::from_utf8_lossy(start);
    let title = text.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>"));
    let Some((title, _)) = title else { return String::new() };
    let title: String = title.trim().chars().filter(|c| !c.is_control()).take(TITLE).collect();
    if title.is_empty() { title } else { format!(", a page called {title:?}") }
}
