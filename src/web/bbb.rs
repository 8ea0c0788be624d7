//! The calls of the BigBlueButton API.

use actix_web::http::Method;
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};

use super::answer;
use super::body::Room;
use super::join;
use super::signed::{self, Signed};
use super::site::Site;
use crate::bbb::{Call, Failure};
use crate::model::TenantId;
use crate::pool;
use crate::pool::meetings::About;
use crate::pool::meetings::create::Create;

/// Answers one call.
pub(super) async fn answer_call(
    call: Call,
    request: &HttpRequest,
    payload: web::Payload,
    site: &Data<Site>,
) -> HttpResponse {
    let kind = match signed::admit(call, request) {
        Ok(kind) => kind,
        Err(failure) => return answer::closed(refused(call, request, site, &failure)),
    };
    if call == Call::Index {
        return answer::index(index(site), site.pool.instance());
    }
    let received = match signed::receive(call, kind, request, payload, site).await {
        Ok(received) => received,
        Err(failure) => return answer::closed(refused(call, request, site, &failure)),
    };
    let signed = match signed::verify(call, request.query_string(), &received, site) {
        Ok(signed) => signed,
        Err(failure) => return refused(call, request, site, &failure),
    };
    let changes = *request.method() != Method::HEAD;
    match signed.call() {
        Call::Join => join::answer_call(&signed, request, changes, site),
        Call::GetRecordingTextTracks | Call::PutRecordingTextTrack => text_tracks(&signed),
        // A HEAD looks and changes nothing.
        Call::Create | Call::End | Call::SendChatMessage if !changes => answer::xml(String::new()),
        Call::Create | Call::End => {
            let signed = signed.into_owned();
            answer::call(change(signed, received.into_room(), site).await)
        }
        _ => answer::call(ask(&signed, site).await),
    }
}

/// The answer to a request that is not signed, or cannot be read.
fn refused(call: Call, request: &HttpRequest, site: &Site, failure: &Failure) -> HttpResponse {
    let page = (call == Call::Join).then(|| join::refused_unsigned(request, site, failure));
    page.flatten().unwrap_or_else(|| answer::failed(failure))
}

/// A create or end goes on when the front end hangs up: half a create would leave a server with a
/// meeting that beadle does not know, half an end beadle with one that the server does not.
async fn change(
    signed: Signed<'static>,
    room: Room,
    site: &Data<Site>,
) -> Result<pool::Answer, Failure> {
    let own = Data::clone(site);
    let change = async move {
        let answer = match signed.call() {
            Call::Create => {
                let (params, body) = signed.into_parts();
                let create = Create { tenant: TenantId::none(), params, body };
                own.pool.create(&own.client, create).await
            }
            _ => ask(&signed, &own).await,
        };
        drop(room);
        answer
    };
    let done = site.in_flight.to_the_end(change).await;
    done.unwrap_or_else(|| Err(Failure::internal("The call was broken off.")))
}

async fn ask(signed: &Signed<'_>, site: &Site) -> Result<pool::Answer, Failure> {
    let tenant = TenantId::none();
    let about = About { tenant: &tenant, params: signed.params() };
    let (pool, client) = (&site.pool, &site.client);
    match signed.call() {
        Call::IsMeetingRunning => pool.is_running(client, &about).await,
        Call::GetMeetingInfo => pool.info(client, &about).await,
        Call::GetMeetings if !site.config().api.get_meetings => Ok(no_meetings()),
        Call::GetMeetings => pool.get_meetings(client, &tenant).await,
        Call::End => pool.end(client, &about).await,
        Call::InsertDocument => pool.insert_document(client, &about, signed.xml()).await,
        Call::SendChatMessage => pool.send_chat_message(client, &about).await,
        Call::GetSessions => pool.get_sessions(client, &tenant).await,
        Call::GetRecordings => recordings(signed, site),
        Call::PublishRecordings | Call::DeleteRecordings | Call::UpdateRecordings => {
            no_recording(signed, site)
        }
        Call::Index
        | Call::Create
        | Call::Join
        | Call::GetRecordingTextTracks
        | Call::PutRecordingTextTrack => Err(Failure::unsupported_request()),
    }
}

/// The index: front ends read the version as a number.
fn index(site: &Site) -> String {
    let build = site.config().api.build.clone();
    let build =
        build.map(|build| format!("<build>{}</build>", quick_xml::escape::partial_escape(&*build)));
    format!(
        "<response><returncode>SUCCESS</returncode><version>2.0</version><apiVersion>2.0</apiVersion>{}</response>",
        build.unwrap_or_default()
    )
}

fn no_meetings() -> pool::Answer {
    pool::Answer::Own(
        "<response><returncode>SUCCESS</returncode><messageKey>noMeetings</messageKey>\
         <message>no meetings were found on this server</message><meetings/></response>"
            .to_owned(),
    )
}

/// The library is empty in this version.
fn recordings(signed: &Signed<'_>, site: &Site) -> Result<pool::Answer, Failure> {
    let given = |name| signed.params().get(name).is_some_and(|value| !value.is_empty());
    let config = site.config();
    if config.recordings.enabled
        && config.recordings.require_filter
        && !given("recordID")
        && !given("meetingID")
    {
        return Err(Failure::new(
            "missingParameters",
            "param meetingID or recordID must be included.",
        ));
    }
    Ok(pool::Answer::Own(
        "<response><returncode>SUCCESS</returncode><recordings></recordings>\
         <messageKey>noRecordings</messageKey>\
         <message>There are not recordings for the meetings</message></response>"
            .to_owned(),
    ))
}

/// Publish, delete and update find nothing in an empty library.
fn no_recording(signed: &Signed<'_>, site: &Site) -> Result<pool::Answer, Failure> {
    let not_found = || Failure::new("notFound", "We could not find recordings");
    if !site.config().recordings.enabled {
        return Err(not_found());
    }
    let given = |name| signed.params().get(name).is_some_and(|value| !value.trim().is_empty());
    if !given("recordID") {
        return Err(Failure::new("missingParamRecordID", "You must specify a recordID."));
    }
    match signed.call() {
        Call::PublishRecordings if !given("publish") => Err(Failure::new(
            "missingParamPublish",
            "You must specify a publish value true or false.",
        )),
        Call::UpdateRecordings => Ok(pool::Answer::Own(
            "<response><returncode>SUCCESS</returncode><updated>false</updated></response>"
                .to_owned(),
        )),
        _ => Err(not_found()),
    }
}

fn text_tracks(signed: &Signed<'_>) -> HttpResponse {
    match signed.params().get("recordID").filter(|id| !id.trim().is_empty()) {
        None => answer::failed_json(&Failure::new("paramError", "You must specify a recordID.")),
        Some(id) => answer::failed_json(&Failure::new(
            "noRecordings",
            format!("No recording found for {id}"),
        )),
    }
}
