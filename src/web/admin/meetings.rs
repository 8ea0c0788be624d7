//! Meetings: list, show, end.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Json, Query, ServiceConfig};
use serde::Deserialize;

use super::{Refused, broken_off, refused};
use crate::api::{EndMeeting, Ended, MeetingView};
use crate::bbb::{Failure, Params};
use crate::model::{Meeting, ServerId, TenantId};
use crate::pool::meetings::About;
use crate::pool::placement::sizes;
use crate::pool::watch::list::List;
use crate::pool::{Pool, now_ms};
use crate::web::answer;
use crate::web::site::Site;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/meetings", web::get().to(list))
        .route("/meetings/one", web::get().to(show))
        .route("/meetings/end", web::post().to(end));
}

#[derive(Deserialize)]
struct Which {
    /// Only this server's.
    server: Option<String>,
}

#[derive(Deserialize)]
struct One {
    /// Its meetingID or internalMeetingID.
    id: String,
    #[serde(default)]
    tenant: String,
}

async fn list(site: Data<Site>, which: Query<Which>) -> HttpResponse {
    let state = site.pool.store().state();
    let lists = Lists::of(&site.pool);
    let on = |meeting: &&Arc<Meeting>| {
        which.server.as_deref().is_none_or(|server| meeting.server.as_str() == server)
    };
    let mut views: Vec<_> =
        state.meetings().filter(on).map(|meeting| view(&site.pool, meeting, &lists)).collect();
    views.sort_by(|a, b| (&a.server, a.created, &a.id).cmp(&(&b.server, b.created, &b.id)));
    answer::json(StatusCode::OK, &views)
}

async fn show(site: Data<Site>, one: Query<One>) -> Result<HttpResponse, Refused> {
    let state = site.pool.store().state();
    let meeting = state.meeting(&TenantId::from(one.tenant.as_str()), &one.id);
    let meeting = meeting.ok_or_else(|| unknown(&one.id))?;
    Ok(answer::json(StatusCode::OK, &view(&site.pool, meeting, &Lists::of(&site.pool))))
}

/// Ends a meeting as its moderator would. With `force` it is forgotten even when its server cannot
/// be told.
async fn end(site: Data<Site>, wish: Json<EndMeeting>) -> Result<HttpResponse, Refused> {
    let work = end_one(Data::clone(&site), wish.into_inner());
    let ended = site.in_flight.to_the_end(work).await.ok_or_else(broken_off)??;
    Ok(answer::json(StatusCode::OK, &ended))
}

async fn end_one(site: Data<Site>, wish: EndMeeting) -> Result<Ended, Refused> {
    let tenant = TenantId::from(wish.tenant.as_str());
    let meeting = site.pool.store().state().meeting(&tenant, &wish.id).cloned();
    let meeting = meeting.ok_or_else(|| unknown(&wish.id))?;
    let mut params = Params::default();
    params.set("meetingID", meeting.id.as_str());
    params.set("password", &meeting.moderator_pw);
    let about = About { tenant: &tenant, params: &params };
    let failure = site.pool.end(&site.client, &about).await.err();
    let gone = || site.pool.store().state().meeting_of_id(&tenant, meeting.id.as_str()).is_none();
    let id = meeting.id.to_string();
    if failure.is_none() && gone() {
        return Ok(Ended { id, told: true });
    }
    if !wish.force {
        let why =
            failure.map_or_else(|| "its server refused".to_owned(), |f| f.message.into_owned());
        let error = format!("meeting {id} was not ended: {why} Use --force to forget it anyway.");
        return Err(refused(StatusCode::BAD_GATEWAY, "server", error));
    }
    let kept = |f: Failure| refused(StatusCode::SERVICE_UNAVAILABLE, "store", f.message);
    site.pool.forget_ended(vec![meeting]).await.map_err(kept)?;
    Ok(Ended { id, told: false })
}

fn unknown(id: &str) -> Refused {
    refused(StatusCode::NOT_FOUND, "unknown", format!("there is no meeting with the id {id}"))
}

/// The last list of each server, with the place of each meeting in it.
struct Lists(HashMap<ServerId, (List, HashMap<String, usize>)>);

impl Lists {
    fn of(pool: &Pool) -> Self {
        let lists = pool.servers().into_iter().filter_map(|(server, live)| {
            let list = live.list()?;
            let places = list.meetings.iter().enumerate();
            let places =
                places.map(|(place, meeting)| (meeting.internal_id.clone(), place)).collect();
            Some((server.id.clone(), (list, places)))
        });
        Self(lists.collect())
    }
}

fn view(pool: &Pool, meeting: &Meeting, lists: &Lists) -> MeetingView {
    let listed = lists.0.get(&meeting.server).and_then(|(list, places)| {
        places.get(&*meeting.internal_id).and_then(|&place| list.meetings.get(place))
    });
    let server = pool.store().state().server(&meeting.server).cloned();
    let size = pool.size_of(&meeting.tenant, &meeting.id);
    let open = size.and_then(|size| size.open);
    MeetingView {
        id: meeting.id.to_string(),
        tenant: meeting.tenant.to_string(),
        internal_id: meeting.internal_id.to_string(),
        state: pool.state_of(meeting).to_owned(),
        server: meeting.server.to_string(),
        server_url: server.map(|server| server.url.as_str().to_owned()).unwrap_or_default(),
        name: listed.map(|listed| listed.name.clone()),
        users: listed.map(|listed| listed.participants),
        moderators: listed.map(|listed| listed.moderators),
        videos: listed.map(|listed| listed.videos),
        created: meeting.created_ms,
        voice_bridge: meeting.voice_bridge.to_string(),
        expected: meeting.expected_people,
        expected_from: meeting.expected_from.as_str().to_owned(),
        peak: open.filter(|open| open.began_ms == meeting.created_ms).map(|open| open.peak),
        learned: size.and_then(|size| sizes::expect(&size, now_ms())),
        sittings: size.map_or(0, |size| size.sittings),
    }
}
