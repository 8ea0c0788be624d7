//! Servers that come and go: health, the poller, and what is stored over a restart.

use std::time::{Duration, Instant};

use beadle::model::{Capacity, Secret, ServerState, ServerUrl};
use beadle::pool::Pool;
use beadle::pool::placement::load::Figures;
use beadle::pool::servers::NewServer;
use beadle::sim::{Call, Fault, FaultOn, NewMeeting, People};

use super::support::{TestApp, eventually, server, within};

async fn health(app: &TestApp, id: &str) -> String {
    app.view(id).await.health
}

#[tokio::test]
async fn an_unstable_server_gets_no_new_meetings_but_keeps_its_own() {
    let (app, servers) = TestApp::with_servers(2).await;
    app.set("bbb0", r#"{"weight":1000}"#).await;
    app.get("create", "name=Class&meetingID=class").await.succeeded();
    servers[0].fault(FaultOn::All, Fault::Status(500), Some(2));
    app.poll().await;
    assert_eq!(health(&app, "bbb0").await, "unstable");
    let trouble = app.view("bbb0").await.trouble.expect("trouble");
    assert!(trouble.contains("500"), "{trouble}");
    let join = app.get("join", "fullName=x&meetingID=class&role=VIEWER").await;
    assert_eq!(join.status, 302);
    app.get("create", "name=x1&meetingID=other").await.succeeded();
    assert_eq!(app.server_of("other").await.as_deref(), Some("bbb1"));
    // Two good polls bring it back.
    servers[0].clear_faults();
    app.poll().await;
    assert_eq!(health(&app, "bbb0").await, "unstable");
    app.poll().await;
    assert_eq!(health(&app, "bbb0").await, "online");
    assert_eq!(app.view("bbb0").await.trouble, None);
    app.get("create", "name=x1&meetingID=third").await.succeeded();
    assert_eq!(app.server_of("third").await.as_deref(), Some("bbb0"));
}

/// Where no other is left, a server that failed lately is better than no class.
#[tokio::test]
async fn an_unstable_server_is_used_where_no_other_is_left() {
    let (app, servers) = TestApp::with_servers(1).await;
    servers[0].fault(FaultOn::All, Fault::Status(500), Some(2));
    app.poll().await;
    assert_eq!(health(&app, "bbb0").await, "unstable");
    app.get("create", "name=x1&meetingID=m1").await.succeeded();
}

#[tokio::test]
async fn whatever_is_no_list_is_a_bad_poll() {
    let (app, servers) = TestApp::with_servers_and(1, |config| {
        config.servers.response_timeout = Duration::from_millis(200);
    })
    .await;
    for fault in [
        Fault::Refuse,
        Fault::Reset,
        Fault::Garbage,
        Fault::Empty,
        Fault::Hang,
        Fault::WrongChecksum,
        Fault::Status(404),
        Fault::ErrorsForm { key: "k".into(), message: "m".into() },
    ] {
        servers[0].fault(FaultOn::All, fault.clone(), None);
        app.poll().await;
        assert_eq!(health(&app, "bbb0").await, "unstable", "{fault:?}");
        servers[0].clear_faults();
        app.poll().await;
        app.poll().await;
        assert_eq!(health(&app, "bbb0").await, "online", "{fault:?}");
    }
}

#[tokio::test]
async fn offline_takes_bad_polls_and_nothing_is_ended_or_forgotten() {
    let (app, servers) = TestApp::with_servers_and(1, |config| {
        config.health.bad_polls = 3;
        config.health.offline_after = Duration::ZERO;
    })
    .await;
    app.get("create", "name=Class&meetingID=class").await.succeeded();
    servers[0].stop().await;
    for expected in ["unstable", "unstable", "offline", "offline"] {
        app.poll().await;
        assert_eq!(health(&app, "bbb0").await, expected);
    }
    app.get("create", "name=x1&meetingID=other").await.refused("internalError");
    assert_eq!(app.server_of("class").await.as_deref(), Some("bbb0"));
    servers[0].resume().await.expect("a server");
    app.poll().await;
    app.poll().await;
    assert_eq!(health(&app, "bbb0").await, "online");
    assert_eq!(servers[0].request_count(Call::End), 0);
    app.get("getMeetingInfo", "meetingID=class").await.succeeded();
}

#[tokio::test]
async fn time_alone_does_not_take_a_server_offline_nor_do_polls_alone() {
    let (app, servers) = TestApp::with_servers(1).await;
    servers[0].stop().await;
    for _ in 0..10 {
        app.poll().await;
    }
    assert_eq!(health(&app, "bbb0").await, "unstable", "ten bad polls, but within moments");
}

#[tokio::test]
async fn the_poller_finds_a_server_that_comes_up_later() {
    let app = TestApp::start_with(|config| config.poll.interval = Duration::from_millis(20)).await;
    let late = server(0).await;
    late.stop().await;
    app.add(0, &late, |wish| wish.no_probe = true).await;
    assert_eq!(health(&app, "bbb0").await, "unknown");
    app.get("create", "name=x1&meetingID=m1").await.refused("internalError");
    late.resume().await.expect("a server");
    eventually("bbb0 is online", async || health(&app, "bbb0").await == "online").await;
    app.get("create", "name=x1&meetingID=m1").await.succeeded();
    // It goes on asking, and asks one that is added later as well.
    let asked = late.request_count(Call::GetMeetings);
    within(10, late.wait_for_requests(Call::GetMeetings, asked + 3)).await;
    let second = server(1).await;
    app.add(1, &second, |_| {}).await;
    within(10, second.wait_for_requests(Call::GetMeetings, 5)).await;
}

#[tokio::test]
async fn a_slow_server_delays_nobodys_polls() {
    let (app, servers) = TestApp::with_servers_and(2, |config| {
        config.poll.interval = Duration::from_millis(20);
    })
    .await;
    servers[0].fault(Call::GetMeetings, Fault::Hang, None);
    let asked = servers[1].request_count(Call::GetMeetings);
    within(8, servers[1].wait_for_requests(Call::GetMeetings, asked + 5)).await;
    drop(app);
}

/// An hour between polls is too long for those who wait to learn whether a server is gone.
#[tokio::test]
async fn a_server_that_stumbles_is_polled_soon_until_it_is_offline_or_back() {
    let (app, servers) = TestApp::with_servers_and(2, |config| {
        config.poll.interval = Duration::from_hours(1);
        config.poll.unstable_interval = Duration::from_millis(20);
        config.health.offline_after = Duration::ZERO;
    })
    .await;
    app.set("bbb0", r#"{"weight":100}"#).await;
    app.get("create", "name=x1&meetingID=class").await.succeeded();
    let polls = servers[0].request_count(Call::GetMeetings);
    servers[0].fault(Call::GetMeetingInfo, Fault::Reset, Some(1));
    app.get("getMeetingInfo", "meetingID=class").await.refused("internalError");
    within(20, servers[0].wait_for_requests(Call::GetMeetings, polls + 2)).await;
    eventually("it is back", async || health(&app, "bbb0").await == "online").await;
    servers[0].stop().await;
    app.get("getMeetingInfo", "meetingID=class").await.refused("internalError");
    eventually("it is offline", async || health(&app, "bbb0").await == "offline").await;
    // After a restart nobody waits for an interval either.
    let app = app.restart().await;
    eventually("bbb1 is known", async || health(&app, "bbb1").await == "online").await;
}

#[tokio::test]
async fn without_an_interval_nobody_is_polled() {
    let (app, servers) = TestApp::with_servers(1).await;
    let asked = servers[0].request_count(Call::GetMeetings);
    for _ in 0..20 {
        app.get("isMeetingRunning", "meetingID=x").await.succeeded();
    }
    assert_eq!(servers[0].request_count(Call::GetMeetings), asked);
    app.poll().await;
    assert_eq!(servers[0].request_count(Call::GetMeetings), asked + 1);
}

#[tokio::test]
async fn a_poll_counts_people_and_what_they_do() {
    let (app, servers) = TestApp::with_servers(1).await;
    let people =
        People { viewers: 1100, moderators: 2, cameras: 10, voice: 20, ..People::default() };
    servers[0].put_meeting(NewMeeting { people, ..NewMeeting::new("big") }).expect("a meeting");
    let parent = Some("big".to_owned());
    let people = People { viewers: 30, ..People::default() };
    let room = NewMeeting { people, parent, sequence: 1, ..NewMeeting::new("room-1") };
    servers[0].put_meeting(room).expect("a room");
    app.poll().await;
    let view = app.view("bbb0").await;
    assert_eq!((view.meetings, view.breakouts, view.users, view.videos), (1, 1, 1102, 10));
    assert_eq!((view.largest, view.voices), (1102, 20));
    // People, and half of cameras and microphones; those in rooms are counted once.
    assert_eq!(view.load, Some(1102.0 + 5.0 + 10.0));
}

/// A list that does not name a new meeting says nothing: servers are behind with their lists.
#[tokio::test]
async fn a_young_meeting_that_is_not_listed_is_not_forgotten() {
    let (app, servers) = TestApp::with_servers(1).await;
    app.get("create", "name=Class&meetingID=class").await.succeeded();
    assert!(servers[0].forget("class"));
    for _ in 0..5 {
        app.poll().await;
    }
    assert_eq!(app.server_of("class").await.as_deref(), Some("bbb0"));
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let (app, servers) = TestApp::with_servers(3).await;
    app.set("bbb1", r#"{"tag":"lab","weight":2.5,"max_meetings":7,"max_users":70}"#).await;
    app.set_state("bbb2", "cordoned").await;
    let created = app.get("create", "name=Class&meetingID=cl%C3%A4ss&moderatorPW=mp").await;
    app.get("create", "name=Ended&meetingID=ended").await.succeeded();
    app.get("end", "meetingID=ended").await.succeeded();
    let place = app.server_of("cläss").await;
    let app = app.restart().await;
    assert_eq!(app.server_of("cläss").await, place);
    assert_eq!(app.server_of("ended").await, None);
    let view = app.view("bbb1").await;
    assert_eq!((view.tag.as_deref(), view.weight), (Some("lab"), 2.5));
    assert_eq!((view.max_meetings, view.max_users), (Some(7), Some(70)));
    assert_eq!(app.view("bbb2").await.state.as_str(), "cordoned");
    // Joins go on before any server was asked.
    let join = app.get("join", "fullName=x&meetingID=cl%C3%A4ss&password=mp").await;
    assert_eq!(join.status, 302);
    let internal = format!("meetingID={}", created.field("internalMeetingID"));
    assert_eq!(app.get("join", &format!("fullName=x&password=mp&{internal}")).await.status, 302);
    // A second create finds it, and a voice bridge that is taken stays taken.
    app.poll().await;
    let again = app.get("create", "name=Class&meetingID=cl%C3%A4ss").await;
    assert_eq!(again.succeeded().field("voiceBridge"), created.field("voiceBridge"));
    assert_eq!(again.field("messageKey"), "duplicateWarning");
    assert_eq!(servers.iter().map(|server| server.meetings().len()).sum::<usize>(), 1);
}

/// The load that is reserved for meetings without people is known again after the first poll.
#[tokio::test]
async fn reserves_are_there_after_a_restart() {
    let (app, _servers) = TestApp::with_servers(1).await;
    let query = "name=Class&meetingID=class&meta_bbb-meeting-size-hint=300";
    app.get("create", query).await.succeeded();
    let app = app.restart().await;
    assert_eq!(app.view("bbb0").await.load, None);
    app.poll().await;
    let load = app.view("bbb0").await.load.expect("a load");
    assert!((299.0..=300.0).contains(&load), "{load}");
}

#[tokio::test]
async fn a_data_directory_has_one_beadle() {
    let app = TestApp::start().await;
    let mut config = app.config.clone();
    config.socket = Some(app.data_dir().join("other.sock"));
    let second = beadle::app::Application::build(config).err().expect("a refusal");
    assert!(second.to_string().contains("in use by another beadle"), "{second}");
    app.get("getMeetings", "").await.succeeded();
}

/// What runs is finished before the application stops, and it does not wait for idle connections.
#[tokio::test]
async fn a_stop_finishes_what_runs() {
    let (app, servers) = TestApp::with_servers_and(1, |config| {
        config.http.shutdown_timeout = Duration::from_secs(20);
    })
    .await;
    let _idle = super::support::Connection::open(app.address).await;
    servers[0].fault(Call::Create, Fault::Slow(Duration::from_millis(300)), Some(1));
    let front_end = app.front_end();
    let call = tokio::spawn(async move { front_end.get("create", "name=x1&meetingID=m1").await });
    within(10, servers[0].wait_for_requests(Call::Create, 1)).await;
    let began = Instant::now();
    let app = within(15, app.restart()).await;
    call.await.expect("an answer").succeeded();
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(app.server_of("m1").await.as_deref(), Some("bbb0"));
}

/// What is noted of one server must not get lost while others are added or heard of.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn servers_that_are_added_at_once_keep_what_is_known_of_them() {
    let app = TestApp::start().await;
    let add = async |pool: Pool, id: String| {
        let new = NewServer {
            id: Some(id),
            url: ServerUrl::pasted("bbb.example.org").expect("an address"),
            secret: Secret::new("s").expect("a secret"),
            capacity: Capacity::default(),
            tag: None,
            state: ServerState::Enabled,
            spare: false,
            alone: false,
        };
        let server = pool.add_server(new).await.expect("a server");
        let figures = Figures { load: Some(7.0), ..Figures::default() };
        pool.observe(&server.id, figures, None, Instant::now());
    };
    let tasks = (0..4).map(|task| {
        let pool = app.pool.clone();
        tokio::spawn(async move {
            for place in 0..100 {
                add(pool.clone(), format!("bbb-{task}-{place}")).await;
            }
        })
    });
    futures_util::future::try_join_all(tasks).await.expect("all of them");
    for (server, live) in app.pool.servers() {
        assert_eq!(live.load(), Some(7.0), "{}", server.id);
    }
}

/// Whatever kills the thread that writes: beadle says so and starts nothing that it could not keep.
#[tokio::test]
async fn a_store_that_broke_down_is_trouble() {
    let (app, servers) = TestApp::with_servers(1).await;
    let broken = app.pool.store().change::<(), (), _>(|_| panic!("part of the test")).await;
    assert!(broken.is_err());
    let trouble = "the store has broken down; nothing is stored until a restart";
    eventually("it is told", async || app.pool.store().trouble().is_some()).await;
    let health = app.front_end().send("GET", "/health_check", None, b"").await;
    assert_eq!((health.status, health.body().contains(trouble)), (503, true), "{}", health.body());
    let answer = app.get("create", "name=x1&meetingID=m1").await;
    assert!(answer.refused("internalError").field("message").contains(trouble));
    assert_eq!(servers[0].request_count(Call::Create), 0);
    assert!(app.poll().await.troubles.iter().any(|told| told == trouble));
}
