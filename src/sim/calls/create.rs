//! `create`.

use memchr::memmem;

use super::{Context, Refusal};
use crate::sim::meeting::{Meeting, NewMeeting, People, java_date};
use crate::sim::reply::Reply;
use crate::sim::world::NotCreated;

const DUPLICATE: (&str, &str) = (
    "duplicateWarning",
    "This conference was already in existence and may currently be in progress.",
);

const NO_NAME: Refusal = invalid("You must provide a meeting name");

pub(super) fn create(context: &mut Context<'_>, reply: &mut Reply) -> Result<(), Refusal> {
    let new = read(context)?;
    let existing = context.world.find(&new.meeting_id).filter(|known| !known.forcibly_ended);
    if let Some(existing) = existing {
        let facts = &existing.facts;
        let same = new.attendee_password.as_ref() == Some(&facts.attendee_password)
            && new.moderator_password.as_ref() == Some(&facts.moderator_password);
        if !same && (new.attendee_password.is_some() || new.moderator_password.is_some()) {
            return Err(Refusal::new(
                "idNotUnique",
                "A meeting already exists with that meeting ID.  \
                 Please use a different meeting ID.",
            ));
        }
        write(existing, DUPLICATE, reply);
        return Ok(());
    }
    write(context.world.create(new)?, ("", ""), reply);
    Ok(())
}

impl From<NotCreated> for Refusal {
    fn from(reason: NotCreated) -> Self {
        match reason {
            NotCreated::NoSuchParent => Self::new(
                "parentMeetingDoesNotExist",
                "No parent meeting exists for the breakout room.",
            ),
            NotCreated::VoiceBridgeTaken => Self {
                errors_form: true,
                ..Self::new("nonUniqueVoiceBridge", "The selected voice bridge is already in use.")
            },
            NotCreated::Exists => {
                Self::new("idNotUnique", "A meeting already exists with that meeting ID.")
            }
        }
    }
}

/// The meeting that the request asks for, if its parameters are in order.
fn read(context: &Context<'_>) -> Result<NewMeeting, Refusal> {
    let params = context.params;
    let text = |name: &str| params.get(name).map(str::to_owned);
    let parent = text("parentMeetingID").filter(|_| params.is_true("isBreakout"));
    if params.is_true("isBreakout") && parent.is_none() {
        return Err(Refusal::new(
            "parentMeetingIDMissing",
            "No parent meeting ID was provided for the breakout room.",
        ));
    }
    Ok(NewMeeting {
        meeting_id: read_id(context)?,
        name: read_name(context)?,
        attendee_password: read_password(context, "attendeePW")?,
        moderator_password: read_password(context, "moderatorPW")?,
        voice_bridge: read_voice_bridge(context)?,
        dial_number: text("dialNumber"),
        logout_url: text("logoutURL"),
        ended_url: text("meetingEndedURL"),
        duration: read_count(context, "duration"),
        max_participants: read_count(context, "maxParticipants"),
        record: params.is_true("record"),
        presentation_disabled: is_presentation_disabled(context),
        metadata: metadata(context),
        parent,
        sequence: read_count(context, "sequence"),
        documents: count_documents(context.request.body),
        people: People::default(),
    })
}

fn read_id(context: &Context<'_>) -> Result<String, Refusal> {
    let id = context.meeting_id()?;
    if !has_length(id, 2, 256) {
        return Err(invalid("Meeting ID must be between 2 and 256 characters"));
    }
    if id.contains(',') {
        return Err(invalid("Meeting ID cannot contain ','"));
    }
    Ok(id.to_owned())
}

fn read_name(context: &Context<'_>) -> Result<String, Refusal> {
    let name = context.params.get("name").ok_or(NO_NAME)?;
    if !has_length(name, 2, 256) {
        return Err(invalid("Meeting name must be between 2 and 256 characters"));
    }
    Ok(name.to_owned())
}

fn read_password(context: &Context<'_>, name: &str) -> Result<Option<String>, Refusal> {
    match context.params.get(name) {
        Some(password) if !has_length(password, 2, 64) => {
            Err(invalid("Password must be between 2 and 64 characters"))
        }
        password => Ok(password.map(str::to_owned)),
    }
}

fn read_voice_bridge(context: &Context<'_>) -> Result<Option<String>, Refusal> {
    match context.params.get("voiceBridge") {
        Some(bridge) if bridge.parse::<u32>().is_err() => {
            Err(invalid("Voice bridge must be an integral value"))
        }
        bridge => Ok(bridge.map(str::to_owned)),
    }
}

/// Unlike the voice bridge, other numbers that are none are left out without a word.
fn read_count(context: &Context<'_>, name: &str) -> u32 {
    context.params.get(name).and_then(|text| text.parse().ok()).unwrap_or_default()
}

const fn invalid(message: &'static str) -> Refusal {
    Refusal::new("validationError", message)
}

/// Java counts in units of UTF-16.
fn has_length(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.encode_utf16().count())
}

/// The `meta_` parameters; of a repeated name, in any letter case, the last one counts.
fn metadata(context: &Context<'_>) -> Vec<(String, String)> {
    let mut metadata: Vec<(String, String)> = Vec::new();
    for (name, value) in context.params.named("meta_", "-") {
        let name = name.to_ascii_lowercase();
        match metadata.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => value.clone_into(known),
            None => metadata.push((name, value.to_owned())),
        }
    }
    metadata
}

fn is_presentation_disabled(context: &Context<'_>) -> bool {
    let lists_it = |name: &str| {
        let list = context.params.get(name).unwrap_or_default();
        list.split(',').any(|feature| feature.trim() == "presentation")
    };
    lists_it("disabledFeatures") && !lists_it("disabledFeaturesExclude")
}

/// How many `document` elements a body has. It is not parsed: most of it is slides in base64.
pub(super) fn count_documents(body: &[u8]) -> u32 {
    let tag = b"<document";
    let is_whole = |at: &usize| {
        matches!(body.get(at + tag.len()), Some(b' ' | b'\t' | b'\r' | b'\n' | b'>' | b'/'))
    };
    let count = memmem::find_iter(body, tag).filter(is_whole).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn write(meeting: &Meeting, (key, message): (&str, &str), reply: &mut Reply) {
    let facts = &meeting.facts;
    reply
        .xml()
        .open("response")
        .text("returncode", "SUCCESS")
        .text("meetingID", &facts.meeting_id)
        .text("internalMeetingID", &facts.internal_id)
        .text("parentMeetingID", facts.parent.as_deref().unwrap_or("bbb-none"))
        .text("attendeePW", &facts.attendee_password)
        .text("moderatorPW", &facts.moderator_password)
        .number("createTime", facts.create_time)
        .text("voiceBridge", &facts.voice_bridge)
        .text("dialNumber", &meeting.dial_number)
        .text("createDate", &java_date(facts.create_time))
        .flag("hasUserJoined", facts.has_user_joined)
        .number("duration", facts.duration)
        .flag("hasBeenForciblyEnded", false)
        .text("messageKey", key)
        .text("message", message)
        .close("response");
}
