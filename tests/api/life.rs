//! The life of a meeting whose server fails, returns, or is all that still knows of it.

use std::time::Duration;

use beadle::config::Config;
use beadle::sim::{Call, Fault, NewMeeting, SimServer};

use super::create::last_create;
use super::support::{TestApp, browse, server};

const CREATE: &str = "name=Class&meetingID=class&moderatorPW=mp&attendeePW=ap";

/// Servers count as dead as soon as they have failed once.
pub(crate) fn impatient(config: &mut Config) {
    config.health.bad_polls = 1;
    config.health.offline_after = Duration::ZERO;
    config.health.dead_after = Duration::ZERO;
    config.servers.response_timeout = Duration::from_millis(500);
    config.servers.create_timeout = Duration::from_millis(500);
}

/// The application in front of two servers, with a class and the places of the server that has it
/// and of the other one.
async fn class() -> (TestApp, Vec<SimServer>, usize, usize) {
    let (app, servers) = TestApp::with_servers_and(2, impatient).await;
    app.get("create", CREATE).await.succeeded();
    let first = servers.iter().position(|server| server.meeting("class").is_some());
    let first = first.expect("a server with the class");
    (app, servers, first, 1 - first)
}

/// The class starts anew on the other server, because the first one is dead.
async fn moved() -> (TestApp, Vec<SimServer>, usize, usize) {
    let (app, servers, first, second) = class().await;
    servers[first].stop().await;
    app.poll().await;
    app.get("create", CREATE).await.succeeded();
    assert!(servers[second].meeting("class").is_some());
    servers[first].resume().await.expect("it listens");
    (app, servers, first, second)
}

async fn polls(app: &TestApp) {
    for _ in 0..3 {
        app.poll().await;
    }
}

async fn state(app: &TestApp) -> String {
    let meeting = app.operate("GET", "/meetings/one?id=class", "").await.json();
    meeting["state"].as_str().expect("a state").to_owned()
}

fn listed(document: &str) -> usize {
    document.matches("<meeting>").count()
}

#[tokio::test]
async fn a_meeting_of_a_dead_server_is_detached_until_its_people_create_it_again() {
    let (app, servers, first, second) = class().await;
    assert_eq!(state(&app).await, "running");
    servers[first].stop().await;
    app.poll().await;
    assert_eq!(state(&app).await, "detached");
    assert_eq!(app.server_of("class").await, Some(format!("bbb{first}")));
    app.get("create", CREATE).await.succeeded();
    assert_eq!(state(&app).await, "running");
    assert_eq!(app.server_of("class").await, Some(format!("bbb{second}")));
}

/// It has returned and no poll has found that yet. What breaks is one answer, not the server.
#[tokio::test]
async fn a_dead_server_that_has_returned_is_asked_before_its_class_starts_elsewhere() {
    for fault in [Fault::Reset, Fault::Truncate, Fault::Garbage, Fault::Status(502)] {
        let (app, servers, first, second) = class().await;
        let alive = servers[first].meeting("class").expect("the class");
        servers[first].stop().await;
        app.poll().await;
        assert_eq!(state(&app).await, "detached");
        servers[first].resume().await.expect("it listens");
        servers[first].fault(Call::Create, fault.clone(), Some(1));
        let answer = app.get("create", CREATE).await;
        assert!(servers[second].meeting("class").is_none(), "a second copy after {fault:?}");
        assert_eq!(answer.succeeded().field("internalMeetingID"), alive.internal_id);
    }
}

#[tokio::test]
async fn links_to_a_copy_that_was_lost_lead_to_the_living_one() {
    let (app, servers, first, second) = class().await;
    let lost = servers[first].meeting("class").expect("the class").create_time;
    servers[first].stop().await;
    app.poll().await;
    app.get("create", CREATE).await.succeeded();
    let alive = servers[second].meeting("class").expect("the class").create_time;
    for (given, sent) in [
        (format!("&createTime={lost}"), String::new()),
        (format!("&createTime={alive}"), format!("&createTime={alive}")),
        (String::new(), String::new()),
    ] {
        let query = format!("meetingID=class&fullName=A&password=mp{given}");
        let answer = app.get("join", &query).await;
        let location = answer.header("location").expect("a location");
        let expected = format!("meetingID=class&fullName=A&password=mp{sent}&checksum=");
        assert!(location.contains(&expected), "{location}");
        assert_eq!(browse(location).await.status, 302);
    }
    assert_eq!(servers[second].meeting("class").expect("the class").people.total(), 3);
}

