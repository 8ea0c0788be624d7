//! The doctor: looks at everything that is known to go wrong, and says what mends it.

use std::time::Instant;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use futures_util::{StreamExt as _, stream};

use super::findings;
use crate::api::{Diagnosis, Finding, Level};
use crate::web::answer;
use crate::web::site::Site;

/// So many servers are asked at once.
const AT_ONCE: usize = 16;

/// Looks at everything now.
pub(super) async fn examine(site: Data<Site>) -> HttpResponse {
    let mut found = of_beadle(&site).await;
    found.extend(of_servers(&site).await);
    found.sort_by_key(|finding| finding.level);
    let ok = found.iter().all(|finding| finding.level != Level::Error);
    answer::json(StatusCode::OK, &Diagnosis { ok, findings: found })
}

async fn of_beadle(site: &Site) -> Vec<Finding> {
    let mut found: Vec<_> =
        site.pool.store().trouble().map(findings::of_store).into_iter().collect();
    let config = site.config().clone();
    found.extend(findings::of_config(&config));
    if let Some(host) = config.host()
        && let Err(error) = site.names.find(host.trim_matches(['[', ']'])).await
    {
        found.push(findings::of_unknown_host(host, &error.reason));
    }
    found
}

async fn of_servers(site: &Site) -> Vec<Finding> {
    let servers = site.pool.servers();
    let all: Vec<_> = servers.iter().map(|(server, _)| &**server).collect();
    let mut found = findings::of_pool(&all);
    found.extend(findings::of_itself(&all, site.config().public_url.as_deref()));
    let listed = servers.iter().filter_map(|(server, live)| Some((&server.id, live.list()?)));
    found.extend(findings::of_twins(&listed.collect::<Vec<_>>()));
    if let Some(since) = site.pool.frozen_since(Instant::now()) {
        found.push(findings::of_frost(since.elapsed().as_secs_f64()));
    }
    let looks = stream::iter(&servers).map(async |(server, live)| {
        let probed = site.pool.probe(&site.client, server).await;
        let mut found = findings::of_server(server, &probed);
        if probed.version.is_ok() {
            found.extend(findings::of_health(server, live.health()));
        }
        found
    });
    let of_each: Vec<_> = looks.buffered(AT_ONCE).collect().await;
    found.extend(of_each.into_iter().flatten());
    found
}
