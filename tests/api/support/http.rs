//! HTTP to the byte: what is sent is what the test wrote, what comes back is taken apart.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than any answer takes, so that a test fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(30);

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The value of a header field; there must not be two.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.fields.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "two fields {name} in {self:?}");
        value
    }

    pub(crate) fn body(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    /// The text of the first element with this name, as it stands in the document.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let body = self.body();
        if body.contains(&format!("<{name}/>")) {
            return Some("");
        }
        let (_, rest) = body.split_once(&format!("<{name}>"))?;
        Some(rest.split_once(&format!("</{name}>"))?.0)
    }

    /// The same, where it must be there.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.text(name).unwrap_or_else(|| panic!("no {name} in {}", self.body()))
    }

    /// How often an element begins.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.body().matches(&format!("<{name}>")).count()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body()))
    }

    /// The call worked: HTTP 200, XML, returncode SUCCESS.
    #[track_caller]
    pub(crate) fn succeeded(&self) -> &Self {
        self.is_xml();
        assert_eq!(self.field("returncode"), "SUCCESS", "{}", self.body());
        self
    }

    /// The call was refused in the way that front ends understand, with this key. Message and key
    /// are both there.
    #[track_caller]
    pub(crate) fn refused(&self, key: &str) -> &Self {
        self.is_xml();
        assert_eq!(self.field("returncode"), "FAILED", "{}", self.body());
        assert_eq!(self.field("messageKey"), key, "{}", self.body());
        assert!(self.text("message").is_some(), "no message in {}", self.body());
        self
    }

    /// The same with exactly this message.
    #[track_caller]
    pub(crate) fn refused_with(&self, key: &str, message: &str) -> &Self {
        self.refused(key);
        assert_eq!(self.field("message"), message);
        self
    }

    #[track_caller]
    fn is_xml(&self) {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        assert_eq!(self.header("content-type"), Some("application/xml; charset=utf-8"));
        assert_eq!(self.header("cache-control"), Some("no-cache"));
    }
}

/// A connection that stays open.
pub(crate) struct Connection<S> {
    pub(crate) stream: S,
    unread: Vec<u8>,
}

impl Connection<TcpStream> {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        Self::new(stream)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, unread: Vec::new() }
    }

    /// Sends bytes as they are.
    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref()).await
    }

    /// The next answer; none when the connection was closed instead.
    pub(crate) async fn answer(&mut self) -> Option<Answer> {
        self.answer_to("GET").await
    }

    /// The same for a method that decides how the answer ends.
    pub(crate) async fn answer_to(&mut self, method: &str) -> Option<Answer> {
        let (mut answer, head) = loop {
            if let Some(parsed) = parse_head(&self.unread) {
                break parsed;
            }
            if !self.more().await {
                assert!(self.unread.is_empty(), "half a head: {:?}", self.unread);
                return None;
            }
        };
        self.unread.drain(..head);
        if method == "HEAD" {
            return Some(answer);
        }
        if answer.header("transfer-encoding").is_some() {
            answer.body = self.chunks().await;
            return Some(answer);
        }
        let length: usize = answer.header("content-length").map_or(0, |n| n.parse().expect("n"));
        while self.unread.len() < length {
            assert!(self.more().await, "the body ends early");
        }
        answer.body = self.unread.drain(..length).collect();
        Some(answer)
    }

    /// Reads until the other side closes the connection; what came is given back.
    pub(crate) async fn rest(mut self) -> Vec<u8> {
        while self.more().await {}
        self.unread
    }

    async fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let end = loop {
                match self.unread.windows(2).position(|two| two == b"\r\n") {
                    Some(end) => break end,
                    None => assert!(self.more().await, "the chunks end early"),
                }
            };
            let line = String::from_utf8(self.unread.drain(..end + 2).collect()).expect("a size");
            let size = usize::from_str_radix(line.trim(), 16).expect("a size");
            while self.unread.len() < size + 2 {
                assert!(self.more().await, "the chunk ends early");
            }
            body.extend(self.unread.drain(..size + 2).take(size));
            if size == 0 {
                return body;
            }
        }
    }

    /// Whether something came. A reset is an end like any other here.
    async fn more(&mut self) -> bool {
        let read = tokio::time::timeout(PATIENCE, self.stream.read_buf(&mut self.unread));
        read.await.expect("an answer, or an end, in time").unwrap_or_default() > 0
    }
}

/// Sends bytes on a connection of its own; none when it is closed without an answer.
pub(crate) async fn send(address: SocketAddr, request: impl AsRef<[u8]>) -> Option<Answer> {
    let request = request.as_ref();
    let mut connection = Connection::open(address).await;
    // Whoever is refused early may not get everything sent; the answer tells.
    let _ = connection.write(request).await;
    let head = request.starts_with(b"HEAD ");
    connection.answer_to(if head { "HEAD" } else { "GET" }).await
}

/// Opens an address like a browser, which first writes it in the way of the URL standard.
pub(crate) async fn browse(address: &str) -> Answer {
    let url = reqwest::Url::parse(address).expect("an address");
    let target = format!("{}?{}", url.path(), url.query().unwrap_or_default());
    let server = url.socket_addrs(|| None).expect("a host")[0];
    let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    send(server, request).await.expect("an answer")
}

fn parse_head(bytes: &[u8]) -> Option<(Answer, usize)> {
    let mut fields = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(length) = response.parse(bytes).expect("an HTTP answer") else {
        return None;
    };
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let fields = response.headers.iter().map(|f| (f.name.to_owned(), text(f.value)));
    let status = response.code.expect("a status");
    Some((Answer { status, fields: fields.collect(), body: Vec::new() }, length))
}