#[tokio::test]
async fn a_password_that_was_made_up_moves_with_its_meeting() {
    let (app, servers) = TestApp::with_servers_and(2, impatient).await;
    let query = "name=Class&meetingID=class&attendeePW=ap";
    let password = app.get("create", query).await.succeeded().field("moderatorPW").to_owned();
    let first = servers.iter().position(|server| server.meeting("class").is_some());
    servers[first.expect("a server with the class")].stop().await;
    app.poll().await;
    let again = app.get("create", query).await;
    assert_eq!(again.succeeded().field("moderatorPW"), password);
}

#[tokio::test]
async fn an_empty_copy_on_a_server_that_is_back_is_ended() {
    let (app, servers, first, second) = moved().await;
    // Once it is well again, and not before: people whose connection broke may return first.
    app.poll().await;
    assert!(servers[first].meeting("class").is_some());
    polls(&app).await;
    assert!(servers[first].meeting("class").is_none());
    assert!(servers[second].meeting("class").is_some());
    assert_eq!(app.server_of("class").await, Some(format!("bbb{second}")));
}

#[tokio::test]
async fn a_copy_with_people_in_it_is_left_alone_and_reported() {
    let (app, servers, first, second) = moved().await;
    servers[first].add_people("class", 7, 1);
    polls(&app).await;
    assert_eq!(servers[first].request_count(Call::End), 0);
    let troubles = app.poll().await.troubles;
    let expected = format!("while server bbb{first} was dead, and 8 people are still in");
    assert!(troubles.iter().any(|trouble| trouble.contains(&expected)), "{troubles:?}");
    // Front ends see the one that joins lead to.
    let list = app.get("getMeetings", "").await;
    assert_eq!(listed(list.body()), 1);
    let alive = servers[second].meeting("class").expect("the class").internal_id;
    assert!(list.body().contains(&alive));
    // When its people have left it, it goes.
    servers[first].remove_people("class", 8);
    polls(&app).await;
    assert!(servers[first].meeting("class").is_none());
    assert!(app.poll().await.ok);
}

#[tokio::test]
async fn a_copy_is_in_use_again_when_the_meeting_comes_back_to_it() {
    let (app, servers, first, second) = moved().await;
    app.poll().await;
    app.poll().await;
    servers[first].add_people("class", 1, 0);
    servers[second].stop().await;
    app.poll().await;
    app.get("create", CREATE).await.succeeded();
    assert_eq!(app.server_of("class").await, Some(format!("bbb{first}")));
    servers[first].remove_people("class", 1);
    servers[second].resume().await.expect("it listens");
    polls(&app).await;
    assert!(servers[first].meeting("class").is_some(), "the copy that is in use");
    assert!(servers[second].meeting("class").is_none(), "the copy that was lost");
}

#[tokio::test]
async fn what_a_server_may_have_started_is_asked_of_it_again_and_of_no_other() {
    let (app, servers) = TestApp::with_servers_and(2, |config| {
        impatient(config);
        config.health.dead_after = Duration::from_mins(2);
    })
    .await;
    app.set_state("bbb1", "cordoned").await;
    servers[0].fault(Call::Create, Fault::Slow(Duration::from_secs(5)), Some(1));
    servers[0].fault(Call::GetMeetingInfo, Fault::Hang, None);
    app.get("create", CREATE).await.refused("internalError");
    app.set_state("bbb1", "enabled").await;
    assert_eq!(state(&app).await, "creating");
    // Nobody was told that it runs, so nobody is let in.
    app.get("join", "meetingID=class&fullName=A&password=mp").await.refused("notFound");
    // It is known after a restart as well.
    let app = app.restart().await;
    servers[0].fault(Call::Create, Fault::Hang, Some(1));
    app.get("create", CREATE).await.refused("internalError");
    assert_eq!(servers[1].request_count(Call::Create), 0);
    servers[0].clear_faults();
    app.get("create", CREATE).await.succeeded();
    assert_eq!(state(&app).await, "running");
    assert_eq!(servers[0].meetings().len(), 1);
    assert_eq!(servers[1].request_count(Call::Create), 0);
}

