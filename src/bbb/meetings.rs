//! The list of meetings that a server answers to `getMeetings`, and in a shorter form to
//! `getSessions`.
//!
//! Each `<meeting>` is kept as the range of bytes it takes in the document, so that a list of many
//! servers can be put together without touching a byte of what they said.

use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::answer::{Answer, DEEPEST, Outcome, Unreadable};
use super::{Failure, origin, xml};

/// One meeting of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// Where `<meeting>…</meeting>` stands in the document, in bytes.
    pub range: Range<usize>,
    /// `meetingID`.
    pub id: String,
    /// `internalMeetingID`.
    pub internal_id: String,
    /// `meetingName`.
    pub name: String,
    /// `createTime`, in milliseconds since 1970.
    pub create_time: u64,
    /// `participantCount`.
    pub participants: u32,
    /// `moderatorCount`.
    pub moderators: u32,
    /// `voiceParticipantCount`.
    pub voices: u32,
    /// `videoCount`.
    pub videos: u32,
    /// `isBreakout`.
    pub breakout: bool,
    /// `hasBeenForciblyEnded`: it is over, and listed for a little longer.
    pub forcibly_ended: bool,
    /// `moderatorPW`.
    pub moderator_pw: String,
    /// `voiceBridge`.
    pub voice_bridge: String,
    /// `metadata/tenant-id`.
    pub tenant: Option<String>,
    /// `metadata/beadle-origin`: see [`origin`].
    pub origin: Option<String>,
}

/// Why a list could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoList {
    /// Not an answer of the API.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// No server holds so many meetings.
    #[error("its list names more than {MOST_MEETINGS} meetings, which no server can hold")]
    TooMany,
    /// The server refused.
    #[error("the server answered {}: {}", .0.key, .0.message)]
    Refused(Failure),
}

/// Reads the meetings of a `getMeetings` answer.
pub fn read(body: &str) -> Result<Vec<Listed>, NoList> {
    if let Outcome::Failed { failure, .. } = Answer::outcome(body.as_bytes())? {
        return Err(NoList::Refused(failure));
    }
    Scan::new(body, "meeting").run()
}

/// A count in which servers may separate thousands (`1,024`, BBB prints them by locale). One that
/// is too large is the largest, since it must not pass for nobody.
fn count(text: &str) -> u32 {
    let digits = text.bytes().filter(u8::is_ascii_digit);
    digits.fold(0, |sum: u32, digit| sum.saturating_mul(10).saturating_add(u32::from(digit - b'0')))
}

struct Scan<'a> {
    reader: Reader<&'a [u8]>,
    element: &'static str,
    depth: usize,
    current: Option<Listed>,
    field: Field,
    metadata: bool,
    text: String,
    found: Vec<Listed>,
}

/// The element of a meeting whose text is being read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    None,
    Id,
    InternalId,
    Name,
    CreateTime,
    Participants,
    Moderators,
    Voices,
    Videos,
    Breakout,
    ForciblyEnded,
    ModeratorPw,
    VoiceBridge,
    Tenant,
    Origin,
}

/// No server holds so many; one that lists more is out of its mind.
const MOST_MEETINGS: usize = 20_000;

/// Depth of a `<meeting>`: below the root and its list.
const MEETING: usize = 3;

impl<'a> Scan<'a> {
    fn new(body: &'a str, element: &'static str) -> Self {
        Self {
            reader: Reader::from_str(body),
            element,
            depth: 0,
            current: None,
            field: Field::None,
            metadata: false,
            text: String::new(),
            found: Vec::new(),
        }
    }

    fn run(mut self) -> Result<Vec<Listed>, NoList> {
        loop {
            let before = self.position();
            match self.reader.read_event().map_err(|_| Unreadable::Malformed)? {
                Event::Eof if self.depth == 0 => return Ok(self.found),
                Event::Eof => return Err(Unreadable::Malformed.into()),
                Event::Start(_) if self.depth >= DEEPEST => {
                    return Err(Unreadable::Malformed.into());
                }
                _ if self.found.len() > MOST_MEETINGS => return Err(NoList::TooMany),
                Event::Start(start) => self.open(&start, before),
                Event::Empty(start) => {
                    self.open(&start, before);
                    self.close();
                }
                Event::Text(text) if self.field != Field::None => {
                    self.text.push_str(&text);
                }
                Event::GeneralRef(reference) if self.field != Field::None => {
                    xml::push_reference(&mut self.text, &reference);
                }
                Event::CData(data) if self.field != Field::None => {
                    self.text.push_str(&data);
                }
                Event::End(_) => self.close(),
                _ => {}
            }
        }
    }

    fn position(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    fn open(&mut self, start: &BytesStart<'_>, before: usize) {
        self.depth += 1;
        let name = start.name();
        let name = name.as_ref();
        if self.depth == MEETING && name == self.element {
            self.current = Some(Listed { range: before..before, ..Listed::default() });
        }
        if self.depth == MEETING + 1 {
            self.metadata = name == "metadata";
        }
        self.field = match self.depth.checked_sub(MEETING) {
            Some(1) => field(name),
            Some(2) if self.metadata && name == "tenant-id" => Field::Tenant,
            Some(2) if self.metadata && name == origin::METADATA => Field::Origin,
            _ => Field::None,
        };
        self.text.clear();
    }

    fn close(&mut self) {
        if let Some(meeting) = &mut self.current {
            store(meeting, self.field, &self.text);
        }
        self.field = Field::None;
        if self.depth == MEETING
            && let Some(mut meeting) = self.current.take()
        {
            meeting.range.end = self.position();
            self.found.push(meeting);
        }
        self.depth = self.depth.saturating_sub(1);
    }
}

fn field(name: &str) -> Field {
    match name {
        "meetingID" => Field::Id,
        "internalMeetingID" => Field::InternalId,
        "meetingName" => Field::Name,
        "createTime" => Field::CreateTime,
        "participantCount" => Field::Participants,
        "moderatorCount" => Field::Moderators,
        "voiceParticipantCount" => Field::Voices,
        "videoCount" => Field::Videos,
        "isBreakout" => Field::Breakout,
        "hasBeenForciblyEnded" => Field::ForciblyEnded,
        "moderatorPW" => Field::ModeratorPw,
        "voiceBridge" => Field::VoiceBridge,
        _ => Field::None,
    }
}

fn store(meeting: &mut Listed, field: Field, text: &str) {
    match field {
        Field::None => {}
        Field::Id => text.clone_into(&mut meeting.id),
        Field::InternalId => text.clone_into(&mut meeting.internal_id),
        Field::Name => text.clone_into(&mut meeting.name),
        Field::CreateTime => meeting.create_time = text.trim().parse().unwrap_or_default(),
        Field::Participants => meeting.participants = count(text),
        Field::Moderators => meeting.moderators = count(text),
        Field::Voices => meeting.voices = count(text),
        Field::Videos => meeting.videos = count(text),
        Field::Breakout => meeting.breakout = text.trim() == "true",
        Field::ForciblyEnded => meeting.forcibly_ended = text.trim() == "true",
        Field::ModeratorPw => text.clone_into(&mut meeting.moderator_pw),
        Field::VoiceBridge => text.clone_into(&mut meeting.voice_bridge),
        Field::Tenant => meeting.tenant = Some(text.to_owned()),
        Field::Origin => meeting.origin = Some(text.to_owned()),
    }
}
