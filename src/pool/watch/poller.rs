//! The poller: one `getMeetings` per server and round tells health, load and what has ended.
//!
//! Each server has a task of its own, so that a slow one delays nobody's round.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use rand::RngExt as _;
use tokio::task::{AbortHandle, JoinSet};

use crate::bbb::answer::Answer;
use crate::bbb::meetings::Listed;
use crate::client::{Client, Reply, Request};
use crate::config;
use crate::model::{Meeting, Server, ServerId};
use crate::pool::placement::load::{self, Awaited};
use crate::pool::watch::health::Health;
use crate::pool::watch::list::List;
use crate::pool::watch::live::Live;
use crate::pool::{Pool, now_ms};

/// A round asks this many servers at once.
const AT_ONCE: usize = 64;

/// Every how many polls a server is asked for its version.
const VERSION_EVERY: u32 = 60;

/// The first polls of many servers begin this far apart: all their lists at once are much memory.
const APART: Duration = Duration::from_millis(1);

/// How often what is out of date is let go of.
const TIDY_EVERY: Duration = Duration::from_mins(1);

/// Polls until it is dropped: follows the servers that there are, and each in its own time.
pub async fn run(pool: Pool, client: Client) {
    let mut changed = pool.store().servers_changed();
    let mut tidy = tokio::time::interval(TIDY_EVERY);
    let mut tasks = JoinSet::new();
    let mut polled: HashMap<ServerId, AbortHandle> = HashMap::new();
    loop {
        pool.follow_servers();
        let ids: HashSet<ServerId> =
            pool.servers().into_iter().map(|(server, _)| server.id.clone()).collect();
        polled.retain(|id, task| {
            let stays = ids.contains(id) && !task.is_finished();
            if !stays {
                task.abort();
            }
            stays
        });
        while tasks.try_join_next().is_some() {}
        let mut wait = Duration::ZERO;
        for id in ids {
            polled.entry(id.clone()).or_insert_with(|| {
                let polls = poll_for_ever(pool.clone(), client.clone(), id, wait);
                wait += APART;
                tasks.spawn(polls)
            });
        }
        tokio::select! {
            changed = changed.changed() => if changed.is_err() { return },
            _ = tidy.tick() => pool.forget_old_endings().await,
        }
    }
}

/// One round over all servers now. Returns when it is done.
pub async fn poll_all(pool: &Pool, client: &Client) {
    let servers = pool.servers();
    futures_util::stream::iter(servers)
        .for_each_concurrent(AT_ONCE, |(server, _)| async move {
            poll_whole(pool, client, &server).await;
        })
        .await;
}

/// One poll of one server, and what version it is.
pub async fn poll_whole(pool: &Pool, client: &Client, server: &Server) {
    poll_once(pool, client, server).await;
    ask_version(pool, client, server).await;
}

/// One poll of one server.
pub async fn poll_once(pool: &Pool, client: &Client, server: &Server) {
    let timeout = pool.config().servers.response_timeout;
    let request = Request { call: "getMeetings", query: "", body: None, timeout };
    let reply = pool.call_beside(client, server, request).await;
    if !pool.is_still(server) {
        return;
    }
    let list = match reply.map_err(|error| error.to_string()).and_then(read) {
        Ok(list) => list,
        Err(why) => return pool.failed(&server.id, &why, Instant::now()),
    };
    let (now, now_ms) = (Instant::now(), now_ms());
    let gone = {
        let state = pool.store().state();
        // One that was forcibly ended is over, although it is listed for a while.
        let alive = list.meetings.iter().filter(|meeting| !meeting.forcibly_ended);
        let names: HashSet<&str> = alive.flat_map(ids).collect();
        let listed = |meeting: &Meeting| {
            names.contains(meeting.id.as_str()) || names.contains(&*meeting.internal_id)
        };
        pool.live(&server.id).missing(state.meetings_on(&server.id), listed, now, now_ms)
    };
    let figures = {
        let state = pool.store().state();
        let expected = state.meetings_on(&server.id).map(|meeting| Awaited::from(&**meeting));
        let placement = &pool.config().placement;
        load::figures(&list.meetings, expected, server.capacity, placement, now_ms)
    };
    pool.observe(&server.id, figures, Some(&list), now);
    let well = pool.live(&server.id).health() == Health::Online;
    pool.reconcile(client, server, &list, well).await;
    for meeting in &gone {
        tracing::info!(server = %server.id, meeting = %meeting.id, "the meeting has ended");
    }
    if !gone.is_empty()
        && let Err(failure) = pool.forget_gone(gone).await
    {
        tracing::error!(error = %failure.message, "ended meetings cannot be forgotten");
    }
}

/// Asks a server for its version; it tells it only where it is set up to.
async fn ask_version(pool: &Pool, client: &Client, server: &Server) {
    let timeout = pool.config().servers.response_timeout;
    let request = Request { call: "", query: "", body: None, timeout };
    if let Ok(reply) = pool.call_beside(client, server, request).await
        && pool.is_still(server)
        && let Ok(answer) = Answer::read(&reply.body)
        && ["bbbVersion", "apiVersion"].iter().any(|name| answer.get(name).is_some())
    {
        pool.live(&server.id).set_version(super::probe::version(&answer));
    }
}

async fn poll_for_ever(pool: Pool, client: Client, id: ServerId, wait: Duration) {
    tokio::time::sleep(wait).await;
    let mut rounds: u32 = 0;
    loop {
        if pool.config().poll.interval.is_zero() {
            // Switched off; a reload of the configuration may switch it on.
            tokio::time::sleep(Duration::from_secs(1)).await;
            continue;
        }
        let server = pool.store().state().server(&id).map(Arc::clone);
        let Some(server) = server else { return };
        poll_once(&pool, &client, &server).await;
        if rounds.is_multiple_of(VERSION_EVERY) {
            ask_version(&pool, &client, &server).await;
        }
        pause(&pool, &id, rounds == 0).await;
        rounds = rounds.wrapping_add(1).max(1);
    }
}

/// Waits until the next poll of a server. What happens to it meanwhile may make it sooner.
async fn pause(pool: &Pool, id: &ServerId, first: bool) {
    let config::Poll { interval, unstable_interval } = pool.config().poll.clone();
    let soon = unstable_interval.min(interval);
    let live = pool.live(id);
    if is_changing(&live) || pool.frozen_since(Instant::now()).is_some() {
        return tokio::time::sleep(soon).await;
    }
    // The first polls are all at once, so the second ones are spread. Later on a tenth earlier or
    // later keeps rounds from falling together.
    let part = rand::rng().random_range(if first { 0.1..1.1 } else { 0.9..1.1 });
    tokio::select! {
        () = tokio::time::sleep(interval.mul_f64(part)) => {}
        () = live.stumbled.notified() => tokio::time::sleep(soon).await,
    }
}

/// Whether a server is on its way down or up, so that the next polls decide.
fn is_changing(live: &Live) -> bool {
    let failed = live.trouble().is_some();
    match live.health() {
        Health::Online => false,
        Health::Unknown => failed,
        Health::Unstable => true,
        Health::Offline => !failed,
    }
}

fn read(reply: Reply) -> Result<List, String> {
    let status = reply.status;
    List::read(reply.body).map_err(|error| match status {
        200 => error.to_string(),
        _ => format!("it answered with HTTP status {status}"),
    })
}

fn ids(listed: &Listed) -> [&str; 2] {
    [&listed.id, &listed.internal_id]
}
