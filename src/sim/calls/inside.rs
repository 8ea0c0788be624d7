//! The calls that do something to a meeting that exists: `end`, `insertDocument`,
//! `sendChatMessage`.

use super::create::count_documents;
use super::{Context, Refusal};
use crate::sim::meeting::Meeting;
use crate::sim::reply::Reply;

pub(super) fn end(context: &mut Context<'_>, reply: &mut Reply) -> Result<(), Refusal> {
    let password = context.params.get("password");
    let facts = &context.meeting()?.facts;
    if password.is_some_and(|password| password != facts.moderator_password) {
        let message = "The supplied moderator password is incorrect";
        return Err(Refusal::new("invalidPassword", message));
    }
    let internal_id = facts.internal_id.clone();
    if let Some(ended) = context.ended.as_deref_mut() {
        ended.extend(context.world.find(&internal_id).map(Meeting::snapshot));
    }
    for callback in context.world.end(&internal_id).unwrap_or_default() {
        tokio::spawn(callback.deliver());
    }
    let message = "A request to end the meeting was sent.  Please wait a few seconds, and then \
                   use the getMeetingInfo or isMeetingRunning API calls to verify that it was \
                   ended.";
    reply
        .xml()
        .open("response")
        .text("returncode", "SUCCESS")
        .text("messageKey", "sentEndMeetingRequest")
        .text("message", message)
        .close("response");
    Ok(())
}

pub(super) fn insert_document(context: &mut Context<'_>, reply: &mut Reply) -> Result<(), Refusal> {
    let documents = count_documents(context.request.body);
    let meeting = context.meeting()?;
    if meeting.presentation_disabled {
        let message = "Presentation feature is disabled";
        return Err(Refusal::new("presentationDisabled", message));
    }
    if documents == 0 {
        return Err(Refusal::new("validationError", "No presentation document was sent"));
    }
    meeting.facts.documents = meeting.facts.documents.saturating_add(documents);
    reply
        .xml()
        .open("response")
        .text("returncode", "SUCCESS")
        .text("message", "Presentation is being uploaded")
        .close("response");
    Ok(())
}

pub(super) fn send_chat_message(
    context: &mut Context<'_>,
    reply: &mut Reply,
) -> Result<(), Refusal> {
    let params = context.params;
    let length = |name| params.get(name).unwrap_or_default().encode_utf16().count();
    let id = context.meeting_id()?.to_owned();
    if !(1..=500).contains(&length("message")) {
        let message = "Message must be between 1 and 500 characters";
        return Err(Refusal::new("validationError", message));
    }
    if length("userName") > 255 {
        let message = "User name must be at most 255 characters";
        return Err(Refusal::new("validationError", message));
    }
    let Some(meeting) = context.world.find_mut(&id).filter(|meeting| meeting.is_running()) else {
        return Err(Refusal::new("meetingNotFound", "Meeting not found or not active"));
    };
    meeting.facts.chat_messages += 1;
    reply
        .xml()
        .open("response")
        .text("returncode", "SUCCESS")
        .text("messageKey", "")
        .text("message", "")
        .close("response");
    Ok(())
}
