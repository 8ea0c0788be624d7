//! create: servers that fail, and what comes of the meeting.

use std::time::Duration;

use beadle::sim::{Call, Fault, FaultOn, SimServer};

use super::support::{Signed, TestApp, eventually};

const CREATE: &str = "name=Class&meetingID=class";

/// Servers in the order in which a new meeting tries them: `bbb0` is by far the strongest.
async fn in_order(count: usize) -> (TestApp, Vec<SimServer>) {
    let (app, servers) = TestApp::with_servers_and(count, |config| {
        config.servers.create_timeout = Duration::from_secs(1);
        config.servers.response_timeout = Duration::from_millis(1500);
    })
    .await;
    for (place, weight) in (0..count).zip([1000.0, 100.0, 10.0, 1.0]) {
        app.set(&format!("bbb{place}"), &format!(r#"{{"weight":{weight}}}"#)).await;
    }
    for server in &servers {
        server.record_requests(true);
    }
    (app, servers)
}

fn meetings(servers: &[SimServer]) -> Vec<usize> {
    servers.iter().map(|server| server.meetings().len()).collect()
}

fn creates(servers: &[SimServer]) -> Vec<u64> {
    servers.iter().map(|server| server.request_count(Call::Create)).collect()
}

async fn unknown(app: &TestApp) {
    app.get("getMeetingInfo", "meetingID=class").await.refused("notFound");
    let running = app.get("isMeetingRunning", "meetingID=class").await;
    assert_eq!(running.succeeded().field("running"), "false");
    assert_eq!(app.server_of("class").await, None);
}

#[tokio::test]
async fn a_server_that_is_gone_costs_no_class() {
    let (app, servers) = in_order(2).await;
    servers[0].stop().await;
    app.get("create", CREATE).await.succeeded();
    assert_eq!(meetings(&servers), [0, 1]);
    assert_eq!(app.server_of("class").await.as_deref(), Some("bbb1"));
    assert_eq!(app.view("bbb0").await.health, "unstable");
}

#[tokio::test]
async fn the_next_server_is_tried_where_nothing_was_started() {
    for fault in [
        Fault::Refuse,
        Fault::Status(500),
        Fault::Status(502),
        Fault::Status(404),
        Fault::Garbage,
        Fault::Empty,
        Fault::Hang,
    ] {
        let (app, servers) = in_order(2).await;
        servers[0].fault(Call::Create, fault.clone(), None);
        app.get("create", CREATE).await.succeeded();
        assert_eq!(meetings(&servers), [0, 1], "{fault:?}");
        assert_eq!(app.server_of("class").await.as_deref(), Some("bbb1"), "{fault:?}");
        assert_eq!(creates(&servers), [1, 1], "{fault:?}");
    }
}

/// The server has done what it was asked to and only its answer was lost: it is asked, and the
/// meeting stays where it is. Otherwise one class would sit in two meetings.
#[tokio::test]
async fn a_lost_answer_makes_no_twin() {
    let slow = Fault::Slow(Duration::from_secs(2));
    for fault in [Fault::Reset, Fault::Truncate, slow] {
        let (app, servers) = in_order(2).await;
        servers[0].fault(Call::Create, fault.clone(), Some(1));
        let created = app.get("create", CREATE).await;
        created.succeeded();
        assert_eq!(meetings(&servers), [1, 0], "{fault:?}");
        assert_eq!(creates(&servers)[1], 0, "{fault:?}");
        let meeting = servers[0].meeting("class").expect("a meeting");
        assert_eq!(created.field("internalMeetingID"), meeting.internal_id);
        assert_eq!(app.server_of("class").await.as_deref(), Some("bbb0"), "{fault:?}");
    }
}

#[tokio::test]
async fn a_server_that_took_the_call_and_fell_silent_is_left_alone_with_it() {
    let (app, servers) = in_order(2).await;
    servers[0].fault(Call::Create, Fault::Slow(Duration::from_secs(5)), None);
    servers[0].fault(Call::GetMeetingInfo, Fault::Hang, None);
    let answer = app.get("create", CREATE).await;
    answer.refused_with("internalError", "Unable to create meeting on server.");
    assert_eq!(creates(&servers), [1, 0]);
    // When it is back, the next create finds what the first one made.
    servers[0].clear_faults();
    app.poll().await;
    app.poll().await;
    let again = app.get("create", CREATE).await;
    again.succeeded();
    assert_eq!(meetings(&servers), [1, 0]);
}

/// It takes the create when it was asked and has denied to have the meeting: nobody can know. The
/// copy stays empty, because nobody is led to it.
#[tokio::test]
async fn a_copy_that_is_made_too_late_is_left_alone() {
    let (app, servers) = in_order(2).await;
    servers[0].fault(Call::Create, Fault::Late(Duration::from_millis(2500)), Some(1));
    let created = app.get("create", CREATE).await;
    let internal_id = created.succeeded().field("internalMeetingID").to_owned();
    assert_eq!(servers[1].meeting("class").expect("the class").internal_id, internal_id);
    eventually("the late copy is made", async || servers[0].meeting("class").is_some()).await;
    let late = servers[0].meeting("class").expect("a copy").internal_id;
    for _ in 0..3 {
        let troubles = app.poll().await.troubles;
        assert!(troubles.iter().all(|trouble| !trouble.contains("class")), "{troubles:?}");
        assert_eq!(app.server_of("class").await.as_deref(), Some("bbb1"));
        let list = app.get("getMeetings", "").await;
        assert!(list.succeeded().body().contains(&internal_id), "{}", list.body());
        assert!(!list.body().contains(&late), "{}", list.body());
        let join = app.get("join", "meetingID=class&fullName=Ada&role=VIEWER").await;
        let location = join.header("location").expect("a location");
        assert!(location.starts_with(&servers[1].url()), "{location}");
        let again = app.get("create", CREATE).await;
        assert_eq!(again.succeeded().field("internalMeetingID"), internal_id);
    }
    assert_eq!(meetings(&servers), [1, 1]);
    assert!(servers.iter().all(|server| server.request_count(Call::End) == 0));
    // The same after a restart, when nothing but the store tells which of them it is.
    let app = app.restart().await;
    app.poll().await;
    assert_eq!(app.server_of("class").await.as_deref(), Some("bbb1"));
    assert_eq!(meetings(&servers), [1, 1]);
    // Nor does the class come back by it when it is over.
    app.get("end", "meetingID=class").await.succeeded();
    app.poll().await;
    assert_eq!(app.server_of("class").await, None);
    let list = app.get("getMeetings", "").await;
    assert!(!list.succeeded().body().contains(&late), "{}", list.body());
    app.get("create", CREATE).await.succeeded();
    assert!(app.server_of("class").await.is_some());
}

#[tokio::test]
async fn three_servers_are_tried_and_no_more() {
    let (app, servers) = in_order(4).await;
    for server in &servers[..3] {
        server.stop().await;
    }
    let answer = app.get("create", CREATE).await;
    answer.refused_with("internalError", "Unable to create meeting on server.");
    assert_eq!(creates(&servers), [0; 4]);
    unknown(&app).await;
    // They count as unstable now, so the next one goes where it can.
    app.get("create", CREATE).await.succeeded();
    assert_eq!(meetings(&servers), [0, 0, 0, 1]);
}

/// What makes two servers fail with a status of 500 is likely to be in the request.
#[tokio::test]
async fn after_two_server_errors_no_third_is_asked() {
    let (app, servers) = in_order(3).await;
    for server in &servers[..2] {
        server.fault(Call::Create, Fault::Status(500), None);
    }
    app.get("create", CREATE).await.refused("internalError");
    assert_eq!(creates(&servers), [1, 1, 0]);
    unknown(&app).await;
}

#[tokio::test]
async fn a_refusal_is_relayed_to_the_byte_and_asked_nowhere_else() {
    let (app, servers) = in_order(2).await;
    let fault = Fault::Failed { key: "some&key".into(), message: "Nö <really>".into() };
    servers[0].fault(Call::Create, fault, Some(2));
    let answer = app.get("create", CREATE).await;
    answer.refused("some&amp;key");
    let own = Signed::new(servers[0].address(), servers[0].secret());
    assert_eq!(answer.body(), own.get("create", CREATE).await.body());
    assert_eq!(creates(&servers), [2, 0]);
    unknown(&app).await;
    app.get("create", CREATE).await.succeeded();
    assert_eq!(app.server_of("class").await.as_deref(), Some("bbb0"));
}

#[tokio::test]
async fn a_refusal_in_the_other_form_gets_key_and_message() {
    let (app, servers) = in_order(1).await;
    for (key, message, expected) in [
        ("nonUniqueVoiceBridge", "Taken & gone.", ("nonUniqueVoiceBridge", "Taken &amp; gone.")),
        ("", "Only words.", ("internalError", "Only words.")),
        ("", "", ("internalError", "Unable to create meeting on server.")),
        ("onlyKey", "", ("onlyKey", "")),
    ] {
        let fault = Fault::ErrorsForm { key: key.into(), message: message.into() };
        servers[0].fault(Call::Create, fault, Some(1));
        let answer = app.get("create", CREATE).await;
        answer.refused_with(expected.0, expected.1);
        assert_eq!(answer.text("errors"), None);
    }
    unknown(&app).await;
}

/// Between the store and the server: a meeting that the server no longer has is made anew there.
#[tokio::test]
async fn a_meeting_that_its_server_lost_is_made_again_in_its_place() {
    let (app, servers) = in_order(2).await;
    let first = app.get("create", CREATE).await;
    assert!(servers[0].forget("class"));
    let second = app.get("create", CREATE).await;
    second.succeeded();
    assert_ne!(second.field("internalMeetingID"), first.field("internalMeetingID"));
    assert_eq!(meetings(&servers), [1, 0]);
    // The new internal id leads to it as well.
    let query = format!("meetingID={}", second.field("internalMeetingID"));
    app.get("getMeetingInfo", &query).await.succeeded();
}

#[tokio::test]
async fn a_known_meeting_stays_on_a_server_that_fails_for_a_moment() {
    let (app, servers) = in_order(2).await;
    app.get("create", CREATE).await.succeeded();
    servers[0].stop().await;
    let answer = app.get("create", CREATE).await;
    answer.refused_with("internalError", "Unable to create meeting on server.");
    assert_eq!(creates(&servers)[1], 0);
    servers[0].resume().await.expect("a server");
    let again = app.get("create", CREATE).await;
    assert_eq!(again.succeeded().field("messageKey"), "duplicateWarning");
}

#[tokio::test]
async fn a_meeting_of_a_dead_server_is_made_anew_elsewhere() {
    let (app, servers) = TestApp::with_servers_and(2, |config| {
        config.health.bad_polls = 2;
        config.health.offline_after = Duration::ZERO;
        config.health.dead_after = Duration::ZERO;
    })
    .await;
    app.set("bbb0", r#"{"weight":100}"#).await;
    app.get("create", CREATE).await.succeeded();
    let bridge = app.get("getMeetingInfo", "meetingID=class").await;
    servers[0].stop().await;
    eventually("bbb0 is offline", async || {
        app.poll().await;
        app.view("bbb0").await.health == "offline"
    })
    .await;
    let again = app.get("create", CREATE).await;
    again.succeeded();
    assert_eq!(app.server_of("class").await.as_deref(), Some("bbb1"));
    // A class keeps its telephone number.
    assert_eq!(again.field("voiceBridge"), bridge.field("voiceBridge"));
}

#[tokio::test]
async fn a_meeting_of_a_removed_server_is_made_anew_elsewhere() {
    let (app, servers) = in_order(2).await;
    app.get("create", CREATE).await.succeeded();
    let busy = app.operate("DELETE", "/servers/bbb0", "").await;
    assert_eq!((busy.status, &busy.json()["kind"]), (409, &"busy".into()));
    let removed = app.operate("DELETE", "/servers/bbb0?force=true", "").await;
    assert_eq!(removed.status, 204);
    app.get("join", "meetingID=class&fullName=x").await.refused("notFound");
    app.get("create", CREATE).await.succeeded();
    assert_eq!(meetings(&servers), [1, 1]);
}

/// A cordoned server drains: its meetings go on there, new ones go elsewhere.
#[tokio::test]
async fn a_cordoned_server_keeps_what_it_has() {
    let (app, servers) = in_order(2).await;
    app.get("create", CREATE).await.succeeded();
    app.set_state("bbb0", "cordoned").await;
    let again = app.get("create", CREATE).await;
    assert_eq!(again.succeeded().field("messageKey"), "duplicateWarning");
    app.get("create", "name=x1&meetingID=other").await.succeeded();
    assert_eq!(app.server_of("other").await.as_deref(), Some("bbb1"));
    // Once the server says that it is over, the class may start where there is room.
    servers[0].forget_all();
    app.get("create", CREATE).await.succeeded();
    assert_eq!(app.server_of("class").await.as_deref(), Some("bbb1"));
    assert_eq!(meetings(&servers), [0, 2]);
}

#[tokio::test]
async fn a_disabled_server_takes_no_create_and_gives_no_meeting_away() {
    let (app, servers) = in_order(2).await;
    app.get("create", CREATE).await.succeeded();
    app.set_state("bbb0", "disabled").await;
    app.get("create", CREATE).await.refused("serverUnavailable");
    servers[0].fault(FaultOn::All, Fault::Status(500), None);
    app.get("create", CREATE).await.refused("serverUnavailable");
    servers[0].clear_faults();
    assert!(servers[0].forget("class"));
    app.get("create", CREATE).await.succeeded();
    assert_eq!(meetings(&servers), [0, 1]);
}
