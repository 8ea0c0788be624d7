//! A meeting on a simulated server, and the XML that tells of it.

use super::callback::Callback;
use super::xml::Xml;

/// How many people are in a meeting and what they do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct People {
    /// Who only takes part.
    pub viewers: u32,
    /// Who runs the meeting.
    pub moderators: u32,
    /// How many of them show a camera.
    pub cameras: u32,
    /// How many of them speak, by microphone or telephone.
    pub voice: u32,
    /// How many of them only listen.
    pub listeners: u32,
}

impl People {
    /// Everybody.
    pub fn total(self) -> u32 {
        self.viewers.saturating_add(self.moderators)
    }
}

/// A meeting to be made. Only the id has no default.
#[derive(Debug, Clone, Default)]
pub struct NewMeeting {
    /// The id that front ends use. For a breakout it becomes the internal id, as in BBB.
    pub meeting_id: String,
    /// What people see.
    pub name: String,
    /// `attendeePW`; made up when there is none.
    pub attendee_password: Option<String>,
    /// `moderatorPW`; made up when there is none.
    pub moderator_password: Option<String>,
    /// The number of the voice conference; made up when there is none.
    pub voice_bridge: Option<String>,
    /// The telephone number to dial in.
    pub dial_number: Option<String>,
    /// Where people go afterwards.
    pub logout_url: Option<String>,
    /// What is called when it has ended; so is the metadata `endcallbackurl`.
    pub ended_url: Option<String>,
    /// When the meeting ends by itself, in minutes; 0: never. It is shown, not enforced.
    pub duration: u32,
    /// How many people may join; 0: any number.
    pub max_participants: u32,
    /// Whether it may be recorded.
    pub record: bool,
    /// Whether presentations cannot be added.
    pub presentation_disabled: bool,
    /// Names in lower case, without `meta_`, and values.
    pub metadata: Vec<(String, String)>,
    /// For a breakout: external or internal id of the meeting it belongs to.
    pub parent: Option<String>,
    /// For a breakout: its number.
    pub sequence: u32,
    /// How many presentations come with it.
    pub documents: u32,
    /// Who is in it from the beginning.
    pub people: People,
}

impl NewMeeting {
    /// A plain, empty meeting whose name is its id.
    pub fn new(meeting_id: impl Into<String>) -> Self {
        let meeting_id = meeting_id.into();
        Self { name: meeting_id.clone(), meeting_id, ..Self::default() }
    }
}

/// What a simulated server knows of a meeting at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimMeeting {
    /// The id that front ends use.
    pub meeting_id: String,
    /// The id that is unique in time.
    pub internal_id: String,
    /// What people see.
    pub name: String,
    /// When it was made, in milliseconds since 1970.
    pub create_time: u64,
    /// `attendeePW`.
    pub attendee_password: String,
    /// `moderatorPW`.
    pub moderator_password: String,
    /// The number of the voice conference.
    pub voice_bridge: String,
    /// In minutes; 0: no end.
    pub duration: u32,
    /// How many people may join; 0: any number.
    pub max_participants: u32,
    /// Whether it may be recorded.
    pub record: bool,
    /// Whether somebody ever was in it.
    pub has_user_joined: bool,
    /// Who is in it.
    pub people: People,
    /// The full names of those who came by `join`, in that order.
    pub joined: Vec<String>,
    /// Names in lower case, without `meta_`, and values.
    pub metadata: Vec<(String, String)>,
    /// For a breakout: the internal id of the meeting it belongs to.
    pub parent: Option<String>,
    /// For a breakout: its number.
    pub sequence: u32,
    /// The internal ids of its breakouts.
    pub breakouts: Vec<String>,
    /// How many presentations were sent to it.
    pub documents: u32,
    /// How many chat messages were sent to it by the API.
    pub chat_messages: u32,
}

/// How a server writes its answers.
#[derive(Clone, Copy)]
pub(super) struct Style {
    /// Counts with a comma before every third digit.
    pub(super) grouped_counts: bool,
}

/// Somebody who came by `join`.
pub(super) struct Person {
    pub(super) user_id: String,
    pub(super) full_name: String,
    pub(super) moderator: bool,
    pub(super) custom: Vec<(String, String)>,
}

/// A meeting: the facts, the people, and the XML of both until something changes.
pub(super) struct Meeting {
    pub(super) facts: SimMeeting,
    pub(super) dial_number: String,
    pub(super) logout_url: Option<String>,
    pub(super) presentation_disabled: bool,
    /// It was ended and is still listed.
    pub(super) forcibly_ended: bool,
    ended_url: Option<String>,
    joined: Vec<Person>,
    xml: Option<Box<[u8]>>,
}

