//! create: how many people to expect is learned from a meeting's earlier sittings.

use std::time::Duration;

use beadle::sim::SimServer;
use serde_json::Value;

use super::support::{TestApp, eventually};

/// A meeting as the operator sees it.
async fn meeting(app: &TestApp, id: &str) -> Value {
    app.operate("GET", &format!("/meetings/one?id={id}"), "").await.json()
}

/// Creates a meeting, and says how many people are expected and why.
async fn create(app: &TestApp, id: &str, more: &str) -> (u64, String) {
    app.get("create", &format!("name=x1&meetingID={id}{more}")).await.succeeded();
    let meeting = meeting(app, id).await;
    let source = meeting["expected_from"].as_str().expect("a source").to_owned();
    (meeting["expected"].as_u64().expect("a number"), source)
}

/// One sitting of a meeting with so many people, of whom half leave before the end.
async fn sit(app: &TestApp, server: &SimServer, id: &str, people: u32) {
    app.get("create", &format!("name=x1&meetingID={id}")).await.succeeded();
    assert!(server.add_people(id, people, 0));
    app.poll().await;
    assert!(server.remove_people(id, people / 2));
    app.poll().await;
    app.get("end", &format!("meetingID={id}")).await.succeeded();
}

fn expects(people: u64, source: &str) -> (u64, String) {
    (people, source.to_owned())
}

#[tokio::test]
async fn a_class_is_expected_as_large_as_it_was() {
    let (app, servers) = TestApp::with_servers(1).await;
    sit(&app, &servers[0], "math", 60).await;
    app.poll().await;
    assert_eq!(create(&app, "math", "").await, expects(60, "meeting"));
    assert_eq!(app.view("bbb0").await.load, Some(60.0), "room is kept for them");
    app.get("end", "meetingID=math").await.succeeded();
    // Growth is followed quickly, and an empty sitting takes little.
    sit(&app, &servers[0], "math", 160).await;
    sit(&app, &servers[0], "math", 0).await;
    assert_eq!(create(&app, "math", "").await, expects(108, "meeting"));
    app.get("end", "meetingID=math").await.succeeded();
    let hinted = create(&app, "math", "&meta_bbb-meeting-size-hint=7").await;
    assert_eq!(hinted, expects(7, "hint"));
    app.get("end", "meetingID=math").await.succeeded();
    assert_eq!(create(&app, "math", "&maxParticipants=50").await, expects(50, "limit"));
    app.get("end", "meetingID=math").await.succeeded();
    assert_eq!(create(&app, "math", "&maxParticipants=0").await, expects(108, "meeting"));
    assert_eq!(create(&app, "art", "").await, expects(20, "default"));
    assert_eq!(create(&app, "art2", "&maxParticipants=5").await, expects(5, "limit"));
}

#[tokio::test]
async fn what_was_learned_outlives_a_restart() {
    let (mut app, servers) = TestApp::with_servers(1).await;
    sit(&app, &servers[0], "math", 60).await;
    create(&app, "long", "").await;
    assert!(servers[0].add_people("long", 90, 0));
    app.poll().await;
    app = app.restart().await;
    assert_eq!(create(&app, "math", "").await, expects(60, "meeting"));
    // The peak was before the restart.
    assert!(servers[0].remove_people("long", 70));
    app.poll().await;
    let long = meeting(&app, "long").await;
    assert_eq!(
        (&long["users"], &long["peak"], &long["learned"]),
        (&20.into(), &90.into(), &90.into())
    );
    app.get("end", "meetingID=long").await.succeeded();
    app = app.restart().await;
    assert_eq!(create(&app, "long", "").await, expects(90, "meeting"));
    let long = meeting(&app, "long").await;
    assert_eq!((&long["sittings"], &long["peak"]), (&1.into(), &Value::Null));
}

#[tokio::test]
async fn an_unknown_meeting_is_expected_as_large_as_others_of_its_tenant() {
    let (mut app, servers) = TestApp::with_servers(1).await;
    for (place, people) in [30, 50, 0, 40].into_iter().enumerate() {
        sit(&app, &servers[0], &format!("m{place}"), people).await;
    }
    app.pool.store_sizes(false).await;
    assert_eq!(create(&app, "early", "").await, expects(20, "default"), "too little is known");
    for place in [10, 11] {
        sit(&app, &servers[0], &format!("m{place}"), 40).await;
    }
    app = app.restart().await;
    assert_eq!(create(&app, "new", "").await, expects(40, "tenant"));
}

#[tokio::test]
async fn those_who_were_in_a_lost_class_are_expected_elsewhere() {
    let (app, servers) = TestApp::with_servers_and(2, |config| {
        config.health.bad_polls = 2;
        config.health.offline_after = Duration::ZERO;
        config.health.dead_after = Duration::ZERO;
    })
    .await;
    app.set("bbb0", r#"{"weight":100}"#).await;
    create(&app, "math", "").await;
    assert!(servers[0].add_people("math", 90, 0));
    app.poll().await;
    servers[0].stop().await;
    eventually("bbb0 is offline", async || {
        app.poll().await;
        app.view("bbb0").await.health == "offline"
    })
    .await;
    assert_eq!(create(&app, "math", "").await, expects(90, "meeting"));
    assert_eq!(app.view("bbb1").await.load, Some(90.0));
}

#[tokio::test]
async fn people_in_breakout_rooms_count_once() {
    let (app, servers) = TestApp::with_servers(1).await;
    create(&app, "class", "&meta_bbb-meeting-size-hint=30").await;
    let room = "&isBreakout=true&parentMeetingID=class&sequence=1";
    assert_eq!(create(&app, "room", room).await, expects(0, "breakout"));
    assert_eq!(app.view("bbb0").await.load, Some(30.0));
    app.poll().await;
    assert_eq!(app.view("bbb0").await.load.map(f64::round), Some(30.0));
    assert!(servers[0].add_people("class", 9, 0));
    app.poll().await;
    assert_eq!(meeting(&app, "class").await["peak"], 9);
}

#[tokio::test]
async fn polls_write_nothing() {
    let (app, servers) = TestApp::with_servers(1).await;
    create(&app, "math", "").await;
    let file = app.data_dir().join("store/db");
    let written = || std::fs::metadata(&file).and_then(|f| f.modified()).expect("the database");
    let before = written();
    for people in 1..5 {
        assert!(servers[0].add_people("math", people, 0));
        app.poll().await;
    }
    app.pool.store_sizes(false).await;
    assert_eq!(written(), before);
    app.pool.store_sizes(true).await;
    assert!(written() > before, "how far it has come");
    let before = written();
    app.poll().await;
    app.pool.store_sizes(true).await;
    assert_eq!(written(), before, "nothing new");
}
