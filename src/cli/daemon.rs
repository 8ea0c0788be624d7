//! The client of the running daemon: its API in JSON over the Unix socket.

use std::error::Error as _;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Method, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::CliError;
use crate::api::Refusal;

/// Above every honest answer: a round over a large pool of dead servers takes minutes.
const PATIENCE: Duration = Duration::from_mins(10);

/// The running daemon.
pub(super) struct Daemon {
    http: Client,
    socket: PathBuf,
}

/// What is asked for: a path below the API's base, already encoded.
#[derive(Debug, Clone)]
pub(super) struct Resource(String);

impl Resource {
    /// The path of these names.
    pub(super) fn at(names: &[&str]) -> Self {
        let mut path = String::new();
        for name in names {
            path.push('/');
            path.extend(encoded(name));
        }
        Self(path)
    }

    /// With a parameter.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.0.push(if self.0.contains('?') { '&' } else { '?' });
        self.0.extend(encoded(name).chain(["="]).chain(encoded(value)));
        self
    }

    /// With a parameter that is only there to say yes.
    pub(super) fn flag(self, name: &str, yes: bool) -> Self {
        if yes { self.with(name, "true") } else { self }
    }
}

impl Daemon {
    /// The daemon behind a socket; it is not asked anything yet.
    pub(super) fn at(socket: PathBuf) -> Result<Self, CliError> {
        // The client wants a crypto provider even where nothing is encrypted, and no certificates
        // of authorities: a machine may have none.
        crate::client::install_crypto();
        let http = Client::builder()
            .unix_socket(socket.as_path())
            .tls_certs_only([])
            .timeout(PATIENCE)
            .build()
            .map_err(|error| CliError::Broken { reason: error.to_string() })?;
        Ok(Self { http, socket })
    }

    /// Asks for something.
    pub(super) async fn get<T: DeserializeOwned>(&self, what: Resource) -> Result<T, CliError> {
        read(&self.send(Method::GET, what, Vec::new()).await?)
    }

    /// Asks for something to be done that needs no words.
    pub(super) async fn post<T: DeserializeOwned>(&self, what: Resource) -> Result<T, CliError> {
        read(&self.send(Method::POST, what, Vec::new()).await?)
    }

    /// Asks for something to be done.
    pub(super) async fn tell<T: DeserializeOwned>(
        &self,
        method: Method,
        what: Resource,
        body: &impl Serialize,
    ) -> Result<T, CliError> {
        let broken = |error: serde_json::Error| CliError::Broken { reason: error.to_string() };
        let body = serde_json::to_vec(body).map_err(broken)?;
        read(&self.send(method, what, body).await?)
    }

    /// Asks for something to go away.
    pub(super) async fn delete(&self, what: Resource) -> Result<(), CliError> {
        self.send(Method::DELETE, what, Vec::new()).await.map(drop)
    }

    async fn send(
        &self,
        method: Method,
        what: Resource,
        body: Vec<u8>,
    ) -> Result<Answer, CliError> {
        let url = format!("http://beadle/beadle/api/v1{}", what.0);
        let url = Url::parse(&url).map_err(|e| CliError::Broken { reason: e.to_string() })?;
        let mut request = self.http.request(method, url);
        if !body.is_empty() {
            let json = HeaderValue::from_static("application/json");
            request = request.header(CONTENT_TYPE, json).body(body);
        }
        let answer = request.send().await.map_err(|error| self.no_answer(&error))?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(|error| self.no_answer(&error))?;
        Answer { status, body: body.to_vec() }.unless_refused()
    }

    fn no_answer(&self, error: &reqwest::Error) -> CliError {
        let (socket, reason) = (self.socket.clone(), innermost(error));
        if !error.is_connect() {
            let reason = if error.is_timeout() { "it took too long".to_owned() } else { reason };
            return CliError::Broken { reason };
        }
        if kind(error) == Some(io::ErrorKind::PermissionDenied) {
            return CliError::NotAllowed { socket };
        }
        CliError::NoDaemon { socket, reason }
    }
}

struct Answer {
    status: StatusCode,
    body: Vec<u8>,
}

impl Answer {
    fn unless_refused(self) -> Result<Self, CliError> {
        if self.status.is_success() {
            return Ok(self);
        }
        let refusal: Refusal = serde_json::from_slice(&self.body).map_err(|_| self.foreign())?;
        Err(CliError::Refused(refusal))
    }

    fn foreign(&self) -> CliError {
        CliError::Foreign { status: self.status.as_u16() }
    }
}

fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, CliError> {
    serde_json::from_slice(&answer.body).map_err(|_| answer.foreign())
}

fn encoded(text: &str) -> impl Iterator<Item = &str> {
    utf8_percent_encode(text, NON_ALPHANUMERIC)
}

/// What the system said about a connection.
fn kind(error: &reqwest::Error) -> Option<io::ErrorKind> {
    let mut cause = error.source();
    while let Some(source) = cause {
        if let Some(error) = source.downcast_ref::<io::Error>() {
            return Some(error.kind());
        }
        cause = source.source();
    }
    None
}

/// The innermost cause says most.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
