//! The front end that people come from: it knows beadle's address and a secret, and nothing else.
//!
//! Every call is counted; what goes wrong is counted and kept in words.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::header::LOCATION;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};

use super::people::Class;
use crate::bbb::answer::{Answer, Outcome};
use crate::bbb::checksum::{Algorithm, Checksum};
use crate::bbb::params::encode;
use crate::bbb::{Call, meetings};
use crate::model::Secret;

/// The meeting of the examples.
const EXAMPLE: &str = "room-42";

/// Longer than beadle itself waits for a server that is slow to create.
const PATIENCE: Duration = Duration::from_secs(40);

/// A front end. Clones are the same one.
#[derive(Clone)]
pub(super) struct FrontEnd {
    http: Client,
    base: String,
    secret: Secret,
    counts: Arc<Mutex<Counts>>,
}

/// What a front end has seen so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    /// Classes that were created.
    pub(super) creates: u64,
    /// People who came in, through beadle and then through the server.
    pub(super) joins: u64,
    /// Classes that it ended.
    pub(super) ends: u64,
    /// Calls that were not answered as they should be.
    pub(super) failures: u64,
    /// The last of these, in words.
    pub(super) last_failure: Option<String>,
    /// What the last list of all meetings said.
    pub(super) listing: Option<Listing>,
}

/// What a list of all meetings says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listing {
    /// How many classes there are.
    pub(super) classes: usize,
    /// How many people are in them.
    pub(super) people: u32,
    /// How long the answer took.
    pub(super) took: Duration,
}

/// Whether a class can go on after a call about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// It is on.
    On,
    /// The meeting is not there: somebody else has ended it.
    Over,
}

/// A call that was not answered as it should be.
#[derive(Debug, thiserror::Error)]
enum CallError {
    #[error("no answer ({0})")]
    NoAnswer(#[from] reqwest::Error),
    #[error("{key}: {message}")]
    Refused { key: String, message: String },
    #[error("an answer that makes no sense (HTTP status {0})")]
    Nonsense(StatusCode),
}

impl FrontEnd {
    /// A front end that asks the beadle at this address.
    pub(super) fn new(address: SocketAddr, secret: Secret) -> reqwest::Result<Self> {
        // The client wants a crypto provider even where nothing is encrypted, and no certificates
        // of authorities: a machine may have none.
        crate::client::install_crypto();
        let http = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .tls_certs_only([])
            .timeout(PATIENCE)
            .build()?;
        let base = format!("http://{}/bigbluebutton/api", reachable(address));
        Ok(Self { http, base, secret, counts: Arc::default() })
    }

    /// The base of the API.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// What it signs with.
    pub(super) fn secret(&self) -> &Secret {
        &self.secret
    }

    /// What it has seen so far.
    pub(super) fn counts(&self) -> Counts {
        self.counted(|counts| counts.clone())
    }

