//! Servers that let their callers wait: nobody else waits for them, and no class is lost by it.

use std::time::{Duration, Instant};

use beadle::config::Config;
use beadle::sim::{Call, Fault, FaultOn, SimServer};

use super::support::{TestApp, within};

const CREATE: &str = "name=x1&meetingID=class";
const CLASS: &str = "meetingID=class";

/// A pool whose first server has the class and then hears everything and says nothing.
async fn silent(set: impl FnOnce(&mut Config)) -> (TestApp, Vec<SimServer>) {
    let (app, servers) = TestApp::with_servers_and(2, |config| {
        config.servers.response_timeout = Duration::from_millis(150);
        config.servers.sick_timeout = Duration::from_millis(150);
        set(config);
    })
    .await;
    app.set("bbb0", r#"{"weight":100}"#).await;
    app.get("create", CREATE).await.succeeded();
    assert_eq!(app.server_of("class").await.as_deref(), Some("bbb0"));
    servers[0].fault(FaultOn::All, Fault::Hang, None);
    for _ in 0..3 {
        app.get("getMeetingInfo", CLASS).await.refused("internalError");
    }
    (app, servers)
}

#[tokio::test]
async fn a_silent_server_is_asked_only_now_and_then() {
    let (app, servers) = silent(|_| {}).await;
    let (before, began) = (servers[0].request_count(Call::GetMeetingInfo), Instant::now());
    for _ in 0..20 {
        app.get("getMeetingInfo", CLASS).await.refused("internalError");
    }
    let tried = servers[0].request_count(Call::GetMeetingInfo) - before;
    let most = 1 + began.elapsed().as_secs() / 2;
    assert!((1..=most).contains(&tried), "{tried} of 20 calls, {most} at the most");
    // A poll that goes well opens the gate for all.
    servers[0].clear_faults();
    app.poll().await;
    for _ in 0..5 {
        app.get("getMeetingInfo", CLASS).await.succeeded();
    }
}

#[tokio::test]
async fn a_silent_server_takes_its_own_class_again_at_once() {
    let (app, servers) = silent(|_| {}).await;
    // The one call in a while that tries the server.
    app.get("getMeetingInfo", CLASS).await.refused("internalError");
    servers[0].clear_faults();
    let again = app.get("create", CREATE).await;
    assert_eq!(again.succeeded().field("messageKey"), "duplicateWarning");
    assert_eq!(servers[1].request_count(Call::Create), 0);
    app.get("getMeetingInfo", CLASS).await.succeeded();
}

/// What a create could start must not reach a server that is given up because it says nothing.
#[tokio::test]
async fn a_dead_server_that_says_nothing_is_sent_no_create() {
    let (app, servers) = silent(|config| {
        config.health.offline_after = Duration::ZERO;
        config.health.dead_after = Duration::ZERO;
    })
    .await;
    app.poll().await;
    assert_eq!(app.view("bbb0").await.health, "offline");
    let before = servers[0].request_count(Call::Create);
    app.get("create", CREATE).await.succeeded();
    assert_eq!(app.server_of("class").await.as_deref(), Some("bbb1"));
    assert_eq!(servers[0].request_count(Call::Create), before);
    assert_eq!(servers[0].request_count(Call::End), 0);
}

#[tokio::test]
async fn silence_ends_and_moves_nothing() {
    let (app, servers) = silent(|_| {}).await;
    for _ in 0..3 {
        app.get("create", CREATE).await.refused("internalError");
        app.get("end", CLASS).await.refused("internalError");
    }
    assert_eq!(app.server_of("class").await.as_deref(), Some("bbb0"));
    servers[0].clear_faults();
    app.poll().await;
    app.get("getMeetingInfo", CLASS).await.succeeded();
    assert_eq!(servers[1].request_count(Call::Create), 0);
}

#[tokio::test]
async fn calls_beyond_the_limit_wait_and_polls_do_not() {
    let (app, servers) = TestApp::with_servers_and(2, |config| {
        config.servers.concurrent_calls = 2;
        config.servers.connect_timeout = Duration::from_millis(300);
    })
    .await;
    app.set("bbb0", r#"{"weight":100}"#).await;
    app.get("create", CREATE).await.succeeded();
    app.set("bbb1", r#"{"weight":1000}"#).await;
    app.get("create", "name=x1&meetingID=other").await.succeeded();
    servers[0].fault(Call::GetMeetingInfo, Fault::Hang, None);
    let front_end = app.front_end();
    let hung: Vec<_> = (0..2)
        .map(|_| {
            let front_end = front_end.clone();
            tokio::spawn(async move { front_end.get("getMeetingInfo", CLASS).await })
        })
        .collect();
    within(10, servers[0].wait_for_requests(Call::GetMeetingInfo, 2)).await;
    for _ in 0..3 {
        app.get("getMeetingInfo", CLASS).await.refused("internalError");
    }
    assert_eq!(servers[0].request_count(Call::GetMeetingInfo), 2);
    app.poll().await;
    assert_eq!(app.view("bbb0").await.health, "online", "calls that had to wait blame nobody");
    app.get("getMeetingInfo", "meetingID=other").await.succeeded();
    // With room again, the calls go out.
    servers[0].stop().await;
    for call in hung {
        call.await.expect("an answer").refused("internalError");
    }
    servers[0].clear_faults();
    servers[0].resume().await.expect("a server");
    app.get("getMeetingInfo", CLASS).await.succeeded();
}
