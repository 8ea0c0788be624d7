//! The calls about recordings, of which a simulated server has none.

use super::{Context, Refusal};
use crate::sim::reply::{JSON, Reply};

pub(super) fn get_recordings(reply: &mut Reply) {
    reply
        .xml()
        .open("response")
        .text("returncode", "SUCCESS")
        .raw(b"<recordings></recordings>\n")
        .text("messageKey", "noRecordings")
        .text("message", "There are no recordings for the meeting(s).")
        .close("response");
}

pub(super) fn publish(context: &Context<'_>) -> Result<(), Refusal> {
    if context.params.get("recordID").is_some() && context.params.get("publish").is_none() {
        let message = "You must specify a publish value true or false.";
        return Err(Refusal::new("missingParamPublish", message));
    }
    change(context)
}

pub(super) fn change(context: &Context<'_>) -> Result<(), Refusal> {
    if context.params.get("recordID").is_none() {
        return Err(Refusal::new("missingParamRecordID", "You must specify a recordID."));
    }
    Err(Refusal::new("notFound", "We could not find recordings"))
}

pub(super) fn text_tracks(context: &Context<'_>, reply: &mut Reply) {
    let (key, message) = match context.params.get("recordID") {
        Some(id) => ("noRecordings", format!("No recording found for {id}")),
        None => ("missingParamRecordID", "You must specify a recordID.".to_owned()),
    };
    let answer = serde_json::json!({
        "response": { "messageKey": key, "message": message, "returncode": "FAILED" }
    });
    reply.begin(200, JSON).push(answer.to_string().as_bytes());
}
