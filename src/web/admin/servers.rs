//! Servers: list, add, change, drain, remove, check.

use std::sync::Arc;
use std::time::Instant;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Json, Path, Query, ServiceConfig};
use serde::Deserialize;

use super::{Refused, broken_off, findings, refused};
use crate::api::{AddServer, Checked, Panic, Panicked, ServerView, SetServer, SetState};
use crate::model::{Capacity, Secret, Server, ServerId, ServerState, ServerUrl};
use crate::pool::Pool;
use crate::pool::placement::tags;
use crate::pool::servers::{NewServer, ServerChange};
use crate::pool::watch::live::Live;
use crate::pool::watch::poller;
use crate::pool::watch::probe::ProbeError;
use crate::web::answer;
use crate::web::site::Site;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/servers").get(list).post(add))
        .service(web::resource("/servers/{name}").get(show).patch(set).delete(remove))
        .route("/servers/{name}/state", web::post().to(set_state))
        .route("/servers/{name}/panic", web::post().to(panic))
        .route("/servers/{name}/check", web::post().to(check));
}

/// What a caller may add to the address.
#[derive(Deserialize)]
struct Options {
    /// Whether server secrets are shown.
    #[serde(default)]
    secrets: bool,
    /// Whether meetings do not matter.
    #[serde(default)]
    force: bool,
}

/// A server as the operator sees it.
pub(super) fn view(
    pool: &Pool,
    server: &Server,
    live: &Live,
    now: Instant,
    secrets: bool,
) -> ServerView {
    let figures = live.figures();
    let load = live.load();
    let weight = server.capacity.weight();
    let multiplied = pool.config().placement.policy.multiplies();
    ServerView {
        id: server.id.to_string(),
        url: server.url.as_str().to_owned(),
        state: server.state,
        health: live.health().as_str().to_owned(),
        tag: server.tag.as_deref().map(str::to_owned),
        weight,
        load_multiplier: server.capacity.load_multiplier(),
        load,
        utilisation: load.map(|load| if multiplied { load } else { load / weight }),
        meetings: figures.meetings,
        breakouts: figures.breakouts,
        users: figures.users,
        largest: figures.largest,
        voices: figures.voices,
        videos: figures.videos,
        placed: pool.placed_on(&server.id),
        max_meetings: server.max_meetings,
        max_users: server.max_users,
        spare: server.spare,
        version: live.version().map(|version| version.to_string()).filter(|v| !v.is_empty()),
        last_answer: live.silent_for(now).map(|time| time.as_secs_f64()),
        trouble: live.trouble().map(|trouble| trouble.to_string()),
        secret: secrets.then(|| server.secret.expose().to_owned()),
    }
}

async fn list(site: Data<Site>, options: Query<Options>) -> HttpResponse {
    let now = Instant::now();
    let servers = site.pool.servers();
    let views: Vec<_> = servers
        .iter()
        .map(|(server, live)| view(&site.pool, server, live, now, options.secrets))
        .collect();
    answer::json(StatusCode::OK, &views)
}

async fn show(
    site: Data<Site>,
    name: Path<String>,
    options: Query<Options>,
) -> Result<HttpResponse, Refused> {
    let server = find(&site.pool, &name)?;
    Ok(shown(&site, &server, StatusCode::OK, options.secrets))
}

async fn add(site: Data<Site>, wish: Json<AddServer>) -> Result<HttpResponse, Refused> {
    let wish = wish.into_inner();
    let (enable, probe) = (wish.enable, !wish.no_probe);
    let new = new_server(wish).map_err(invalid)?;
    not_itself(&site, &new.url)?;
    let mut version = None;
    if probe {
        let server = Server {
            // No server in the pool can have this id.
            id: ServerId::from(""),
            url: new.url.clone(),
            secret: new.secret.clone(),
            capacity: new.capacity,
            tag: None,
            state: new.state,
            max_meetings: None,
            max_users: None,
            spare: new.spare,
        };
        let found = site.pool.probe(&site.client, &server).await;
        let wrong = |error: ProbeError| {
            let said = format!("{error}; {}", for_new(&error.remedy()));
            refused(StatusCode::UNPROCESSABLE_ENTITY, "probe", said)
        };
        version = Some(found.version.map_err(wrong)?);
    }
    let server = site.pool.add_server(new).await?;
    if let Some(version) = version {
        site.pool.live(&server.id).set_version(version);
    }
    if enable {
        poller::poll_once(&site.pool, &site.client, &server).await;
    }
    Ok(shown(&site, &server, StatusCode::CREATED, false))
}

