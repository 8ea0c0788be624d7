//! Refusals: a key that programs read and a message that people read.

use std::borrow::Cow;

use super::xml;

/// A FAILED answer. Key and message are always both sent: clients break where one is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The `messageKey`.
    pub key: Cow<'static, str>,
    /// The `message`.
    pub message: Cow<'static, str>,
}

impl Failure {
    /// A refusal with a fixed key and any message.
    pub fn new(key: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { key: Cow::Borrowed(key), message: message.into() }
    }

    /// No such call.
    pub fn unsupported_request() -> Self {
        Self::new("unsupportedRequest", "This request is not supported.")
    }

    /// The body is of a kind that the call does not take.
    pub fn unsupported_content_type() -> Self {
        Self::new("unsupportedContentType", "POST request Content-Type is missing or unsupported")
    }

    /// Missing, wrong or ambiguous checksum.
    pub fn checksum() -> Self {
        Self::new("checksumError", "You did not pass the checksum security check")
    }

    /// A call about a meeting came without its id.
    pub fn missing_meeting_id() -> Self {
        Self::new("missingParamMeetingID", "You must specify a meeting ID for the meeting.")
    }

    /// No such meeting among the caller's.
    pub fn meeting_not_found() -> Self {
        Self::new(
            "notFound",
            "We could not find a meeting with that meeting ID - perhaps the meeting is not yet running?",
        )
    }

    /// The same for `sendChatMessage`, whose callers expect another key.
    pub fn chat_meeting_not_found() -> Self {
        Self::new("meetingNotFound", "Meeting not found or not active")
    }

    /// The meeting's server lets nobody in now.
    pub fn server_unavailable() -> Self {
        Self::new("serverUnavailable", "The server for this meeting is disabled/offline.")
    }

    /// No server that could take a new meeting.
    pub fn no_server() -> Self {
        Self::internal("Could not find any available servers.")
    }

    /// No server with a tag that the create insists on.
    pub fn no_server_with_tag(tag: &str) -> Self {
        Self::new(
            "serverTagUnavailable",
            format!("There is no available server with the required tag={tag}."),
        )
    }

    /// All servers that could take the meeting are at their limit.
    pub fn all_full() -> Self {
        Self::new(
            "maxConcurrent",
            "All servers are at their limit of meetings or people. Please try again later.",
        )
    }

    /// Something the caller cannot mend.
    pub fn internal(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new("internalError", message)
    }

    /// The request itself is not well-formed.
    pub fn validation(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new("validationError", message)
    }

    /// The parameters do not fit into an address, in which they go on to a server.
    pub fn too_long() -> Self {
        Self::validation(
            "The parameters are too long to be passed on; at most 64 KiB are possible.",
        )
    }

    /// The answer as XML.
    pub fn to_xml(&self) -> String {
        let mut out = String::with_capacity(128 + self.key.len() + self.message.len());
        out.push_str("<response><returncode>FAILED</returncode>");
        xml::element(&mut out, "messageKey", &self.key);
        xml::element(&mut out, "message", &self.message);
        out.push_str("</response>");
        out
    }
}
