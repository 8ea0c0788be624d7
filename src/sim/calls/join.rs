//! `join`, the call that browsers make.

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Context, Refusal};
use crate::sim::meeting::{Meeting, Person};
use crate::sim::reply::Reply;
use crate::sim::shared::BbbVersion;
use crate::sim::world::random_text;

/// What cannot stand in a `Location` as it is; everything else was encoded by whoever wrote the
/// address.
const NOT_IN_LOCATION: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>');

/// Why somebody is not let in.
enum NotLetIn {
    /// Told to the browser at the address where it is sent.
    Elsewhere(Refusal),
    /// Always told in XML.
    Here(Refusal),
}

pub(super) fn join(context: &mut Context<'_>, reply: &mut Reply) -> Result<(), Refusal> {
    let redirects =
        !context.params.get("redirect").is_some_and(|it| it.eq_ignore_ascii_case("false"));
    match let_in(context) {
        Ok(joined) if redirects => {
            let cookie = format!("JSESSIONID={}; Path=/bigbluebutton; HttpOnly", random_text(32));
            reply.redirect(&joined.url(context), Some(&cookie));
        }
        Ok(joined) => write(&joined, context, reply),
        Err(NotLetIn::Elsewhere(refusal)) if redirects => {
            reply.redirect(&error_url(context, &refusal), None);
        }
        Err(NotLetIn::Elsewhere(refusal) | NotLetIn::Here(refusal)) => return Err(refusal),
    }
    Ok(())
}

/// Somebody who was let in.
struct Joined {
    internal_meeting_id: String,
    user_id: String,
    session_token: String,
}

impl Joined {
    fn url(&self, context: &Context<'_>) -> String {
        let client = match context.options.version {
            BbbVersion::V27 => "html5client/join",
            BbbVersion::V30 => "html5client/",
        };
        format!("http://{}/{client}?sessionToken={}", context.options.address, self.session_token)
    }
}

fn let_in(context: &mut Context<'_>) -> Result<Joined, NotLetIn> {
    let params = context.params;
    let meeting = context.meeting().map_err(NotLetIn::Elsewhere)?;
    let refuse = |key, message| Err(NotLetIn::Elsewhere(Refusal::new(key, message)));
    if meeting.forcibly_ended {
        let message = "You can not re-join a meeting that has already been forcibly ended.";
        return refuse("meetingForciblyEnded", message);
    }
    let Some(full_name) = params.get("fullName") else {
        return refuse("missingParamFullName", "You must provide your name");
    };
    let create_time = meeting.facts.create_time.to_string();
    if params.get("createTime").is_some_and(|sent| sent != create_time) {
        let message = "The createTime parameter submitted mismatches with the current meeting.";
        return refuse("mismatchCreateTimeParam", message);
    }
    let moderator = is_moderator(meeting, params.get("role"), params.get("password"))?;
    let most = meeting.facts.max_participants;
    if most > 0 && meeting.facts.people.total() >= most {
        let message = "The number of participants allowed for this meeting has been reached.";
        return refuse("maxParticipantsReached", message);
    }
    let user_id = format!("w_{}", random_text(12).to_ascii_lowercase());
    let custom = params.named("userdata-", "-_");
    meeting.join(Person {
        user_id: params.get("userID").unwrap_or(&user_id).to_owned(),
        full_name: full_name.to_owned(),
        moderator,
        custom: custom.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
    });
    Ok(Joined {
        internal_meeting_id: meeting.facts.internal_id.clone(),
        user_id,
        session_token: random_text(16).to_ascii_lowercase(),
    })
}

/// The role decides, else the password.
fn is_moderator(
    meeting: &Meeting,
    role: Option<&str>,
    password: Option<&str>,
) -> Result<bool, NotLetIn> {
    let role = role.map(str::to_ascii_uppercase);
    let facts = &meeting.facts;
    let message = match (role.as_deref(), password) {
        (Some("MODERATOR"), _) => return Ok(true),
        (Some("VIEWER"), _) => return Ok(false),
        (_, Some(password)) if password == facts.moderator_password => return Ok(true),
        (_, Some(password)) if password == facts.attendee_password => return Ok(false),
        (_, Some(_)) => "You must enter a valid password",
        (_, None) => "You must send a valid role of the user, or a password of the meeting.",
    };
    Err(NotLetIn::Here(Refusal::new("Params required", message)))
}

/// Where somebody is sent who is not let in: the address given for errors, the one for logging
/// out (of the request, else of the meeting), else the server's own page.
fn error_url(context: &Context<'_>, refusal: &Refusal) -> String {
    let params = context.params;
    let meeting = params.get("meetingID").and_then(|id| context.world.find(id));
    let home = format!("http://{}/", context.options.address);
    let base = params
        .get("errorRedirectUrl")
        .or_else(|| params.get("logoutURL"))
        .or_else(|| meeting.and_then(|meeting| meeting.logout_url.as_deref()))
        .unwrap_or(&home);
    let joint = if base.contains('?') { '&' } else { '?' };
    let errors = serde_json::json!([{ "key": refusal.key, "message": refusal.message }]);
    format!(
        "{}{joint}errors={}",
        utf8_percent_encode(base, NOT_IN_LOCATION),
        utf8_percent_encode(&errors.to_string(), NON_ALPHANUMERIC),
    )
}

fn write(joined: &Joined, context: &Context<'_>, reply: &mut Reply) {
    reply
        .xml()
        .open("response")
        .text("returncode", "SUCCESS")
        .text("messageKey", "successfullyJoined")
        .text("message", "You have joined successfully.")
        .text("meeting_id", &joined.internal_meeting_id)
        .text("user_id", &joined.user_id)
        .text("auth_token", &random_text(12))
        .text("session_token", &joined.session_token)
        .text("guestStatus", "ALLOW")
        .text("url", &joined.url(context))
        .close("response");
}
