//! All servers fail at once: then the fault is beadle's, and nothing is concluded from it.

use std::time::Duration;

use beadle::config::Config;
use beadle::sim::{Call, SimServer};

use super::support::{TestApp, eventually};

const CREATE: &str = "name=x1&meetingID=class";

/// Three servers of which the first has the class; three failures make one offline and dead.
async fn pool(set: impl FnOnce(&mut Config)) -> (TestApp, Vec<SimServer>) {
    let (app, servers) = TestApp::with_servers_and(3, |config| {
        config.health.offline_after = Duration::ZERO;
        config.health.dead_after = Duration::ZERO;
        set(config);
    })
    .await;
    app.set("bbb0", r#"{"weight":100}"#).await;
    app.get("create", CREATE).await.succeeded();
    assert_eq!(app.server_of("class").await.as_deref(), Some("bbb0"));
    (app, servers)
}

async fn stop_all(servers: &[SimServer]) {
    for server in servers {
        server.stop().await;
    }
}

async fn health(app: &TestApp) -> Vec<String> {
    app.poll().await.servers.into_iter().map(|server| server.health).collect()
}

#[tokio::test]
async fn nothing_is_changed_while_all_fail() {
    let (app, servers) = pool(|_| {}).await;
    stop_all(&servers).await;
    for _ in 0..10 {
        assert_eq!(health(&app).await, ["unstable"; 3]);
    }
    let status = app.poll().await;
    assert!(status.frozen.is_some() && !status.ok);
    assert!(status.troubles.iter().any(|trouble| trouble.contains("frozen")));
    app.get("create", CREATE).await.refused("internalError");
    assert_eq!(app.get("join", "fullName=x&meetingID=class&role=VIEWER").await.status, 302);
    assert_eq!(app.server_of("class").await.as_deref(), Some("bbb0"));
    // Had they been judged meanwhile, the class would be moved now.
    servers[0].resume().await.expect("a server");
    let again = app.get("create", CREATE).await;
    assert_eq!(again.succeeded().field("messageKey"), "duplicateWarning");
    assert_eq!(app.poll().await.frozen, None, "one of them has answered");
}

#[tokio::test]
async fn the_first_answer_ends_it_and_the_others_are_judged_anew() {
    let (app, servers) = pool(|_| {}).await;
    stop_all(&servers).await;
    for _ in 0..10 {
        app.poll().await;
    }
    servers[1].resume().await.expect("a server");
    app.poll().await;
    app.poll().await;
    let status = app.poll().await;
    assert_eq!(status.frozen, None);
    app.poll().await;
    assert_eq!(health(&app).await, ["offline", "online", "offline"]);
    app.get("create", CREATE).await.succeeded();
    assert_eq!(app.server_of("class").await.as_deref(), Some("bbb1"));
    assert_eq!(servers[0].request_count(Call::End), 0);
}

#[tokio::test]
async fn it_does_not_last_for_ever() {
    let (app, servers) = pool(|config| {
        config.health.frozen_at_most = Duration::from_millis(200);
    })
    .await;
    stop_all(&servers).await;
    eventually("failures count", async || health(&app).await == ["offline"; 3]).await;
    assert_eq!(app.poll().await.frozen, None, "it does not begin again without an answer");
}

#[tokio::test]
async fn one_server_that_answers_tells_that_the_others_are_gone() {
    let (app, servers) = pool(|_| {}).await;
    stop_all(&servers[..2]).await;
    for _ in 0..2 {
        assert_eq!(app.poll().await.frozen, None);
    }
    assert_eq!(health(&app).await, ["offline", "offline", "online"]);
}
