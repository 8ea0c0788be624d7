//! The calls of the API: their names, methods and the bodies they take.

/// A call of the BigBlueButton API that beadle answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Call {
    /// Tells the API's version; not signed.
    Index,
    /// Starts a meeting, or finds it running.
    Create,
    /// Sends a browser into a meeting.
    Join,
    /// Whether somebody is in a meeting.
    IsMeetingRunning,
    /// Everything about one meeting.
    GetMeetingInfo,
    /// Everything about all meetings.
    GetMeetings,
    /// Ends a meeting.
    End,
    /// Adds slides to a running meeting.
    InsertDocument,
    /// Writes into a running meeting's chat.
    SendChatMessage,
    /// Who is in which meeting.
    GetSessions,
    /// Lists recordings.
    GetRecordings,
    /// Shows or hides recordings.
    PublishRecordings,
    /// Removes recordings.
    DeleteRecordings,
    /// Changes recordings' metadata.
    UpdateRecordings,
    /// Lists a recording's captions, in JSON.
    GetRecordingTextTracks,
    /// Adds captions to a recording; answers in JSON.
    PutRecordingTextTrack,
}

/// What kind of body a request brings, by its `Content-Type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    /// `application/x-www-form-urlencoded`: parameters.
    Form,
    /// `multipart/form-data`: parameters, and files.
    Multipart,
    /// XML: slides and client settings.
    Xml,
}

impl BodyKind {
    /// The kind that a `Content-Type` names; what follows `;` does not count (BBB issue 20384).
    pub fn of(content_type: &str) -> Option<Self> {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        let is = |name: &str| essence.eq_ignore_ascii_case(name);
        if is("application/x-www-form-urlencoded") {
            Some(Self::Form)
        } else if is("multipart/form-data") {
            Some(Self::Multipart)
        } else if is("application/xml") || is("text/xml") || is("application/x-xml") {
            Some(Self::Xml)
        } else {
            None
        }
    }
}

impl Call {
    /// All calls.
    pub const ALL: [Self; 16] = [
        Self::Index,
        Self::Create,
        Self::Join,
        Self::IsMeetingRunning,
        Self::GetMeetingInfo,
        Self::GetMeetings,
        Self::End,
        Self::InsertDocument,
        Self::SendChatMessage,
        Self::GetSessions,
        Self::GetRecordings,
        Self::PublishRecordings,
        Self::DeleteRecordings,
        Self::UpdateRecordings,
        Self::GetRecordingTextTracks,
        Self::PutRecordingTextTrack,
    ];

    /// The name in the URL and in the signed text; empty for the index.
    pub fn name(self) -> &'static str {
        match self {
            Self::Index => "",
            Self::Create => "create",
            Self::Join => "join",
            Self::IsMeetingRunning => "isMeetingRunning",
            Self::GetMeetingInfo => "getMeetingInfo",
            Self::GetMeetings => "getMeetings",
            Self::End => "end",
            Self::InsertDocument => "insertDocument",
            Self::SendChatMessage => "sendChatMessage",
            Self::GetSessions => "getSessions",
            Self::GetRecordings => "getRecordings",
            Self::PublishRecordings => "publishRecordings",
            Self::DeleteRecordings => "deleteRecordings",
            Self::UpdateRecordings => "updateRecordings",
            Self::GetRecordingTextTracks => "getRecordingTextTracks",
            Self::PutRecordingTextTrack => "putRecordingTextTrack",
        }
    }

    /// The call of this name, in exactly this letter case.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|call| call.name() == name)
    }

    /// Whether it can be asked by GET (and HEAD).
    pub fn by_get(self) -> bool {
        !matches!(self, Self::InsertDocument | Self::PutRecordingTextTrack)
    }

    /// Whether it can be asked by POST.
    pub fn by_post(self) -> bool {
        self != Self::SendChatMessage
    }

    /// Whether a POST may bring a body of this kind (contract since BBB 2.6.18 and 2.7.8).
    pub fn takes(self, kind: BodyKind) -> bool {
        match self {
            Self::Create => true,
            Self::InsertDocument => kind == BodyKind::Xml,
            Self::PutRecordingTextTrack => kind == BodyKind::Multipart,
            _ => kind != BodyKind::Xml,
        }
    }
}
