//! The operator's API under `/beadle/api/v1`, in JSON. Spoken on the Unix socket, whose file
//! permissions say who may.

mod doctor;
mod explain;
mod findings;
mod headroom;
mod meetings;
mod servers;

use std::time::Instant;

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpResponse, error};

use super::answer;
use super::site::Site;
use crate::api::{Refusal, Status};
use crate::model::ServerState;
use crate::pool::servers::ServerError;
use crate::pool::watch::health::Health;
use crate::pool::watch::poller;

/// Adds the routes of the operator's API.
pub(super) fn routes(config: &mut ServiceConfig) {
    let unreadable = |error: error::JsonPayloadError, _: &actix_web::HttpRequest| {
        refused(StatusCode::BAD_REQUEST, "invalid", error.to_string()).into()
    };
    config.app_data(web::JsonConfig::default().error_handler(unreadable));
    config.route("/status", web::get().to(status)).route("/poll", web::post().to(poll));
    config.route("/doctor", web::post().to(doctor::examine));
    servers::routes(config);
    meetings::routes(config);
    explain::routes(config);
}

async fn status(site: Data<Site>) -> HttpResponse {
    let servers: Vec<_> = site
        .pool
        .servers()
        .iter()
        .map(|(server, live)| servers::view(&site.pool, server, live, Instant::now(), false))
        .collect();
    let frozen = site.pool.frozen_since(Instant::now()).map(|since| since.elapsed().as_secs_f64());
    let troubles = troubles(&site, &servers, frozen.is_some());
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let uptime = site.started.elapsed().as_secs_f64();
    let ok = troubles.is_empty();
    let headroom = headroom::view(&site.pool);
    let status = Status { version, uptime, frozen, ok, troubles, servers, headroom };
    answer::json(StatusCode::OK, &status)
}

/// What needs attention, in words.
fn troubles(site: &Site, servers: &[crate::api::ServerView], frozen: bool) -> Vec<String> {
    let mut troubles: Vec<String> = site.pool.store().trouble().into_iter().collect();
    if frozen {
        troubles.push(
            "all servers failed at once, probably because of beadle's own network or name \
             resolution: the pool is frozen, no server goes offline and no meeting is moved"
                .into(),
        );
    }
    if site.config().api.secrets.is_empty() {
        troubles
            .push("no front end has a secret: every call is answered with checksumError".into());
    }
    // A disabled server may be under repair: that it fails is no news.
    let unwell = |view: &&crate::api::ServerView| {
        view.state != ServerState::Disabled && view.health != Health::Online.as_str()
    };
    troubles.extend(servers.iter().filter(unwell).map(|view| {
        let why = match (&view.trouble, view.last_answer) {
            (Some(trouble), _) => trouble,
            (None, Some(_)) => "it answers again, and must do so once more",
            (None, None) => "not asked yet",
        };
        format!("server {} is {}: {why}", view.id, view.health)
    }));
    for (copy, people) in site.pool.crowded_copies() {
        let (id, server) = (&copy.id, &copy.server);
        let people = if people == 1 { "1 person".into() } else { format!("{people} people") };
        troubles.push(format!(
            "meeting {id} goes on twice: it was started elsewhere while server {server} was dead, \
             and {people} are still in its old copy there, which is left alone"
        ));
    }
    let takes = |view: &crate::api::ServerView| {
        view.state == ServerState::Enabled && view.health != Health::Offline.as_str()
    };
    if !servers.iter().any(takes) {
        troubles.push("no server takes new meetings: every create fails".into());
    }
    troubles
}

/// One full round now; answers when it is done.
async fn poll(site: Data<Site>) -> HttpResponse {
    poller::poll_all(&site.pool, &site.client).await;
    status(site).await
}

/// A refusal on its way to becoming an answer.
#[derive(Debug)]
struct Refused {
    status: StatusCode,
    kind: &'static str,
    error: String,
}

fn refused(status: StatusCode, kind: &'static str, error: impl Into<String>) -> Refused {
    Refused { status, kind, error: error.into() }
}

/// The refusal of what should have gone on to its end, and did not.
fn broken_off() -> Refused {
    refused(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the call was broken off")
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.error)
    }
}

impl actix_web::ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let refusal = Refusal { kind: self.kind.to_owned(), error: self.error.clone() };
        answer::json(self.status, &refusal)
    }
}

impl From<ServerError> for Refused {
    fn from(error: ServerError) -> Self {
        let (status, kind) = match error {
            ServerError::Exists(_) | ServerError::Taken(_) => (StatusCode::CONFLICT, "exists"),
            ServerError::Unknown(_) => (StatusCode::NOT_FOUND, "unknown"),
            ServerError::Busy { .. } => (StatusCode::CONFLICT, "busy"),
            ServerError::BadId(_) => (StatusCode::BAD_REQUEST, "invalid"),
            ServerError::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, "store"),
        };
        refused(status, kind, error.to_string())
    }
}
