//! The calls that only look: index, `isMeetingRunning`, `getMeetingInfo`, `getMeetings`,
//! `getSessions`.

use super::{Context, Refusal};
use crate::sim::meeting::Meeting;
use crate::sim::reply::Reply;
use crate::sim::shared::BbbVersion;

pub(super) fn index(context: &Context<'_>, reply: &mut Reply) {
    let version = context.options.version;
    let mut xml = reply.xml();
    xml.open("response")
        .text("returncode", "SUCCESS")
        .text("version", "2.0")
        .text("apiVersion", "2.0")
        .text("bbbVersion", version.number());
    if version == BbbVersion::V30 {
        let address = context.options.address;
        xml.text("graphqlWebsocketUrl", &format!("ws://{address}/graphql"))
            .text("graphqlApiUrl", &format!("http://{address}/api/rest"));
    }
    xml.close("response");
}

pub(super) fn is_meeting_running(
    context: &mut Context<'_>,
    reply: &mut Reply,
) -> Result<(), Refusal> {
    let running = context.world.find(context.meeting_id()?).is_some_and(Meeting::is_running);
    reply
        .xml()
        .open("response")
        .text("returncode", "SUCCESS")
        .flag("running", running)
        .close("response");
    Ok(())
}

pub(super) fn get_meeting_info(
    context: &mut Context<'_>,
    reply: &mut Reply,
) -> Result<(), Refusal> {
    let style = context.style;
    let meeting = context.meeting()?;
    let mut xml = reply.xml();
    xml.open("response").text("returncode", "SUCCESS").raw(meeting.xml(style)).close("response");
    Ok(())
}

pub(super) fn get_meetings(context: &mut Context<'_>, reply: &mut Reply) {
    let mut xml = reply.xml();
    xml.open("response").text("returncode", "SUCCESS");
    if context.world.len() == 0 {
        xml.raw(b"<meetings/>\n")
            .text("messageKey", "noMeetings")
            .text("message", "no meetings were found on this server");
    } else {
        xml.open("meetings");
        for meeting in context.world.iter_mut() {
            xml.open("meeting").raw(meeting.xml(context.style)).close("meeting");
        }
        xml.close("meetings");
    }
    xml.close("response");
}

pub(super) fn get_sessions(context: &Context<'_>, reply: &mut Reply) {
    let mut xml = reply.xml();
    xml.open("response").text("returncode", "SUCCESS");
    if context.world.iter().all(|meeting| meeting.joined_names().next().is_none()) {
        xml.raw(b"<sessions/>\n")
            .text("messageKey", "noSessions")
            .text("message", "no sessions were found on this serverr");
    } else {
        xml.open("sessions");
        for meeting in context.world.iter() {
            for name in meeting.joined_names() {
                xml.open("meeting")
                    .text("meetingID", &meeting.facts.internal_id)
                    .text("meetingName", &meeting.facts.name)
                    .text("userName", name)
                    .close("meeting");
            }
        }
        xml.close("sessions");
    }
    xml.close("response");
}
