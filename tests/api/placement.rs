//! create: spare servers, the policy of the variant for Kubernetes, and a full pool.

use beadle::config::Policy;
use beadle::sim::SimServer;

use super::support::{TestApp, server};

/// Creates a meeting, and says where it is.
async fn goes(app: &TestApp, id: &str) -> String {
    app.get("create", &format!("name=x1&meetingID={id}")).await.succeeded();
    app.server_of(id).await.expect("a server")
}

/// Servers of which the last is a spare one.
async fn with_a_spare(count: usize) -> (TestApp, Vec<SimServer>) {
    let (app, servers) = TestApp::with_servers(count).await;
    app.set(&format!("bbb{}", count - 1), r#"{"spare":true}"#).await;
    (app, servers)
}

#[tokio::test]
async fn a_spare_server_waits_until_no_other_can_take_a_meeting() {
    let (app, servers) = with_a_spare(3).await;
    for place in 0..6 {
        assert_ne!(goes(&app, &format!("m{place}")).await, "bbb2");
    }
    // Full, draining, or unwell: one of them each.
    app.set("bbb0", r#"{"max_meetings":3}"#).await;
    assert_eq!(goes(&app, "m6").await, "bbb1");
    app.set_state("bbb1", "cordoned").await;
    assert_eq!(goes(&app, "m7").await, "bbb2");
    app.set_state("bbb1", "enabled").await;
    assert_eq!(goes(&app, "m8").await, "bbb1");
    servers[1].stop().await;
    app.poll().await;
    assert_eq!(app.view("bbb1").await.health, "unstable");
    assert_eq!(goes(&app, "m9").await, "bbb2");
}

#[tokio::test]
async fn a_spare_server_heeds_tags_and_limits() {
    let (app, _servers) = with_a_spare(2).await;
    app.set("bbb1", r#"{"tag":"gpu"}"#).await;
    let tagged = "name=x1&meetingID=tagged&meta_server-tag=gpu";
    app.get("create", &format!("{tagged}!")).await.succeeded();
    assert_eq!(app.server_of("tagged").await.expect("a server"), "bbb1", "no other has the tag");
    assert_eq!(goes(&app, "plain").await, "bbb0");
    app.set("bbb0", r#"{"max_meetings":1}"#).await;
    app.get("create", "name=x1&meetingID=more").await.refused("maxConcurrent");
    app.set("bbb1", r#"{"tag":""}"#).await;
    assert_eq!(goes(&app, "more").await, "bbb1");
    app.set("bbb1", r#"{"max_meetings":2}"#).await;
    app.get("create", "name=x1&meetingID=most").await.refused_with(
        "maxConcurrent",
        "All servers are at their limit of meetings or people. Please try again later.",
    );
}

#[tokio::test]
async fn a_spare_server_is_remembered_as_one() {
    let (mut app, _servers) = TestApp::with_servers(1).await;
    let spare = server(1).await;
    assert!(app.add(1, &spare, |wish| wish.spare = true).await.spare);
    app = app.restart().await;
    assert_eq!((app.view("bbb0").await.spare, app.view("bbb1").await.spare), (false, true));
    app.set("bbb1", r#"{"weight":2}"#).await;
    assert!(app.view("bbb1").await.spare, "what is not named stays");
    app.set("bbb1", r#"{"spare":false}"#).await;
    app = app.restart().await;
    assert!(!app.view("bbb1").await.spare);
}

#[tokio::test]
async fn under_policy_participants_people_count_and_nothing_is_expected() {
    let change = |config: &mut beadle::config::Config| {
        config.placement.policy = Policy::Participants;
    };
    let (app, servers) = TestApp::with_servers_and(2, change).await;
    app.set("bbb1", r#"{"load_multiplier":0.5}"#).await;
    assert_eq!(goes(&app, "class").await, "bbb0", "the lowest id wins a tie");
    assert_eq!(app.view("bbb0").await.load, Some(1.0), "until the next poll");
    app.poll().await;
    assert_eq!(app.view("bbb0").await.load, Some(0.0), "nobody is there");
    assert!(servers[0].add_people("class", 7, 2));
    assert!(servers[0].set_cameras("class", 5));
    app.poll().await;
    // Moderators count once, cameras do not.
    assert_eq!(app.view("bbb0").await.load, Some(9.0));
    app.get("join", "meetingID=class&fullName=A&role=VIEWER").await;
    assert_eq!(app.view("bbb0").await.load, Some(9.0), "a join adds nothing");
    assert_eq!(goes(&app, "class").await, "bbb0");
    assert_eq!(app.view("bbb0").await.load, Some(10.0), "a create of a known meeting counts one");
    for place in 0..4 {
        assert_eq!(goes(&app, &format!("m{place}")).await, "bbb1");
    }
    assert!(servers[1].add_people("m0", 16, 0));
    app.poll().await;
    let view = app.view("bbb1").await;
    assert_eq!((view.load, view.utilisation), (Some(8.0), Some(8.0)), "multiplied once");
    assert_eq!(goes(&app, "last").await, "bbb1", "8 here, 9 there");
}