impl Meeting {
    /// `facts` are those of a meeting that nobody has joined by `join`.
    pub(super) fn new(facts: SimMeeting, new: NewMeeting) -> Self {
        let mut meeting = Self {
            facts,
            dial_number: new.dial_number.unwrap_or_else(|| "613-555-1234".to_owned()),
            logout_url: new.logout_url,
            presentation_disabled: new.presentation_disabled,
            forcibly_ended: false,
            ended_url: new.ended_url,
            joined: Vec::new(),
            xml: None,
        };
        meeting.change_people(|_| {});
        meeting
    }

    pub(super) fn is_running(&self) -> bool {
        self.facts.people.total() > 0
    }

    /// The full names of those who came by `join`.
    pub(super) fn joined_names(&self) -> impl Iterator<Item = &str> {
        self.joined.iter().map(|person| person.full_name.as_str())
    }

    /// Whom to tell that it has ended.
    pub(super) fn callbacks(&self) -> impl Iterator<Item = Callback> {
        let metadata = self.facts.metadata.iter();
        let in_metadata = metadata.filter(|(name, _)| name == "endcallbackurl");
        let urls = in_metadata.map(|(_, url)| url).chain(&self.ended_url);
        urls.map(|url| Callback::new(url, &self.facts.meeting_id))
    }

    /// Sends everybody away for good.
    pub(super) fn end(&mut self) {
        self.forcibly_ended = true;
        self.joined.clear();
        self.change_people(|people| *people = People::default());
    }

    pub(super) fn snapshot(&self) -> SimMeeting {
        let joined = self.joined_names().map(str::to_owned).collect();
        SimMeeting { joined, ..self.facts.clone() }
    }

    /// Forgets the XML; to be called after a change of what it shows.
    pub(super) fn changed(&mut self) {
        self.xml = None;
    }

    pub(super) fn join(&mut self, person: Person) {
        let moderator = person.moderator;
        self.joined.push(person);
        self.change_people(|people| {
            *(if moderator { &mut people.moderators } else { &mut people.viewers }) += 1;
        });
    }

    /// Changes the figures and keeps them possible: nobody has two cameras.
    pub(super) fn change_people(&mut self, change: impl FnOnce(&mut People)) {
        let people = &mut self.facts.people;
        change(people);
        let total = people.total();
        people.cameras = people.cameras.min(total);
        people.voice = people.voice.min(total);
        people.listeners = people.listeners.min(total - people.voice);
        self.facts.has_user_joined |= total > 0;
        self.changed();
    }

    /// Sends people away: first those who were made up, viewers before moderators, then those
    /// who joined, the last one first.
    pub(super) fn remove_people(&mut self, mut count: u32) {
        let mut people = self.facts.people;
        let named = self.named();
        let viewers = count.min(people.viewers - named.viewers);
        people.viewers -= viewers;
        count -= viewers;
        let moderators = count.min(people.moderators - named.moderators);
        people.moderators -= moderators;
        count -= moderators;
        for _ in 0..count {
            let Some(person) = self.joined.pop() else { break };
            *(if person.moderator { &mut people.moderators } else { &mut people.viewers }) -= 1;
        }
        self.change_people(|now| *now = people);
    }

    /// What getMeetings and getMeetingInfo show of the meeting.
    pub(super) fn xml(&mut self, style: Style) -> &[u8] {
        if self.xml.is_none() {
            let mut out = Vec::with_capacity(1024);
            self.write(&mut Xml(&mut out), style);
            self.xml = Some(out.into_boxed_slice());
        }
        self.xml.as_deref().unwrap_or_default()
    }

    /// The people who came by `join`, counted.
    fn named(&self) -> People {
        let mut named = People::default();
        for person in &self.joined {
            *(if person.moderator { &mut named.moderators } else { &mut named.viewers }) += 1;
        }
        named
    }

    fn write(&self, xml: &mut Xml<'_>, style: Style) {
        let facts = &self.facts;
        xml.text("meetingName", &facts.name)
            .text("meetingID", &facts.meeting_id)
            .text("internalMeetingID", &facts.internal_id)
            .number("createTime", facts.create_time)
            .text("createDate", &java_date(facts.create_time))
            .text("voiceBridge", &facts.voice_bridge)
            .text("dialNumber", &self.dial_number)
            .text("attendeePW", &facts.attendee_password)
            .text("moderatorPW", &facts.moderator_password)
            .flag("running", self.is_running())
            .number("duration", facts.duration)
            .flag("hasUserJoined", facts.has_user_joined)
            .flag("recording", facts.record)
            .flag("hasBeenForciblyEnded", self.forcibly_ended)
            .number("startTime", facts.create_time)
            .number("endTime", 0_u32);
        self.write_counts(xml, style);
        self.write_people(xml.open("attendees"));
        xml.close("attendees").open("metadata");
        for (name, value) in &facts.metadata {
            xml.text(name, value);
        }
        xml.close("metadata").flag("isBreakout", facts.parent.is_some());
        if let Some(parent) = &facts.parent {
            xml.text("parentMeetingID", parent).number("sequence", facts.sequence);
            xml.flag("freeJoin", false);
        }
        if !facts.breakouts.is_empty() {
            xml.open("breakoutRooms");
            for breakout in &facts.breakouts {
                xml.text("breakout", breakout);
            }
            xml.close("breakoutRooms");
        }
    }

