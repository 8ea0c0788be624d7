//! What a worker thread holds to answer requests with.

use std::sync::Arc;
use std::time::Instant;

use actix_web::HttpRequest;
use actix_web::http::header::{HOST, HeaderMap, HeaderName};
use tokio::sync::Semaphore;

use super::in_flight::InFlight;
use super::pages::Waiting;
use crate::client::{Client, Names};
use crate::config::Config;
use crate::pool::Pool;

/// Everything that answering takes. One for each worker thread.
#[derive(Clone)]
pub struct Site {
    /// The pool.
    pub pool: Pool,
    /// This worker's own client.
    pub client: Client,
    /// The names that all workers know.
    pub names: Names,
    /// The memory for bodies, shared by all workers.
    pub bodies: BodyBudget,
    /// The calls being answered.
    pub in_flight: InFlight,
    /// The people who wait for a meeting.
    pub waiting: Waiting,
    /// When beadle was started.
    pub started: Instant,
}

/// How much memory the bodies of all requests may take together.
#[derive(Clone)]
pub struct BodyBudget(pub(super) Arc<Semaphore>);

/// The budget is counted in pieces of this many bytes.
pub(super) const BODY_UNIT: u64 = 1024;

impl BodyBudget {
    /// A budget of that many bytes.
    pub fn new(bytes: u64) -> Self {
        let units = usize::try_from(bytes / BODY_UNIT).unwrap_or(usize::MAX);
        Self(Arc::new(Semaphore::new(units.min(Semaphore::MAX_PERMITS))))
    }
}

const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

impl Site {
    /// The configuration in force.
    pub(super) fn config(&self) -> arc_swap::Guard<Arc<Config>> {
        self.pool.config()
    }

    /// Whether a request names the host that beadle is known by; any where that is not set.
    pub(super) fn serves_host(&self, request: &HttpRequest) -> bool {
        let config = self.config();
        let Some(host) = config.host().filter(|_| config.http.check_host) else { return true };
        let headers = request.headers();
        [HOST, X_FORWARDED_HOST].iter().all(|name| names_host(headers, name, host))
    }
}

/// Whether all values of a header name the host, in any letter case and with any port. A missing
/// header names every host, except that HTTP/1.1 demands `Host` anyway (RFC 9112, section 3.2).
fn names_host(headers: &HeaderMap, name: &HeaderName, host: &str) -> bool {
    headers.get_all(name).all(|value| {
        let hosts = value.to_str().unwrap_or_default().split(',');
        hosts.map(str::trim).all(|given| without_port(given).eq_ignore_ascii_case(host))
    })
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}
