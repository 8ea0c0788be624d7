//! The client of one BigBlueButton server: sign, send, wait no longer than allowed, read.
//!
//! A server's refusal is an answer like any other here; [`CallError`] is for what is no answer.

mod date;
mod error;
mod names;
mod obstacle;

use std::borrow::Cow;
use std::sync::Once;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{CONTENT_TYPE, DATE, HeaderValue};
use reqwest::{Method, Url};

use crate::bbb::checksum::{Algorithm, Checksum};
use crate::config;
use crate::model::Server;

pub use error::{BuildError, CallError};
pub use names::{NameError, Names};
pub use obstacle::Obstacle;

/// Calls servers. Cheap to clone; its connections are shared by all clones.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    algorithm: Algorithm,
    answer_limit: u64,
}

/// One call to a server.
pub struct Request<'a> {
    /// The name, as in the URL.
    pub call: &'a str,
    /// The parameters, encoded, without checksum.
    pub query: &'a str,
    /// An XML body; without one the call is a GET.
    pub body: Option<Bytes>,
    /// How long the whole answer may take.
    pub timeout: Duration,
}

/// What a server answered, whatever it means.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// What the server's clock says, in seconds since 1970, where it tells it.
    pub clock: Option<i64>,
    /// Which running beadle answered, where it was one and told so.
    pub beadle: Option<Box<str>>,
    /// The body.
    pub body: Bytes,
}

/// The header field by which a running beadle knows its own index.
pub const INSTANCE: &str = "beadle-instance";

/// Idle connections are closed before the servers' nginx closes them (after 65 s), so that no
/// call is sent into a connection that is just going away.
const IDLE: Duration = Duration::from_secs(20);

/// One warning is enough for all clients.
static WARNED: Once = Once::new();

/// The longest address in bytes that HTTP libraries send.
const LONGEST: usize = 65_000;

impl Client {
    /// Builds a client for the servers of the configuration.
    ///
    /// The certificates of authorities are read here, so build few.
    pub fn new(servers: &config::Servers, names: &Names) -> Result<Self, BuildError> {
        Self::keeping(servers, names, usize::MAX)
    }

    /// Builds a client that opens a connection for each call, as polls want it: only that shows
    /// whether people can still get in, and a thousand idle connections hold much memory.
    pub fn unconnected(servers: &config::Servers, names: &Names) -> Result<Self, BuildError> {
        Self::keeping(servers, names, 0)
    }

    fn keeping(servers: &config::Servers, names: &Names, idle: usize) -> Result<Self, BuildError> {
        install_crypto();
        let builder = || {
            reqwest::Client::builder()
                .user_agent(concat!("beadle/", env!("CARGO_PKG_VERSION")))
                .no_proxy()
                .dns_resolver(names.clone())
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .connect_timeout(servers.connect_timeout)
                .pool_idle_timeout(IDLE)
                .pool_max_idle_per_host(idle)
                .tcp_nodelay(true)
        };
        let http = builder().build().or_else(|_| {
            // A machine without certificates of authorities can still serve what needs none.
            WARNED.call_once(|| {
                tracing::warn!(
                    "no certificates of authorities are installed (Debian: ca-certificates), so \
                     no server with https:// can be reached"
                );
            });
            builder().tls_certs_only([]).build().map_err(BuildError)
        })?;
        let algorithm = servers.checksum_algorithm;
        Ok(Self { http, algorithm, answer_limit: servers.answer_limit })
    }

    /// Calls a server and reads its answer whole.
    pub async fn call(&self, server: &Server, request: Request<'_>) -> Result<Reply, CallError> {
        let url = self.signed_url(server, request.call, request.query);
        if url.len() > LONGEST {
            return Err(CallError::TooLongRequest { length: url.len() });
        }
        let url = Url::parse(&url).map_err(|_| CallError::Address)?;
        let sent = match request.body {
            Some(body) => {
                let mut post = reqwest::Request::new(Method::POST, url);
                let xml = HeaderValue::from_static("application/xml");
                post.headers_mut().insert(CONTENT_TYPE, xml);
                *post.body_mut() = Some(body.into());
                post
            }
            None => reqwest::Request::new(Method::GET, url),
        };
        let answer = async {
            let answer = self.http.execute(sent).await.map_err(CallError::of)?;
            self.read(answer).await
        };
        tokio::time::timeout(request.timeout, answer).await.unwrap_or(Err(CallError::Timeout))
    }

    /// The address of a call, signed with the server's secret.
    pub fn signed_url(&self, server: &Server, call: &str, query: &str) -> String {
        let query = as_sent(query);
        let checksum = Checksum::of(self.algorithm, call, &query, server.secret.expose());
        let (base, checksum) = (server.url.base(), checksum.as_str());
        let length = base.len() + call.len() + query.len() + checksum.len() + 12;
        let mut url = String::with_capacity(length);
        url.push_str(base);
        if !call.is_empty() {
            url.push('/');
            url.push_str(call);
        }
        url.push('?');
        url.push_str(&query);
        if !query.is_empty() {
            url.push('&');
        }
        url.push_str("checksum=");
        url.push_str(checksum);
        url
    }

    async fn read(&self, mut answer: reqwest::Response) -> Result<Reply, CallError> {
        let status = answer.status().as_u16();
        let clock = answer.headers().get(DATE).and_then(|date| date::parse(date.to_str().ok()?));
        let beadle = answer.headers().get(INSTANCE).and_then(|id| Some(id.to_str().ok()?.into()));
        let announced = answer.content_length().unwrap_or_default();
        if announced > self.answer_limit {
            return Err(CallError::TooLong { limit: self.answer_limit });
        }
        let Some(first) = self.piece(&mut answer).await? else {
            return Ok(Reply { status, clock, beadle, body: Bytes::new() });
        };
        // Most answers come in one piece, which is then not copied.
        if first.len() as u64 == announced {
            return Ok(Reply { status, clock, beadle, body: first });
        }
        let mut body = BytesMut::from(first);
        while let Some(piece) = self.piece(&mut answer).await? {
            if (body.len() + piece.len()) as u64 > self.answer_limit {
                return Err(CallError::TooLong { limit: self.answer_limit });
            }
            body.extend_from_slice(&piece);
        }
        Ok(Reply { status, clock, beadle, body: body.freeze() })
    }

    async fn piece(&self, answer: &mut reqwest::Response) -> Result<Option<Bytes>, CallError> {
        answer.chunk().await.map_err(CallError::of)
    }
}

/// Chooses the one crypto provider of the process, as whoever builds a client of `reqwest` must.
pub fn install_crypto() {
    // A second installation is refused, and the first one stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A query in the form that clients put on the wire. Browsers and HTTP libraries encode these
/// characters when they send a URL, so a checksum over anything else would not match there
/// (URL standard, "special-query percent-encode set").
fn as_sent(query: &str) -> Cow<'_, str> {
    let plain =
        |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'#' | b'<' | b'>' | b'\'');
    if query.bytes().all(plain) {
        return Cow::Borrowed(query);
    }
    let mut out = String::with_capacity(query.len() + 16);
    for byte in query.bytes() {
        if plain(byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(percent_encoding::percent_encode_byte(byte));
        }
    }
    Cow::Owned(out)
}
