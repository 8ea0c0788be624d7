//! One HTTP answer, in a buffer that a connection reuses.
//!
//! The body is written first and the head, which needs its length, into the room left before it:
//! so an answer is one buffer and one write.

use super::xml::Xml;

/// What BBB calls its XML.
pub(super) const XML: &str = "text/xml;charset=utf-8";
/// What BBB calls its JSON.
pub(super) const JSON: &str = "application/json;charset=utf-8";
/// What error pages are.
pub(super) const HTML: &str = "text/html";

/// Room for a head without additional header fields.
const HEAD_ROOM: usize = 192;
/// A buffer that grew beyond this is given back after the answer, in bytes.
const KEPT: usize = 64 * 1024;

/// The answer being written.
pub(super) struct Reply {
    buffer: Vec<u8>,
    start: usize,
    body_at: usize,
    status: u16,
    content_type: &'static str,
    fields: String,
}

impl Reply {
    pub(super) fn new() -> Self {
        Self {
            buffer: vec![0; HEAD_ROOM],
            start: 0,
            body_at: HEAD_ROOM,
            status: 200,
            content_type: XML,
            fields: String::new(),
        }
    }

    /// Begins a new answer and drops what was written of another.
    pub(super) fn begin(&mut self, status: u16, content_type: &'static str) -> &mut Self {
        self.buffer.clear();
        self.buffer.shrink_to(KEPT);
        self.buffer.resize(HEAD_ROOM, 0);
        self.body_at = HEAD_ROOM;
        self.status = status;
        self.content_type = content_type;
        self.fields.clear();
        self
    }

    /// Begins an answer with status 200 in XML.
    pub(super) fn xml(&mut self) -> Xml<'_> {
        Xml(&mut self.begin(200, XML).buffer)
    }

    /// Appends to the body.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// An error page, as the web server before BBB sends it.
    pub(super) fn page(&mut self, status: u16) {
        let page = format!(
            "<html><head><title>{status}</title></head><body><h1>{status} {}</h1></body></html>\n",
            reason(status)
        );
        self.begin(status, HTML).push(page.as_bytes());
    }

    /// Where a join leads to: a browser sees that it has arrived.
    pub(super) fn room(&mut self) {
        let page = "<html><head><title>Simulated class</title></head><body>\
                    <h1>You are in the simulated class.</h1></body></html>\n";
        self.begin(200, HTML).push(page.as_bytes());
    }

    /// Sends the client elsewhere. The fields must be free of control characters.
    pub(super) fn redirect(&mut self, location: &str, cookie: Option<&str>) {
        self.begin(302, XML);
        self.fields = match cookie {
            Some(cookie) => format!("Location: {location}\r\nSet-Cookie: {cookie}\r\n"),
            None => format!("Location: {location}\r\n"),
        };
    }

    /// BBB's usual refusal.
    pub(super) fn failed(&mut self, key: &str, message: &str) {
        self.xml()
            .open("response")
            .text("returncode", "FAILED")
            .text("messageKey", key)
            .text("message", message)
            .close("response");
    }

    /// BBB's other form of a refusal.
    pub(super) fn errors_form(&mut self, key: &str, message: &str) {
        self.xml()
            .open("response")
            .text("returncode", "FAILED")
            .open("errors")
            .open("error")
            .text("key", key)
            .text("message", message)
            .close("error")
            .close("errors")
            .close("response");
    }

    /// Puts the head before the body.
    pub(super) fn seal(&mut self, keep_alive: bool) {
        let length = self.buffer.len() - self.body_at;
        let head = format!(
            "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nCache-Control: no-cache\r\n\
             Content-Length: {length}\r\n{}{}\r\n",
            self.status,
            reason(self.status),
            self.content_type,
            if keep_alive { "" } else { "Connection: close\r\n" },
            self.fields,
        );
        if let Some(start) = self.body_at.checked_sub(head.len())
            && let Some(room) = self.buffer.get_mut(start..self.body_at)
        {
            room.copy_from_slice(head.as_bytes());
            self.start = start;
        } else {
            self.body_at = head.len();
            self.start = 0;
            self.buffer.splice(..HEAD_ROOM, head.into_bytes());
        }
    }

    /// The whole sealed answer.
    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// The head and the first half of the body of the sealed answer.
    pub(super) fn half(&self) -> &[u8] {
        let body = self.buffer.len() - self.body_at;
        self.buffer.get(self.start..self.body_at + body / 2).unwrap_or_default()
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Payload Too Large",
        414 => "URI Too Long",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}
