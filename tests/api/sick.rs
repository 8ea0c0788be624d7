//! Servers that answer, but are of no use: error pages, a secret that was changed, a slow start.

use std::time::Duration;

use beadle::config::Policy;
use beadle::sim::{Call, Fault, FaultOn, NewMeeting};

use super::support::{TestApp, within};

const CREATE: &str = "name=x1&meetingID=class";

/// The web server in front of BigBlueButton often outlives it and answers 502 for it.
#[tokio::test]
async fn a_dead_server_behind_an_error_page_gives_its_class_up() {
    let (app, servers) = TestApp::with_servers_and(2, |config| {
        config.health.offline_after = Duration::ZERO;
        config.health.dead_after = Duration::ZERO;
    })
    .await;
    app.set("bbb0", r#"{"weight":100}"#).await;
    app.get("create", CREATE).await.succeeded();
    servers[0].fault(FaultOn::All, Fault::Status(502), None);
    for _ in 0..3 {
        app.poll().await;
    }
    assert_eq!(app.view("bbb0").await.health, "offline");
    app.get("create", CREATE).await.succeeded();
    assert_eq!(app.server_of("class").await.as_deref(), Some("bbb1"));
}

/// Front ends delete what a list does not name.
#[tokio::test]
async fn a_server_that_nobody_has_asked_yet_is_waited_for() {
    let (app, servers) = TestApp::with_servers(2).await;
    app.set("bbb0", r#"{"weight":100}"#).await;
    app.get("create", CREATE).await.succeeded();
    servers[1].put_meeting(NewMeeting::new("other")).expect("a meeting");
    let app = app.restart().await;
    servers[1].fault(Call::GetMeetings, Fault::Slow(Duration::from_millis(200)), None);
    app.get("isMeetingRunning", "meetingID=class").await.succeeded();
    let list = app.get("getMeetings", "").await;
    assert!(list.body().contains("<meetingID>other<"), "{}", list.body());
}

/// A refusal of beadle's own checksum is no sign of health, and no matter of the front end's.
#[tokio::test]
async fn a_server_with_another_secret_gets_nothing_and_says_nothing() {
    let (app, servers) = TestApp::with_servers_and(2, |config| {
        config.health.offline_after = Duration::ZERO;
    })
    .await;
    app.set("bbb0", r#"{"weight":100}"#).await;
    app.get("create", CREATE).await.succeeded();
    servers[0].fault(FaultOn::All, Fault::WrongChecksum, None);
    app.get("create", "name=x1&meetingID=first").await.succeeded();
    assert_eq!(app.server_of("first").await.as_deref(), Some("bbb1"));
    for _ in 0..4 {
        app.get("getMeetingInfo", "meetingID=class").await.refused("internalError");
    }
    assert_eq!(app.view("bbb0").await.health, "offline");
    app.get("create", CREATE).await.refused("internalError");
    app.get("create", "name=x1&meetingID=second").await.succeeded();
    assert_eq!(app.server_of("second").await.as_deref(), Some("bbb1"));
}

/// Scalelite counts a meeting that is being created once, whatever its size.
#[tokio::test]
async fn a_reserve_counts_the_same_before_and_after_a_poll() {
    let (app, servers) =
        TestApp::with_servers_and(1, |config| config.placement.policy = Policy::Scalelite).await;
    servers[0].fault(Call::Create, Fault::Slow(Duration::from_secs(1)), Some(1));
    let front_end = app.front_end();
    let create = tokio::spawn(async move { front_end.get("create", CREATE).await });
    within(5, servers[0].wait_for_requests(Call::Create, 1)).await;
    assert_eq!(app.view("bbb0").await.load, Some(1.0));
    app.poll().await;
    // Scalelite's formula takes a young meeting for fifteen people; the reserve is one.
    assert_eq!(app.view("bbb0").await.load, Some(16.0));
    create.await.expect("it ends").succeeded();
}

/// A server that was down when beadle started is offline in the end, like any other.
#[tokio::test]
async fn a_server_that_was_never_reached_goes_offline() {
    let (app, servers) = TestApp::with_servers_and(2, |config| {
        config.health.offline_after = Duration::ZERO;
    })
    .await;
    app.set("bbb0", r#"{"weight":100}"#).await;
    app.get("create", CREATE).await.succeeded();
    let app = app.restart().await;
    servers[0].stop().await;
    for _ in 0..3 {
        app.poll().await;
    }
    assert_eq!(app.view("bbb0").await.health, "offline");
    app.get("join", "meetingID=class&fullName=x&role=VIEWER").await.refused("serverUnavailable");
}

/// The beginning of a list, a character that no XML may hold: none of it may spoil the others'.
#[tokio::test]
async fn one_servers_odd_list_does_not_spoil_the_list_of_all() {
    let (app, servers) = TestApp::with_servers(2).await;
    servers[0].put_meeting(NewMeeting::new("good")).expect("a meeting");
    let odd = NewMeeting { name: "a\u{1}b".into(), ..NewMeeting::new("odd") };
    servers[1].put_meeting(odd).expect("a meeting");
    let list = app.get("getMeetings", "").await;
    assert!(list.body().contains("<meetingID>good<"), "{}", list.body());
    assert!(!list.body().contains('\u{1}'), "{}", list.body());
}

/// A request that cannot be passed on is the front end's matter, not the server's.
#[tokio::test]
async fn parameters_that_are_too_long_to_pass_on_harm_no_server() {
    let (app, _servers) = TestApp::with_servers(1).await;
    let form = format!("name=x1&meetingID=class&welcome={}", "x".repeat(70_000));
    app.front_end().post_form("create", &form).await.refused("validationError");
    assert_eq!(app.view("bbb0").await.health, "online");
    app.get("create", CREATE).await.succeeded();
}

/// After a restart a class does not wait for the first poll.
#[tokio::test]
async fn a_server_that_nobody_has_asked_yet_takes_a_class() {
    let (app, _servers) = TestApp::with_servers(1).await;
    let app = app.restart().await;
    assert_eq!(app.view("bbb0").await.health, "unknown");
    app.get("create", CREATE).await.succeeded();
}
