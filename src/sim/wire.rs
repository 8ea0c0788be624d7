//! Reads HTTP/1.1 requests from a connection: keep-alive, bodies with a length or in chunks, and
//! `Expect: 100-continue`.

use std::io;
use std::ops::Range;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The longest head that is read, in bytes; the servers in the field stop earlier.
const HEAD_LIMIT: usize = 64 * 1024;
/// The longest body that is read, in bytes.
const BODY_LIMIT: usize = 128 * 1024 * 1024;
/// How much room a read has at least, and how much of it is kept between requests, in bytes.
const READ_ROOM: usize = 4 * 1024;

/// Why a connection ends.
pub(super) enum Broken {
    /// The client left, or the connection failed.
    Gone,
    /// The client sent what is no request, or too much; it deserves this status.
    Refused(u16),
}

impl From<io::Error> for Broken {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

/// One request, borrowed from the connection's buffer.
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    /// As it was sent, without the question mark.
    pub(super) query: &'a str,
    /// Trimmed, with its parameters.
    pub(super) content_type: Option<&'a str>,
    pub(super) body: &'a [u8],
}

/// The reading side of a connection.
pub(super) struct Wire {
    pub(super) stream: TcpStream,
    input: Vec<u8>,
}

/// A request that has arrived as a whole, before the bytes of the next one.
pub(super) struct Arrived {
    head: Head,
    body: Range<usize>,
    end: usize,
}

struct Head {
    method: String,
    target: String,
    content_type: Option<String>,
    keep_alive: bool,
    expects: bool,
    length: Length,
    end: usize,
}

#[derive(Clone, Copy)]
enum Length {
    Known(usize),
    Chunked,
}

impl Arrived {
    pub(super) fn keep_alive(&self) -> bool {
        self.head.keep_alive
    }
}

impl Wire {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, input: Vec::new() }
    }

    /// Waits for the next request.
    pub(super) async fn next(&mut self) -> Result<Arrived, Broken> {
        let head = loop {
            if let Some(head) = parse_head(&self.input)? {
                break head;
            }
            self.fill().await?;
        };
        if head.expects && self.input.len() == head.end {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        let (body, end) = match head.length {
            Length::Known(length) => {
                let end = head.end + length;
                self.fill_to(end).await?;
                (head.end..end, end)
            }
            Length::Chunked => self.read_chunks(head.end).await?,
        };
        Ok(Arrived { head, body, end })
    }

    /// The request that has arrived.
    pub(super) fn request<'a>(&'a self, arrived: &'a Arrived) -> Request<'a> {
        let target = arrived.head.target.as_str();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Request {
            method: &arrived.head.method,
            path,
            query,
            content_type: arrived.head.content_type.as_deref(),
            body: self.input.get(arrived.body.clone()).unwrap_or_default(),
        }
    }

    /// Makes room for the next request.
    pub(super) fn done_with(&mut self, arrived: &Arrived) {
        self.input.drain(..arrived.end.min(self.input.len()));
        if self.input.is_empty() {
            self.input.shrink_to(READ_ROOM);
        }
    }

    /// Waits until the client leaves.
    pub(super) async fn linger(&mut self) {
        let mut ignored = [0; 512];
        while let Ok(1..) = self.stream.read(&mut ignored).await {}
    }

    /// Reads a body in chunks and joins them in place; returns where it lies and where the
    /// request ends.
    async fn read_chunks(&mut self, start: usize) -> Result<(Range<usize>, usize), Broken> {
        let (mut read, mut written) = (start, start);
        loop {
            let line = self.line(read).await?;
            let size = chunk_size(self.input.get(line.clone()).unwrap_or_default())?;
            read = line.end + 2;
            if size == 0 {
                return Ok((start..written, self.skip_trailers(read).await?));
            }
            if written - start + size > BODY_LIMIT {
                return Err(Broken::Refused(413));
            }
            self.fill_to(read + size + 2).await?;
            self.input.copy_within(read..read + size, written);
            written += size;
            read += size + 2;
        }
    }

    async fn skip_trailers(&mut self, mut at: usize) -> Result<usize, Broken> {
        loop {
            let line = self.line(at).await?;
            at = line.end + 2;
            if line.is_empty() {
                return Ok(at);
            }
        }
    }

    /// The line that begins at `at`, without its end.
    async fn line(&mut self, at: usize) -> Result<Range<usize>, Broken> {
        loop {
            let rest = self.input.get(at..).unwrap_or_default();
            if let Some(length) = memchr::memmem::find(rest, b"\r\n") {
                return Ok(at..at + length);
            }
            if rest.len() > HEAD_LIMIT {
                return Err(Broken::Refused(400));
            }
            self.fill().await?;
        }
    }

    async fn fill_to(&mut self, length: usize) -> Result<(), Broken> {
        while self.input.len() < length {
            self.fill().await?;
        }
        Ok(())
    }

    async fn fill(&mut self) -> Result<(), Broken> {
        self.input.reserve(READ_ROOM);
        match self.stream.read_buf(&mut self.input).await? {
            0 => Err(Broken::Gone),
            _ => Ok(()),
        }
    }
}

/// The head of the request at the beginning of `input`, if it is all there.
fn parse_head(input: &[u8]) -> Result<Option<Head>, Broken> {
    if input.is_empty() {
        return Ok(None);
    }
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut fields);
    let end = match request.parse(input) {
        Ok(httparse::Status::Complete(end)) if end <= HEAD_LIMIT => end,
        Ok(httparse::Status::Partial) if input.len() <= HEAD_LIMIT => return Ok(None),
        Ok(_) => return Err(Broken::Refused(414)),
        Err(_) => return Err(Broken::Refused(400)),
    };
    let mut head = Head {
        method: request.method.unwrap_or_default().to_owned(),
        target: request.path.unwrap_or_default().to_owned(),
        content_type: None,
        keep_alive: request.version == Some(1),
        expects: false,
        length: Length::Known(0),
        end,
    };
    for field in request.headers {
        let Ok(value) = std::str::from_utf8(field.value) else { continue };
        head.read_field(field.name, value.trim())?;
    }
    Ok(Some(head))
}

impl Head {
    fn read_field(&mut self, name: &str, value: &str) -> Result<(), Broken> {
        if name.eq_ignore_ascii_case("content-length") {
            let length = value.parse().map_err(|_| Broken::Refused(400))?;
            if length > BODY_LIMIT {
                return Err(Broken::Refused(413));
            }
            if matches!(self.length, Length::Known(_)) {
                self.length = Length::Known(length);
            }
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            self.length = Length::Chunked;
        } else if name.eq_ignore_ascii_case("content-type") {
            self.content_type = Some(value.to_owned());
        } else if name.eq_ignore_ascii_case("connection") {
            self.keep_alive &= !value.eq_ignore_ascii_case("close");
        } else if name.eq_ignore_ascii_case("expect") {
            self.expects = value.eq_ignore_ascii_case("100-continue");
        }
        Ok(())
    }
}

/// The size that a chunk's first line gives, in bytes.
fn chunk_size(line: &[u8]) -> Result<usize, Broken> {
    let digits = std::str::from_utf8(line).ok().and_then(|line| line.split(';').next());
    let size = digits.and_then(|digits| usize::from_str_radix(digits.trim(), 16).ok());
    match size {
        Some(size) if size <= BODY_LIMIT => Ok(size),
        Some(_) => Err(Broken::Refused(413)),
        None => Err(Broken::Refused(400)),
    }
}