#[tokio::test]
async fn a_list_settles_whether_a_meeting_was_started() {
    let (app, servers) = TestApp::with_servers_and(1, impatient).await;
    servers[0].fault(Call::Create, Fault::Slow(Duration::from_secs(5)), Some(1));
    servers[0].fault(Call::GetMeetingInfo, Fault::Hang, None);
    app.get("create", CREATE).await.refused("internalError");
    assert_eq!(state(&app).await, "creating");
    app.poll().await;
    assert_eq!(state(&app).await, "running");
    let internal = servers[0].meeting("class").expect("the class").internal_id;
    assert_eq!(app.server_of("class").await.as_deref(), Some("bbb0"));
    servers[0].clear_faults();
    app.get("getMeetingInfo", &format!("meetingID={internal}")).await.succeeded();
}

/// The same servers behind a beadle that has lost everything but its configuration.
async fn anew(servers: &[SimServer], change: impl FnOnce(&mut Config)) -> TestApp {
    let app = TestApp::start_with(change).await;
    for (place, server) in servers.iter().enumerate() {
        app.add(place, server, |_| {}).await;
    }
    app.poll().await;
    app
}

#[tokio::test]
async fn running_classes_are_found_again_after_the_loss_of_all_state() {
    let (app, servers) = TestApp::with_servers(3).await;
    for n in 0..12 {
        app.get("create", &format!("name=x1&meetingID=m-{n}&moderatorPW=mp&attendeePW=ap"))
            .await
            .succeeded();
    }
    let mut before = Vec::new();
    for n in 0..12 {
        before.push(app.server_of(&format!("m-{n}")).await);
    }
    drop(app);
    let app = anew(&servers, |_| {}).await;
    for (n, server) in before.iter().enumerate() {
        assert_eq!(app.server_of(&format!("m-{n}")).await, *server);
        let query = format!("name=x1&meetingID=m-{n}&moderatorPW=mp&attendeePW=ap");
        let again = app.get("create", &query).await;
        assert_eq!(again.succeeded().field("messageKey"), "duplicateWarning");
    }
    assert_eq!(servers.iter().map(|server| server.meetings().len()).sum::<usize>(), 12);
    // An operator can end one, for which its password is needed.
    let ended = app.operate("POST", "/meetings/end", r#"{"id":"m-3"}"#).await;
    assert_eq!(ended.json()["told"], true, "{}", ended.body());
}

/// One of them was made too late, or on a server that was dead. Which list comes first is chance.
#[tokio::test]
async fn of_two_copies_the_one_with_people_is_found_again() {
    for crowded in [0, 1] {
        let servers = [server(0).await, server(1).await];
        for server in &servers {
            let app = TestApp::start().await;
            app.add(0, server, |_| {}).await;
            app.get("create", CREATE).await.succeeded();
        }
        servers[crowded].add_people("class", 20, 1);
        let app = TestApp::start().await;
        for place in [0, 1] {
            app.add(place, &servers[place], |_| {}).await;
            app.poll().await;
        }
        assert_eq!(app.server_of("class").await, Some(format!("bbb{crowded}")));
        let alive = servers[crowded].meeting("class").expect("the class").internal_id;
        let list = app.get("getMeetings", "").await;
        assert_eq!(listed(list.body()), 1);
        assert!(list.body().contains(&alive), "{}", list.body());
        polls(&app).await;
        assert_eq!(app.server_of("class").await, Some(format!("bbb{crowded}")));
        assert_eq!(servers[crowded].meeting("class").expect("the class").people.total(), 21);
    }
}

#[tokio::test]
async fn a_breakout_room_is_found_again_under_all_its_ids() {
    let (app, servers) = TestApp::with_servers(1).await;
    app.get("create", CREATE).await.succeeded();
    let query = "name=Room&meetingID=room-17&isBreakout=true&parentMeetingID=class&sequence=1";
    let created = app.get("create", query).await;
    let returned = created.succeeded().field("meetingID").to_owned();
    drop(app);
    let app = anew(&servers, |_| {}).await;
    for id in ["room-17", &returned] {
        app.get("getMeetingInfo", &format!("meetingID={id}")).await.succeeded();
    }
}

#[tokio::test]
async fn meetings_of_others_are_not_taken_in() {
    let (app, servers) = TestApp::with_servers(1).await;
    app.get("create", CREATE).await.succeeded();
    servers[0].put_meeting(NewMeeting::new("by hand")).expect("a meeting");
    let forged = ("beadle-origin".to_owned(), "0".repeat(64));
    let forged = NewMeeting { metadata: vec![forged], ..NewMeeting::new("forged") };
    servers[0].put_meeting(forged).expect("a meeting");
    // Another installation on the same servers, whose front ends have another secret.
    let other = |config: &mut Config| {
        config.api.secrets = vec![beadle::model::Secret::new("another").expect("a secret")];
    };
    let other = anew(&servers, other).await;
    assert_eq!(
        other.operate("GET", "/meetings", "").await.json().as_array().map(Vec::len),
        Some(0)
    );
    let app_again = anew(&servers, |_| {}).await;
    assert_eq!(app_again.server_of("class").await.as_deref(), Some("bbb0"));
    assert_eq!(app_again.server_of("by hand").await, None);
    assert_eq!(app_again.server_of("forged").await, None);
}

#[tokio::test]
async fn what_was_ended_is_neither_taken_in_nor_listed() {
    let (app, servers) = TestApp::with_servers(1).await;
    app.get("create", CREATE).await.succeeded();
    servers[0].add_people("class", 1, 1);
    // The operator gives it up although its server goes on with it.
    servers[0].fault(Call::End, Fault::Status(500), None);
    let ended = app.operate("POST", "/meetings/end", r#"{"id":"class","force":true}"#).await;
    assert_eq!(ended.json()["told"], false, "{}", ended.body());
    app.poll().await;
    assert_eq!(app.server_of("class").await, None);
    assert_eq!(listed(app.get("getMeetings", "").await.body()), 0);
    // It is remembered over a restart.
    let app = app.restart().await;
    app.poll().await;
    assert_eq!(app.server_of("class").await, None);
    assert_eq!(listed(app.get("getMeetings", "").await.body()), 0);
}

/// BigBlueButton lists what has ended for some seconds more, and says so.
#[tokio::test]
async fn what_is_forcibly_ended_is_neither_taken_in_nor_listed() {
    let (app, servers) = TestApp::with_servers(1).await;
    servers[0].linger(Duration::from_hours(1));
    app.get("create", CREATE).await.succeeded();
    // Not through beadle: a moderator ends it from inside.
    assert!(servers[0].end_meeting("class").await);
    assert_eq!(listed(app.get("getMeetings", "").await.body()), 0);
    let app = anew(&servers, |_| {}).await;
    assert_eq!(app.server_of("class").await, None);
}

#[tokio::test]
async fn what_a_panic_released_is_not_taken_in_again() {
    let (app, servers) = TestApp::with_servers(1).await;
    app.get("create", CREATE).await.succeeded();
    servers[0].fault(Call::End, Fault::Status(500), None);
    let answer = app.operate("POST", "/servers/bbb0/panic", "{}").await;
    assert_eq!(answer.json()["released"], 1, "{}", answer.body());
    app.poll().await;
    assert_eq!(app.server_of("class").await, None);
}

#[tokio::test]
async fn the_mark_is_shown_to_nobody() {
    let (app, servers) = TestApp::with_servers(2).await;
    for n in 0..4 {
        let query = format!("name=x1&meetingID=m-{n}&meta_course=c{n}");
        app.get("create", &query).await.succeeded();
        let info = app.get("getMeetingInfo", &format!("meetingID=m-{n}")).await;
        assert!(info.body().contains(&format!("<course>c{n}</course>")));
        assert!(!info.body().contains("beadle"), "{}", info.body());
    }
    let list = app.get("getMeetings", "").await;
    assert_eq!(listed(list.body()), 4);
    assert!(!list.body().contains("beadle"), "{}", list.body());
    let marks = servers.iter().flat_map(SimServer::meetings);
    assert!(marks.into_iter().all(|m| m.metadata.iter().any(|(name, _)| name == "beadle-origin")));
}

/// The application with an address of its own, and what its server is told to call at the end.
async fn with_public_url() -> (TestApp, SimServer, String) {
    let app = TestApp::start_with(|config| {
        config.public_url = Some("http://beadle.test".to_owned());
    })
    .await;
    let server = server(0).await;
    app.add(0, &server, |_| {}).await;
    server.record_requests(true);
    app.get("create", CREATE).await.succeeded();
    let address = last_create(&server).parameter("meetingEndedURL").expect("an address");
    let path = address.strip_prefix("http://beadle.test").expect("below public_url").to_owned();
    (app, server, path)
}

async fn report(app: &TestApp, target: &str) -> u16 {
    app.front_end().send("GET", target, None, b"").await.status
}

#[tokio::test]
async fn a_server_reports_the_end_of_a_meeting() {
    let (app, _server, path) = with_public_url().await;
    assert!(path.starts_with("/beadle/ended?tenant=&meeting=class&token="), "{path}");
    let (before, token) = path.rsplit_once('=').expect("a token");
    for wrong in [format!("{before}={}", "0".repeat(64)), format!("{before}="), before.to_owned()] {
        assert_eq!(report(&app, &wrong).await, 404);
    }
    let other = format!("/beadle/ended?tenant=&meeting=other&token={token}");
    assert_eq!(report(&app, &other).await, 404);
    assert_eq!(app.server_of("class").await.as_deref(), Some("bbb0"));
    assert_eq!(report(&app, &path).await, 200);
    assert_eq!(app.server_of("class").await, None);
    // The server may list it for a moment more, and report it twice.
    app.poll().await;
    assert_eq!(app.server_of("class").await, None);
    assert_eq!(report(&app, &path).await, 404);
}

#[tokio::test]
async fn the_end_of_a_meeting_frees_it_at_once() {
    let any_host = |config: &mut Config| config.http.check_host = false;
    let (app, servers) = TestApp::with_servers_and(1, any_host).await;
    let public_url = Some(format!("http://{}", app.address));
    let config = Config { public_url, ..app.config.clone() };
    assert!(app.reloader.reload(config).is_empty());
    app.get("create", CREATE).await.succeeded();
    let ended = servers[0].meeting("class").expect("the class").internal_id;
    assert!(servers[0].end_meeting("class").await, "the server has called by now");
    assert_eq!(app.server_of("class").await, None);
    app.get("create", CREATE).await.succeeded();
    assert_ne!(servers[0].meeting("class").expect("the class").internal_id, ended);
}

#[tokio::test]
async fn a_report_names_its_meeting_whatever_it_is_called() {
    let (app, server, _) = with_public_url().await;
    for id in ["a b", "a+b", "a&token=x", "Räume/100%", "%41", "\u{1f600}=?#"] {
        let encoded: String = form_urlencoded::byte_serialize(id.as_bytes()).collect();
        app.get("create", &format!("name=x1&meetingID={encoded}")).await.succeeded();
        let address = last_create(&server).parameter("meetingEndedURL").expect("an address");
        let path = address.strip_prefix("http://beadle.test").expect("below public_url");
        assert!(app.server_of(id).await.is_some(), "{id}");
        assert_eq!(report(&app, path).await, 200, "{path}");
        assert_eq!(app.server_of(id).await, None, "{id}");
    }
}

#[tokio::test]
async fn a_report_that_comes_too_early_splits_no_class() {
    let (app, server, path) = with_public_url().await;
    server.add_people("class", 30, 1);
    assert_eq!(report(&app, &path).await, 404);
    assert_eq!(app.server_of("class").await.as_deref(), Some("bbb0"));
    server.remove_people("class", 31);
    assert_eq!(report(&app, &path).await, 200);
    assert_eq!(app.server_of("class").await, None);
}

#[tokio::test]
async fn a_report_of_an_earlier_sitting_ends_nothing() {
    let (app, server, path) = with_public_url().await;
    app.get("end", "meetingID=class&password=mp").await.succeeded();
    app.get("create", CREATE).await.succeeded();
    assert_ne!(last_create(&server).parameter("meetingEndedURL").as_deref(), Some(&*path));
    assert_eq!(report(&app, &path).await, 404);
    assert_eq!(app.server_of("class").await.as_deref(), Some("bbb0"));
}

#[tokio::test]
async fn a_front_ends_own_call_back_is_left_alone() {
    let (app, server, _) = with_public_url().await;
    let own = "https://moodle.example.org/ended";
    let query = format!("name=x1&meetingID=own&meetingEndedURL={own}&meta_endCallbackUrl={own}");
    app.get("create", &query).await.succeeded();
    assert_eq!(last_create(&server).parameter("meetingEndedURL").as_deref(), Some(own));
    assert_eq!(last_create(&server).parameter("meta_endCallbackUrl").as_deref(), Some(own));
    // And without an address of its own beadle names none.
    let (app, servers) = TestApp::with_servers(1).await;
    servers[0].record_requests(true);
    app.get("create", CREATE).await.succeeded();
    assert_eq!(last_create(&servers[0]).parameter("meetingEndedURL"), None);
}
