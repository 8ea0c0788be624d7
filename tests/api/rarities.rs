//! Rare meetings of events, in which a class could be lost or split.

use std::time::Duration;

use beadle::sim::{Call, Fault, NewMeeting};

use super::create::last_create;
use super::support::{TestApp, server};

const CREATE: &str = "name=Class&meetingID=class&moderatorPW=mp&attendeePW=ap";

/// BigBlueButton tries several times to get rid of a report.
#[tokio::test]
async fn a_late_report_does_not_end_what_was_started_anew_on_the_same_server() {
    let app = TestApp::start_with(|config| {
        config.public_url = Some("http://beadle.test".to_owned());
    })
    .await;
    let server = server(0).await;
    app.add(0, &server, |_| {}).await;
    server.record_requests(true);
    let told = || {
        let address = last_create(&server).parameter("meetingEndedURL").expect("an address");
        address.strip_prefix("http://beadle.test").expect("below public_url").to_owned()
    };
    let report = async |target: String| app.front_end().send("GET", &target, None, b"").await;
    app.get("create", CREATE).await.succeeded();
    let first = told();
    // The class ends by itself, and its people are back before the report is.
    server.forget("class");
    app.get("create", CREATE).await.succeeded();
    let second = told();
    assert_eq!(report(first).await.status, 404);
    assert_eq!(app.server_of("class").await.as_deref(), Some("bbb0"));
    app.get("create", CREATE).await.succeeded();
    assert_eq!(report(second).await.status, 200);
    assert_eq!(app.server_of("class").await, None);
}

#[tokio::test]
async fn a_create_of_a_running_class_leaves_its_report_valid() {
    let app = TestApp::start_with(|config| {
        config.public_url = Some("http://beadle.test".to_owned());
    })
    .await;
    let server = server(0).await;
    app.add(0, &server, |_| {}).await;
    server.record_requests(true);
    app.get("create", CREATE).await.succeeded();
    let address = last_create(&server).parameter("meetingEndedURL").expect("an address");
    app.get("create", CREATE).await.succeeded();
    let target = address.strip_prefix("http://beadle.test").expect("below public_url");
    assert_eq!(app.front_end().send("GET", target, None, b"").await.status, 200);
    assert_eq!(app.server_of("class").await, None);
}

