//! Scalelite's management API, for the tools that speak it: getServers and addServer.
//!
//! Method, checksum, JSON and status are Scalelite's. Who may use it is not: it has a secret of its
//! own, and shows server secrets only where the operator allows it.

use actix_web::http::{Method, StatusCode};
use actix_web::web;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::body::{Body, Limit, Pieces};
use super::site::Site;
use super::{answer, body, signed};
use crate::bbb::Failure;
use crate::model::{Capacity, Secret, Server, ServerState, ServerUrl};
use crate::pool::servers::NewServer;
use crate::pool::watch::health::Health;
use crate::pool::watch::live::Live;

/// Shown instead of a secret.
const MASKED: &str = "***";

/// Answers one call.
pub(super) async fn answer_call(
    call: &str,
    request: &HttpRequest,
    payload: web::Payload,
    site: &Site,
) -> HttpResponse {
    match (call, request.method()) {
        ("getServers", &Method::GET | &Method::HEAD) => match check(call, request, site) {
            Ok(()) => get_servers(site),
            Err(failure) => answer::failed(&failure),
        },
        ("addServer", &Method::POST) => match admit(call, request, site) {
            Ok(()) => add_server(request, payload, site).await,
            Err(failure) => answer::failed_and_closed(&failure),
        },
        _ => answer::failed(&Failure::unsupported_request()),
    }
}

fn admit(call: &str, request: &HttpRequest, site: &Site) -> Result<(), Failure> {
    if body::announced(request) && !body::is_json(request) {
        return Err(Failure::unsupported_content_type());
    }
    check(call, request, site)
}

/// The body is not signed, only the URL.
fn check(call: &str, request: &HttpRequest, site: &Site) -> Result<(), Failure> {
    let config = site.config();
    let mut secrets: Vec<Secret> = config.management.secret.iter().cloned().collect();
    if config.management.accept_frontend_secret {
        secrets.extend(config.api.secrets.iter().cloned());
    }
    let url = signed::split(request.query_string())?;
    signed::passes(call, &url.query, url.checksum, &config.api.checksum_algorithms, &secrets)
}

fn get_servers(site: &Site) -> HttpResponse {
    let reveal = site.config().management.reveal_secrets;
    let servers = site.pool.servers();
    if servers.is_empty() {
        let error = json!({ "error": "No servers are configured" });
        return answer::json_utf8(StatusCode::NOT_FOUND, &error);
    }
    let views: Vec<_> = servers.iter().map(|(server, live)| view(server, live, reveal)).collect();
    answer::json_utf8(StatusCode::OK, &views)
}

/// `{"server": {…}}`, or the same without its wrapper.
#[derive(Deserialize)]
struct Added {
    url: Option<String>,
    secret: Option<String>,
    load_multiplier: Option<Value>,
    tag: Option<String>,
}

async fn add_server(request: &HttpRequest, payload: web::Payload, site: &Site) -> HttpResponse {
    let body = match read(request, payload, site).await {
        Ok(body) => body,
        Err(failure) => return answer::failed_and_closed(&failure),
    };
    let document: Value = match serde_json::from_slice(&body.bytes) {
        Ok(document) => document,
        Err(error) => return refused(&format!("The body is not JSON: {error}")),
    };
    let server = match document.get("server") {
        Some(server) => server.clone(),
        None if document.get("url").is_some() => document,
        None => {
            let missing = "param is missing or the value is empty: server";
            return answer::failed(&Failure::internal(missing));
        }
    };
    match read_added(server) {
        Err(error) => refused(&error),
        Ok(new) => match site.pool.add_server(new).await {
            Err(error) => refused(&error.to_string()),
            Ok(server) => {
                let live = site.pool.live(&server.id);
                let reveal = site.config().management.reveal_secrets;
                answer::json_utf8(StatusCode::CREATED, &view(&server, &live, reveal))
            }
        },
    }
}

async fn read(request: &HttpRequest, payload: web::Payload, site: &Site) -> Result<Body, Failure> {
    body::read(Pieces::of(request, payload, Limit::Body, site)?, site).await
}

fn read_added(server: Value) -> Result<NewServer, String> {
    let added: Added = serde_json::from_value(server).map_err(|error| error.to_string())?;
    let (Some(url), Some(secret)) = (added.url, added.secret) else {
        return Err("Server needs a URL and a secret".to_owned());
    };
    let secret = Secret::new(secret).map_err(|_| "Server needs a URL and a secret".to_owned())?;
    Ok(NewServer {
        id: None,
        url: ServerUrl::exact(&url).map_err(|error| error.to_string())?,
        secret,
        capacity: capacity(added.load_multiplier.as_ref())?,
        tag: added.tag,
        spare: false,
        // Scalelite takes an address twice.
        alone: false,
        state: ServerState::Disabled,
    })
}

/// A multiplier as number or text; what is 0 or unreadable is 1, as upstream.
fn capacity(multiplier: Option<&Value>) -> Result<Capacity, String> {
    let number = match multiplier {
        Some(Value::String(text)) => text.trim().parse().unwrap_or(1.0),
        Some(value) => value.as_f64().unwrap_or(1.0),
        None => 1.0,
    };
    match number {
        0.0 => Ok(Capacity::LoadMultiplier(1.0)),
        0.001..=1000.0 => Ok(Capacity::LoadMultiplier(number)),
        _ => Err("Load-multiplier must be a non-zero number".to_owned()),
    }
}

/// A server as Scalelite shows it, with its keys in its order.
#[derive(Serialize)]
struct View<'a> {
    id: &'a str,
    url: &'a str,
    secret: &'a str,
    tag: &'a str,
    bbb_version: String,
    state: ServerState,
    load: Value,
    load_multiplier: String,
    online: &'static str,
}

fn view<'a>(server: &'a Server, live: &Live, reveal: bool) -> View<'a> {
    let counts = server.state != ServerState::Disabled && is_online(live);
    let load = live.load().filter(|_| counts);
    View {
        id: server.id.as_str(),
        url: server.url.as_str(),
        secret: if reveal { server.secret.expose() } else { MASKED },
        tag: server.tag.as_deref().unwrap_or_default(),
        bbb_version: live.version().map(|version| version.to_string()).unwrap_or_default(),
        state: server.state,
        load: load.map_or_else(|| json!("unavailable"), |load| json!(load)),
        load_multiplier: format!("{:?}", server.capacity.load_multiplier()),
        online: if is_online(live) { "online" } else { "offline" },
    }
}

fn is_online(live: &Live) -> bool {
    matches!(live.health(), Health::Online | Health::Unstable)
}

fn refused(error: &str) -> HttpResponse {
    answer::json_utf8(StatusCode::BAD_REQUEST, &json!({ "error": error }))
}