    /// Signed calls for one meeting, to be pasted somewhere, each with its name.
    pub(super) fn examples(&self) -> [(&'static str, String); 7] {
        let meeting = ("meetingID", EXAMPLE);
        let create = [("name", "Room 42"), meeting];
        let join = [meeting, ("fullName", "Ada Lovelace"), ("role", "MODERATOR")];
        [
            ("index", self.base.clone()),
            ("create", self.url(Call::Create, &create)),
            ("join", self.url(Call::Join, &join)),
            ("isMeetingRunning", self.url(Call::IsMeetingRunning, &[meeting])),
            ("getMeetingInfo", self.url(Call::GetMeetingInfo, &[meeting])),
            ("getMeetings", self.url(Call::GetMeetings, &[])),
            ("end", self.url(Call::End, &[meeting])),
        ]
    }

    /// Creates a class; without it nobody can come.
    pub(super) async fn create(&self, class: &Class) -> After {
        let size = class.enrolled.to_string();
        let params = [
            ("name", class.name.as_str()),
            ("meetingID", class.id.as_str()),
            ("meta_bbb-meeting-size-hint", size.as_str()),
        ];
        let created = self.ask(Call::Create, &params).await;
        let after = if created.is_ok() { After::On } else { After::Over };
        self.count(Call::Create, created.map(drop), |counts| counts.creates += 1);
        after
    }

    /// Sends somebody's browser into a class.
    pub(super) async fn join(&self, id: &str, name: &str, moderator: bool) -> After {
        let role = if moderator { "MODERATOR" } else { "VIEWER" };
        let url = self.url(Call::Join, &[("meetingID", id), ("fullName", name), ("role", role)]);
        let joined = self.follow(&url).await;
        let after = after(&joined);
        self.count(Call::Join, joined, |counts| counts.joins += 1);
        after
    }

    /// Looks whether a class is on and who is in it, for the page of its course.
    pub(super) async fn look_in(&self, id: &str) -> After {
        let meeting = [("meetingID", id)];
        let running = self.ask(Call::IsMeetingRunning, &meeting).await;
        self.count(Call::IsMeetingRunning, running.map(drop), |_| {});
        let info = self.ask(Call::GetMeetingInfo, &meeting).await;
        match after(&info) {
            // That is what it wanted to know.
            After::Over => After::Over,
            After::On => {
                self.count(Call::GetMeetingInfo, info.map(drop), |_| {});
                After::On
            }
        }
    }

    /// Ends a class.
    pub(super) async fn end(&self, id: &str) -> After {
        let ended = self.ask(Call::End, &[("meetingID", id)]).await;
        self.count(Call::End, ended.map(drop), |counts| counts.ends += 1);
        After::Over
    }

    /// Asks for all meetings, as a front end's overview does.
    pub(super) async fn list(&self) {
        let began = Instant::now();
        let list = self.ask(Call::GetMeetings, &[]).await;
        let took = began.elapsed();
        let list = list.and_then(|(status, body)| {
            meetings::read(&String::from_utf8_lossy(&body)).map_err(|_| CallError::Nonsense(status))
        });
        let listing = list.as_ref().ok().map(|list| Listing {
            classes: list.len(),
            people: list.iter().map(|meeting| meeting.participants).sum(),
            took,
        });
        self.count(Call::GetMeetings, list.map(drop), |counts| counts.listing = listing);
    }

    /// The address of a signed call.
    fn url(&self, call: Call, params: &[(&str, &str)]) -> String {
        let pairs: Vec<_> =
            params.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let (call, query) = (call.name(), pairs.join("&"));
        let checksum = Checksum::of(Algorithm::Sha256, call, &query, self.secret.expose());
        let and = if query.is_empty() { "" } else { "&" };
        format!("{}/{call}?{query}{and}checksum={}", self.base, checksum.as_str())
    }

    /// Calls, and reads the answer: only SUCCESS is one.
    async fn ask(
        &self,
        call: Call,
        params: &[(&str, &str)],
    ) -> Result<(StatusCode, Bytes), CallError> {
        let answer = self.get(&self.url(call, params)).await?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(without_url)?;
        succeeded(status, &body)?;
        Ok((status, body))
    }

    /// Goes where a browser goes that joins: beadle sends it on to a server, and that lets it in.
    async fn follow(&self, url: &str) -> Result<(), CallError> {
        let server = self.sent_on(url).await?;
        let room = self.sent_on(&server).await?;
        // An error would have led elsewhere.
        if room.contains("sessionToken=") {
            Ok(())
        } else {
            let key = "not let in".to_owned();
            Err(CallError::Refused { key, message: "the server sent the browser away".to_owned() })
        }
    }

    async fn sent_on(&self, url: &str) -> Result<String, CallError> {
        let answer = self.get(url).await?;
        let status = answer.status();
        let location = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        if let Some(location) = location.filter(|_| status == StatusCode::FOUND) {
            return Ok(location.to_owned());
        }
        let body = answer.bytes().await.map_err(without_url)?;
        succeeded(status, &body)?;
        Err(CallError::Nonsense(status))
    }

    async fn get(&self, url: &str) -> Result<Response, CallError> {
        Ok(self.http.get(url).send().await.map_err(without_url)?)
    }

    fn count(&self, call: Call, result: Result<(), CallError>, good: impl FnOnce(&mut Counts)) {
        self.counted(|counts| match result {
            Ok(()) => good(counts),
            Err(error) => {
                counts.failures += 1;
                counts.last_failure = Some(format!("{}: {error}", call.name()));
            }
        });
    }

    fn counted<T>(&self, change: impl FnOnce(&mut Counts) -> T) -> T {
        change(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Where to reach what listens on this address.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn succeeded(status: StatusCode, body: &[u8]) -> Result<(), CallError> {
    match Answer::outcome(body) {
        Ok(Outcome::Success) => Ok(()),
        Ok(Outcome::Failed { failure, .. }) => Err(CallError::Refused {
            key: failure.key.into_owned(),
            message: failure.message.into_owned(),
        }),
        Err(_) => Err(CallError::Nonsense(status)),
    }
}

fn after<T>(result: &Result<T, CallError>) -> After {
    match result {
        Err(CallError::Refused { key, .. }) if key == "notFound" => After::Over,
        _ => After::On,
    }
}

/// The URL holds a checksum.
fn without_url(error: reqwest::Error) -> reqwest::Error {
    error.without_url()
}
