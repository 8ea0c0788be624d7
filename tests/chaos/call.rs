//! HTTP as plain as it can be: one connection for each call.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use ::beadle::bbb::checksum::{Algorithm, Checksum};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What front ends sign with.
pub(crate) const SECRET: &str = "the front ends'";

/// Far above every budget: whoever waits longer is not answered at all.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) body: String,
}

impl Answer {
    /// The text of the first element with this name.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.body.split_once(&format!("<{name}>"))?;
        Some(rest.split_once(&format!("</{name}>"))?.0)
    }

    pub(crate) fn succeeded(&self) -> bool {
        self.text("returncode") == Some("SUCCESS")
    }

    /// Whether it says that there is no such meeting.
    pub(crate) fn denies(&self) -> bool {
        self.text("returncode") == Some("FAILED")
            && matches!(
                self.text("messageKey"),
                Some("notFound" | "meetingNotFound" | "invalidMeetingIdentifier")
            )
    }

    /// What is worth telling of it.
    pub(crate) fn gist(&self) -> String {
        let body: String = self.body.chars().take(300).collect();
        let body = body.replace('\n', "");
        format!("{} {} {body}", self.status, self.location.as_deref().unwrap_or("-"))
    }

    fn read(bytes: &[u8]) -> io::Result<Self> {
        let cut_off = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let text = std::str::from_utf8(bytes).map_err(io::Error::other)?;
        let (head, body) = text.split_once("\r\n\r\n").ok_or_else(cut_off)?;
        let field = |name: &str| {
            let mut fields = head.split("\r\n").filter_map(|line| line.split_once(": "));
            fields.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        };
        let length = field("content-length").and_then(|length| length.parse().ok());
        if length.is_some_and(|length: usize| length != body.len()) {
            return Err(cut_off());
        }
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let location = field("location").map(str::to_owned);
        Ok(Self { status: status.ok_or_else(cut_off)?, location, body: body.to_owned() })
    }
}

/// A signed call of a front end.
pub(crate) async fn call(address: SocketAddr, call: &str, query: &str) -> io::Result<Answer> {
    let checksum = Checksum::of(Algorithm::Sha256, call, query, SECRET);
    let joint = if query.is_empty() { "" } else { "&" };
    let checksum = checksum.as_str();
    get(address, &format!("/bigbluebutton/api/{call}?{query}{joint}checksum={checksum}")).await
}

/// What a browser does.
pub(crate) async fn get(address: SocketAddr, target: &str) -> io::Result<Answer> {
    let request = format!("GET {target} HTTP/1.1\r\nHost: school\r\nConnection: close\r\n\r\n");
    let exchange = async { exchange(TcpStream::connect(address).await?, &request).await };
    tokio::time::timeout(PATIENCE, exchange).await?
}

/// One request, and all that comes until the connection ends.
pub(crate) async fn exchange(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    request: &str,
) -> io::Result<Answer> {
    stream.write_all(request.as_bytes()).await?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await?;
    Answer::read(&bytes)
}
