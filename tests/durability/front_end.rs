//! A front end and an operator, as plain as HTTP can be: one connection for each call.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use beadle::bbb::checksum::{Algorithm, Checksum};
use beadle::bbb::params::encode;

/// What the front end signs with.
pub(crate) const SECRET: &str = "the front end's secret";

/// Long enough that only a hanging beadle exceeds it.
const PATIENCE: Duration = Duration::from_secs(30);

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

/// A front end of a beadle.
#[derive(Clone, Copy)]
pub(crate) struct FrontEnd(pub(crate) SocketAddr);

impl FrontEnd {
    /// A signed call. An error when beadle goes away in the middle.
    pub(crate) fn call(self, call: &str, params: &[(&str, &str)]) -> io::Result<Answer> {
        let params: Vec<_> =
            params.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let query = params.join("&");
        let checksum = Checksum::of(Algorithm::Sha256, call, &query, SECRET);
        self.get(&format!("/bigbluebutton/api/{call}?{query}&checksum={}", checksum.as_str()))
    }

    pub(crate) fn get(self, path: &str) -> io::Result<Answer> {
        let stream = TcpStream::connect(self.0)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        exchange(stream, &format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
    }

    pub(crate) fn create(self, id: &str) -> io::Result<Answer> {
        self.call("create", &[("meetingID", id), ("name", "a class")])
    }

    pub(crate) fn info(self, id: &str) -> io::Result<Answer> {
        self.call("getMeetingInfo", &[("meetingID", id)])
    }

    pub(crate) fn end(self, id: &str) -> io::Result<Answer> {
        self.call("end", &[("meetingID", id)])
    }

    pub(crate) fn join(self, id: &str) -> io::Result<Answer> {
        self.call("join", &[("meetingID", id), ("fullName", "Ada"), ("role", "VIEWER")])
    }
}

/// The operator of a beadle, at its socket.
pub(crate) struct Operator(pub(crate) PathBuf);

impl Operator {
    pub(crate) fn post(&self, path: &str, body: &str) -> io::Result<Answer> {
        let stream = UnixStream::connect(&self.0)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let length = body.len();
        let head = format!(
            "POST /beadle/api/v1{path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        );
        exchange(stream, &format!("{head}{body}"))
    }
}

fn exchange(mut stream: impl Read + Write, request: &str) -> io::Result<Answer> {
    stream.write_all(request.as_bytes())?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    Answer::read(&bytes)
}
