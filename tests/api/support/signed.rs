//! A front end: builds requests, signs them, sends them.

use std::net::SocketAddr;

use beadle::bbb::checksum::{Algorithm, Checksum};

use super::http::{Answer, send};

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
pub(crate) const XML: &str = "application/xml";

/// A front end with its secret.
#[derive(Clone)]
pub(crate) struct Signed {
    pub(crate) address: SocketAddr,
    pub(crate) secret: String,
    pub(crate) algorithm: Algorithm,
    /// What stands before the name of a call.
    base: &'static str,
}

impl Signed {
    pub(crate) fn new(address: SocketAddr, secret: &str) -> Self {
        let (secret, algorithm) = (secret.to_owned(), Algorithm::Sha256);
        Self { address, secret, algorithm, base: "/bigbluebutton/api/" }
    }

    /// The same front end with another algorithm.
    pub(crate) fn with(&self, algorithm: Algorithm) -> Self {
        Self { algorithm, ..self.clone() }
    }

    /// The same front end with another secret.
    pub(crate) fn knowing(&self, secret: &str) -> Self {
        Self { secret: secret.to_owned(), ..self.clone() }
    }

    /// Scalelite's management API instead.
    pub(crate) fn managing(&self) -> Self {
        Self { base: "/scalelite/api/", ..self.clone() }
    }

    pub(crate) fn checksum(&self, call: &str, query: &str) -> String {
        Checksum::of(self.algorithm, call, query, &self.secret).as_str().to_owned()
    }

    /// Path and query of a call, with the checksum at the end.
    pub(crate) fn target(&self, call: &str, query: &str) -> String {
        let joint = if query.is_empty() { "" } else { "&" };
        let (base, checksum) = (self.base, self.checksum(call, query));
        format!("{base}{call}?{query}{joint}checksum={checksum}")
    }

    pub(crate) async fn get(&self, call: &str, query: &str) -> Answer {
        self.send("GET", &self.target(call, query), None, b"").await
    }

    pub(crate) async fn head(&self, call: &str, query: &str) -> Answer {
        self.send("HEAD", &self.target(call, query), None, b"").await
    }

    /// A POST whose parameters and checksum are in the URL.
    pub(crate) async fn post(
        &self,
        call: &str,
        query: &str,
        content_type: &str,
        body: impl AsRef<[u8]>,
    ) -> Answer {
        self.send("POST", &self.target(call, query), Some(content_type), body.as_ref()).await
    }

    /// A form with everything in the body, which the checksum then does not cover.
    pub(crate) async fn post_form(&self, call: &str, form: &str) -> Answer {
        let joint = if form.is_empty() { "" } else { "&" };
        let body = format!("{form}{joint}checksum={}", self.checksum(call, ""));
        let target = format!("{}{call}", self.base);
        self.send("POST", &target, Some(FORM), body.as_bytes()).await
    }

    /// Any request; there must be an answer.
    pub(crate) async fn send(
        &self,
        method: &str,
        target: &str,
        content_type: Option<&str>,
        body: &[u8],
    ) -> Answer {
        let request = request(method, target, content_type, body);
        send(self.address, request).await.expect("an answer")
    }
}

/// The bytes of a request.
fn request(method: &str, target: &str, content_type: Option<&str>, body: &[u8]) -> Vec<u8> {
    let content_type = content_type.map(|name| format!("Content-Type: {name}\r\n"));
    let length = (!body.is_empty()).then(|| format!("Content-Length: {}\r\n", body.len()));
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: beadle.test\r\nConnection: close\r\n{}{}\r\n",
        content_type.unwrap_or_default(),
        length.unwrap_or_default(),
    );
    [head.as_bytes(), body].concat()
}
