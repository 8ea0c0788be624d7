//! The calls of the API that a simulated server knows.

/// A call of the BBB API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// The index: the version of the API.
    Index,
    /// `create`
    Create,
    /// `join`
    Join,
    /// `isMeetingRunning`
    IsMeetingRunning,
    /// `end`
    End,
    /// `getMeetingInfo`
    GetMeetingInfo,
    /// `getMeetings`
    GetMeetings,
    /// `getSessions`
    GetSessions,
    /// `insertDocument`
    InsertDocument,
    /// `sendChatMessage`, since BBB 3.0
    SendChatMessage,
    /// `getRecordings`
    GetRecordings,
    /// `publishRecordings`
    PublishRecordings,
    /// `deleteRecordings`
    DeleteRecordings,
    /// `updateRecordings`
    UpdateRecordings,
    /// `getRecordingTextTracks`
    GetRecordingTextTracks,
    /// `putRecordingTextTrack`
    PutRecordingTextTrack,
}

impl Call {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Index,
        Self::Create,
        Self::Join,
        Self::IsMeetingRunning,
        Self::End,
        Self::GetMeetingInfo,
        Self::GetMeetings,
        Self::GetSessions,
        Self::InsertDocument,
        Self::SendChatMessage,
        Self::GetRecordings,
        Self::PublishRecordings,
        Self::DeleteRecordings,
        Self::UpdateRecordings,
        Self::GetRecordingTextTracks,
        Self::PutRecordingTextTrack,
    ];

    /// The name in the URL, which is also what checksums begin with; empty for the index.
    pub fn name(self) -> &'static str {
        match self {
            Self::Index => "",
            Self::Create => "create",
            Self::Join => "join",
            Self::IsMeetingRunning => "isMeetingRunning",
            Self::End => "end",
            Self::GetMeetingInfo => "getMeetingInfo",
            Self::GetMeetings => "getMeetings",
            Self::GetSessions => "getSessions",
            Self::InsertDocument => "insertDocument",
            Self::SendChatMessage => "sendChatMessage",
            Self::GetRecordings => "getRecordings",
            Self::PublishRecordings => "publishRecordings",
            Self::DeleteRecordings => "deleteRecordings",
            Self::UpdateRecordings => "updateRecordings",
            Self::GetRecordingTextTracks => "getRecordingTextTracks",
            Self::PutRecordingTextTrack => "putRecordingTextTrack",
        }
    }

    /// The call that a path (without query) asks for.
    pub(super) fn of_path(path: &str) -> Option<Self> {
        let below = path.strip_prefix("/bigbluebutton")?;
        let name = match below {
            "" | "/" => "",
            _ => match below.strip_prefix("/api")? {
                "" => "",
                rest => rest.strip_prefix('/')?,
            },
        };
        Self::ALL.into_iter().find(|call| call.name() == name)
    }

    /// Whether BBB answers this call when it is sent with this HTTP method.
    pub(super) fn allows(self, method: &str) -> bool {
        match self {
            Self::InsertDocument | Self::PutRecordingTextTrack => method == "POST",
            Self::SendChatMessage
            | Self::Join
            | Self::PublishRecordings
            | Self::DeleteRecordings => method == "GET",
            _ => method == "GET" || method == "POST",
        }
    }
}