    fn write_counts(&self, xml: &mut Xml<'_>, style: Style) {
        let people = self.facts.people;
        for (name, count) in [
            ("participantCount", people.total()),
            ("listenerCount", people.listeners),
            ("voiceParticipantCount", people.voice),
            ("videoCount", people.cameras),
            ("maxUsers", self.facts.max_participants),
            ("moderatorCount", people.moderators),
        ] {
            if style.grouped_counts {
                xml.grouped(name, count);
            } else {
                xml.number(name, count);
            }
        }
    }

    /// Those who joined, then the made-up moderators, then the made-up viewers. The first ones
    /// of all have the cameras and the microphones, the next ones listen.
    fn write_people(&self, xml: &mut Xml<'_>) {
        let people = self.facts.people;
        let named = self.named();
        let crowd_moderators = people.moderators - named.moderators;
        let crowd = (0..people.total() - named.total()).map(|number| {
            let moderator = number < crowd_moderators;
            let kind = if moderator { "Moderator" } else { "Viewer" };
            Person {
                user_id: format!("w_crowd{number}"),
                full_name: format!("{kind} {number}"),
                moderator,
                custom: Vec::new(),
            }
        });
        let mut presenter_known = false;
        let mut index = 0;
        let mut write = |person: &Person| {
            let presenter = person.moderator && !presenter_known;
            presenter_known |= presenter;
            person.write(xml, people, index, presenter);
            index += 1;
        };
        self.joined.iter().for_each(&mut write);
        crowd.for_each(|person| write(&person));
    }
}

impl Person {
    fn write(&self, xml: &mut Xml<'_>, people: People, index: u32, presenter: bool) {
        let voice = index < people.voice;
        xml.open("attendee")
            .text("userID", &self.user_id)
            .text("fullName", &self.full_name)
            .text("role", if self.moderator { "MODERATOR" } else { "VIEWER" })
            .flag("isPresenter", presenter)
            .flag("isListeningOnly", !voice && index < people.voice + people.listeners)
            .flag("hasJoinedVoice", voice)
            .flag("hasVideo", index < people.cameras)
            .text("clientType", "HTML5");
        if !self.custom.is_empty() {
            xml.open("customdata");
            for (name, value) in &self.custom {
                xml.text(name, value);
            }
            xml.close("customdata");
        }
        xml.close("attendee");
    }
}

/// A moment in milliseconds since 1970 as Java's `Date.toString` writes it in UTC.
pub(super) fn java_date(ms: u64) -> String {
    const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb"];
    let seconds = ms / 1000;
    let days = seconds / 86_400;
    // Years are counted from March 1st of the year 0, so that the leap day is a year's last.
    let since_0 = days + 719_468;
    let (era, day_of_era) = (since_0 / 146_097, since_0 % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year_of_era + u64::from(month >= 10);
    format!(
        "{} {} {day:02} {:02}:{:02}:{:02} UTC {year}",
        pick(&WEEKDAYS, days % 7),
        pick(&MONTHS, month),
        seconds / 3600 % 24,
        seconds / 60 % 60,
        seconds % 60,
    )
}

fn pick(names: &[&'static str], index: u64) -> &'static str {
    usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::java_date;

    #[test]
    fn dates_are_written_as_java_does() {
        // Checked with `date -u -d @…`.
        for (seconds, text) in [
            (0, "Thu Jan 01 00:00:00 UTC 1970"),
            (951_825_600, "Tue Feb 29 12:00:00 UTC 2000"),
            (1_760_000_000, "Thu Oct 09 08:53:20 UTC 2025"),
            (1_767_225_599, "Wed Dec 31 23:59:59 UTC 2025"),
            (1_767_225_600, "Thu Jan 01 00:00:00 UTC 2026"),
            (1_709_251_200, "Fri Mar 01 00:00:00 UTC 2024"),
        ] {
            assert_eq!(java_date(seconds * 1000 + 999), text);
        }
    }
}