/// A remedy for a server that is not there yet, so that nothing can be set.
fn for_new(remedy: &str) -> String {
    let command = remedy.replace("servers set ID --url ADDRESS", "servers add ADDRESS SECRET");
    command.replace("servers set ID --secret -", "servers add ADDRESS -")
}

async fn set(
    site: Data<Site>,
    name: Path<String>,
    wish: Json<SetServer>,
) -> Result<HttpResponse, Refused> {
    let before = find(&site.pool, &name)?;
    let wish = wish.into_inner();
    let force = wish.force;
    let change = change(wish).map_err(invalid)?;
    if let Some(url) = &change.url {
        not_itself(&site, url)?;
    }
    let server = site.pool.change_server(&before.id, change, force).await?;
    if server.url != before.url {
        poller::poll_whole(&site.pool, &site.client, &server).await;
    }
    Ok(shown(&site, &server, StatusCode::OK, false))
}

async fn remove(
    site: Data<Site>,
    name: Path<String>,
    options: Query<Options>,
) -> Result<HttpResponse, Refused> {
    let server = find(&site.pool, &name)?;
    site.pool.remove_server(&server.id, options.force).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn set_state(
    site: Data<Site>,
    name: Path<String>,
    wish: Json<SetState>,
) -> Result<HttpResponse, Refused> {
    let server = find(&site.pool, &name)?;
    let change = site.pool.set_server_state(&site.client, &server.id, wish.state, wish.force);
    let server = change.await?;
    Ok(shown(&site, &server, StatusCode::OK, false))
}

async fn panic(
    site: Data<Site>,
    name: Path<String>,
    wish: Json<Panic>,
) -> Result<HttpResponse, Refused> {
    let server = find(&site.pool, &name)?;
    let id = server.id.to_string();
    let own = Data::clone(&site);
    let panic =
        async move { own.pool.panic_server(&own.client, &server.id, wish.keep_state).await };
    let released = site.in_flight.to_the_end(panic).await.ok_or_else(broken_off)??;
    Ok(answer::json(StatusCode::OK, &Panicked { id, released }))
}

async fn check(site: Data<Site>, name: Path<String>) -> Result<HttpResponse, Refused> {
    let server = find(&site.pool, &name)?;
    let began = Instant::now();
    let found = site.pool.probe(&site.client, &server).await;
    let milliseconds = began.elapsed().as_secs_f64() * 1000.0;
    let checked = Checked {
        id: server.id.to_string(),
        url: server.url.as_str().to_owned(),
        ok: found.version.is_ok(),
        version: found.version.clone().unwrap_or_default(),
        trouble: found.version.as_ref().err().map(ToString::to_string),
        milliseconds,
        findings: findings::of_server(&server, &found),
    };
    Ok(answer::json(StatusCode::OK, &checked))
}

fn shown(site: &Site, server: &Server, status: StatusCode, secrets: bool) -> HttpResponse {
    let live = site.pool.live(&server.id);
    answer::json(status, &view(&site.pool, server, &live, Instant::now(), secrets))
}

fn invalid(error: String) -> Refused {
    refused(StatusCode::BAD_REQUEST, "invalid", error)
}

/// Refuses beadle's own address: it would wait for its own answers.
fn not_itself(site: &Site, url: &ServerUrl) -> Result<(), Refused> {
    if findings::is_own(url, site.config().public_url.as_deref()) {
        return Err(invalid(format!("{} is beadle's own address (`public_url`)", url.authority())));
    }
    Ok(())
}

/// The server of an id, or the only one of a host or host:port.
fn find(pool: &Pool, name: &str) -> Result<Arc<Server>, Refused> {
    let state = pool.store().state();
    if let Some(server) = state.server(&ServerId::from(name)) {
        return Ok(Arc::clone(server));
    }
    let of_host = |server: &&Arc<Server>| {
        server.url.authority().eq_ignore_ascii_case(name)
            || server.url.host().eq_ignore_ascii_case(name)
    };
    let found: Vec<_> = state.servers().filter(of_host).collect();
    match found.as_slice() {
        [server] => Ok(Arc::clone(server)),
        [] => {
            let error = format!("there is no server with the id or host {name}");
            Err(refused(StatusCode::NOT_FOUND, "unknown", error))
        }
        several => {
            let mut ids: Vec<_> = several.iter().map(|server| server.id.as_str()).collect();
            ids.sort_unstable();
            let error =
                format!("{name} is the host of several servers; name one of {}", ids.join(", "));
            Err(refused(StatusCode::CONFLICT, "ambiguous", error))
        }
    }
}

fn new_server(wish: AddServer) -> Result<NewServer, String> {
    Ok(NewServer {
        id: wish.id,
        url: address(&wish.url)?,
        secret: Secret::new(wish.secret.trim()).map_err(|error| error.to_string())?,
        capacity: capacity(wish.weight, wish.load_multiplier)?.unwrap_or_default(),
        tag: wish.tag.map(tag).transpose()?,
        state: if wish.enable { ServerState::Enabled } else { ServerState::Disabled },
        spare: wish.spare,
        alone: true,
    })
}

fn change(wish: SetServer) -> Result<ServerChange, String> {
    let url = wish.url.map(|url| address(&url)).transpose()?;
    let secret = wish.secret.map(|secret| Secret::new(secret.trim())).transpose();
    let limit = |limit: u32| (limit > 0).then_some(limit);
    Ok(ServerChange {
        url,
        secret: secret.map_err(|error| error.to_string())?,
        capacity: capacity(wish.weight, wish.load_multiplier)?,
        tag: wish.tag.map(tag).transpose()?.map(|tag| Some(tag).filter(|tag| !tag.is_empty())),
        state: None,
        max_meetings: wish.max_meetings.map(limit),
        max_users: wish.max_users.map(limit),
        spare: wish.spare,
        alone: true,
    })
}

/// A tag that creates can ask for; an empty one is none.
fn tag(tag: String) -> Result<String, String> {
    if tag.is_empty() {
        return Ok(tag);
    }
    tags::check(&tag).map(|()| tag).map_err(|error| error.to_string())
}

/// An address that can be called: with a port that exists, and the like.
fn address(text: &str) -> Result<ServerUrl, String> {
    let url = ServerUrl::pasted(text).map_err(|error| error.to_string())?;
    match reqwest::Url::parse(url.base()) {
        Ok(_) => Ok(url),
        Err(error) => Err(format!("{:?} is not an address: {error}", text.trim())),
    }
}

fn capacity(weight: Option<f64>, multiplier: Option<f64>) -> Result<Option<Capacity>, String> {
    let positive = |number: f64, name: &str| {
        if (0.001..=1000.0).contains(&number) {
            Ok(number)
        } else {
            Err(format!("the {name} must be a number from 0.001 to 1000"))
        }
    };
    match (weight, multiplier) {
        (None, None) => Ok(None),
        (Some(weight), None) => Ok(Some(Capacity::Weight(positive(weight, "weight")?))),
        (None, Some(number)) => {
            Ok(Some(Capacity::LoadMultiplier(positive(number, "load multiplier")?)))
        }
        (Some(_), Some(_)) => Err("give a weight or a load multiplier, not both".to_owned()),
    }
}
