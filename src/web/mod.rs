//! Inbound HTTP. The only place that knows actix.
//!
//! [`route`] reads a path, [`signed`] lets nobody pass whose checksum is wrong, [`bbb`] answers the
//! calls, [`answer`] gives every answer its form, [`pages`] tells people in words why they cannot
//! join. [`management`] is Scalelite's own API, [`admin`]
//! is beadle's, spoken on the Unix socket only.

mod admin;
mod answer;
mod bbb;
mod body;
mod ended;
mod in_flight;
mod join;
mod management;
mod multipart;
mod pages;
mod route;
mod signed;
mod site;

use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::http::ConnectionType;
use actix_web::web::{self, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};

use crate::config;

pub use in_flight::InFlight;
pub use pages::Waiting;
pub use site::{BodyBudget, Site};

use route::Route;

/// Serves front ends on a listening socket. Runs until it is told to stop.
///
/// The site is made once for each worker thread, so that workers share no client connections.
pub fn serve(
    listener: TcpListener,
    http: &config::Http,
    site: impl Fn() -> Site + Send + Clone + 'static,
) -> std::io::Result<Server> {
    let server = HttpServer::new(move || {
        App::new().app_data(Data::new(site())).default_service(web::to(front_end))
    });
    let workers = match http.workers {
        0 => std::thread::available_parallelism().map_or(2, usize::from),
        workers => workers,
    };
    let server = server
        .workers(workers)
        .tcp_nodelay(true)
        .client_request_timeout(http.header_timeout)
        .client_disconnect_timeout(Duration::from_secs(1))
        .keep_alive(http.keep_alive)
        .max_connections(http.max_connections)
        .shutdown_timeout(http.shutdown_timeout.as_secs())
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}

/// Serves the operator on a Unix socket.
pub fn serve_operator(
    listener: UnixListener,
    site: impl Fn() -> Site + Send + Clone + 'static,
) -> std::io::Result<Server> {
    let server = HttpServer::new(move || {
        App::new()
            .app_data(Data::new(site()))
            .service(web::scope("/beadle/api/v1").configure(admin::routes))
    });
    // One worker: an operator's calls are few, and each worker costs memory.
    Ok(server.workers(1).shutdown_timeout(1).disable_signals().listen_uds(listener)?.run())
}

/// Every request of the outside world. Paths are matched by hand, because they count as they were
/// sent: `%63reate` is no call.
async fn front_end(request: HttpRequest, payload: web::Payload, site: Data<Site>) -> HttpResponse {
    let _counted = site.in_flight.enter();
    let mut response = answer_front_end(&request, payload, &site).await;
    if site.in_flight.stopping() {
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
    response
}

async fn answer_front_end(
    request: &HttpRequest,
    payload: web::Payload,
    site: &Data<Site>,
) -> HttpResponse {
    let route = Route::of(request.uri().path());
    if route != Route::Health && !site.serves_host(request) {
        return answer::wrong_host();
    }
    match route {
        Route::Call(call) => bbb::answer_call(call, request, payload, site).await,
        Route::UnknownCall => answer::failed(&crate::bbb::Failure::unsupported_request()),
        Route::Management(call) => management::answer_call(call, request, payload, site).await,
        Route::Ended => ended::answer_call(request, site).await,
        Route::Health | Route::Root => answer::health(request, site.pool.store().trouble()),
        Route::Elsewhere => answer::not_found(),
    }
}