/// By its name and by its number, say, of which one fails for a while.
#[tokio::test]
async fn a_machine_that_was_added_twice_keeps_its_class() {
    let app = TestApp::start_with(|config| {
        config.health.bad_polls = 1;
        config.health.offline_after = Duration::ZERO;
        config.health.dead_after = Duration::ZERO;
    })
    .await;
    let (machine, nobody) = (server(0).await, server(9).await);
    nobody.stop().await;
    app.add(0, &machine, |_| {}).await;
    app.get("create", CREATE).await.succeeded();
    let class = machine.meeting("class").expect("the class").internal_id;
    let by_name = format!("http://localhost:{}", machine.address().port());
    app.add(1, &machine, |wish| wish.url = by_name).await;
    app.set("bbb0", &format!(r#"{{"url":"{}","force":true}}"#, nobody.url())).await;
    app.poll().await;
    app.get("create", CREATE).await.succeeded();
    assert_eq!(app.server_of("class").await.as_deref(), Some("bbb1"));
    app.set("bbb0", &format!(r#"{{"url":"{}"}}"#, machine.url())).await;
    for _ in 0..4 {
        app.poll().await;
    }
    assert_eq!(machine.meeting("class").map(|class| class.internal_id), Some(class));
    assert_eq!(machine.request_count(Call::End), 0);
}

/// Whoever waited for another's list has less time left for one of its own than a server may take.
#[tokio::test]
async fn who_has_little_time_left_says_nothing_about_a_server() {
    let (app, servers) = TestApp::with_servers_and(1, |config| {
        config.api.get_meetings_budget = Duration::from_secs(3);
    })
    .await;
    let before = servers[0].request_count(Call::GetMeetings);
    servers[0].fault(Call::GetMeetings, Fault::Slow(Duration::from_secs(2)), None);
    let ask = || {
        let front_end = app.front_end();
        tokio::spawn(async move { front_end.get("getMeetings", "").await })
    };
    let first = ask();
    servers[0].wait_for_requests(Call::GetMeetings, before + 1).await;
    // The list that comes of this is too old for the second one, who waits for it all the same.
    app.get("create", CREATE).await.succeeded();
    let second = ask();
    first.await.expect("an answer").succeeded();
    second.await.expect("an answer").succeeded();
    assert_eq!(servers[0].request_count(Call::GetMeetings), before + 2);
    assert_eq!(app.view("bbb0").await.health, "online");
}

#[tokio::test]
async fn what_is_created_anew_during_a_panic_goes_on() {
    let (app, servers) = TestApp::with_servers(1).await;
    let create = |id: &str| format!("name=x1&meetingID={id}&moderatorPW=mp&attendeePW=ap");
    let ids = ["m-0", "m-1", "m-2"];
    for id in ids {
        app.get("create", &create(id)).await.succeeded();
    }
    servers[0].record_requests(true);
    servers[0].fault(Call::End, Fault::Slow(Duration::from_millis(500)), Some(1));
    let panic = app.operate("POST", "/servers/bbb0/panic", r#"{"keep_state":true}"#).await;
    assert_eq!(panic.json()["released"], 3, "{}", panic.body());
    servers[0].wait_for_requests(Call::End, 1).await;
    let requests = servers[0].requests();
    let end = requests.iter().find(|request| request.call == Call::End).expect("an end");
    let first = end.parameter("meetingID").expect("an id");
    for id in ids.into_iter().filter(|id| *id != first) {
        app.get("create", &create(id)).await.succeeded();
    }
    // Longer than the ends of all would take.
    servers[0].fault(Call::Create, Fault::Slow(Duration::from_secs(1)), Some(1));
    app.get("create", &create(&first)).await.succeeded();
    assert_eq!(servers[0].meetings().len(), 3);
    assert_eq!(servers[0].request_count(Call::End), 1);
}

/// A server that was too slow for one create may make its meeting after another one has it.
#[tokio::test]
async fn a_copy_that_nobody_is_led_to_is_not_listed() {
    let (app, servers) = TestApp::with_servers(2).await;
    app.get("create", CREATE).await.succeeded();
    let first = servers.iter().position(|server| server.meeting("class").is_some());
    let first = first.expect("a server with the class");
    let class = servers[first].meeting("class").expect("the class");
    let late = NewMeeting { metadata: class.metadata, ..NewMeeting::new("class") };
    let late = servers[1 - first].put_meeting(late).expect("a meeting");
    assert_ne!(late.internal_id, class.internal_id);
    app.poll().await;
    let list = app.get("getMeetings", "").await;
    assert!(list.body().contains(&class.internal_id), "{}", list.body());
    assert!(!list.body().contains(&late.internal_id), "{}", list.body());
    assert_eq!(app.server_of("class").await, Some(format!("bbb{first}")));
}

/// Each person who joins may bring a create along. They wait for the first one, and not each for
/// all those before.
#[tokio::test]
async fn who_has_waited_long_for_creates_that_failed_waits_for_no_more() {
    let (app, servers) = TestApp::with_servers_and(1, |config| {
        config.servers.create_timeout = Duration::from_secs(9);
    })
    .await;
    servers[0].fault(Call::Create, Fault::Hang, None);
    let create = || {
        let front_end = app.front_end();
        tokio::spawn(async move { front_end.get("create", CREATE).await })
    };
    let first = create();
    servers[0].wait_for_requests(Call::Create, 1).await;
    let others: Vec<_> = (0..5).map(|_| create()).collect();
    first.await.expect("an answer").refused("internalError");
    for other in others {
        other.await.expect("an answer").refused("internalError");
    }
    assert_eq!(servers[0].request_count(Call::Create), 1);
}
