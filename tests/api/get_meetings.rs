//! getMeetings and getSessions: the answers of all servers as one, whatever one of them does.

use std::time::Duration;

use beadle::sim::{BbbVersion, Call, Fault, FaultOn, NewMeeting, People, SimOptions, SimServer};

use super::support::{Answer, FORM, Signed, TestApp, browse, eventually, within};

/// The application in front of so many servers, `m0` on `bbb0` and so on, all polled.
async fn pool(count: usize) -> (TestApp, Vec<SimServer>) {
    let (app, servers) = TestApp::with_servers_and(count, |config| {
        config.api.get_meetings_budget = Duration::from_millis(400);
    })
    .await;
    for (place, server) in servers.iter().enumerate() {
        let people = People { viewers: 2, ..People::default() };
        let meeting = NewMeeting { people, ..NewMeeting::new(format!("m{place}")) };
        server.put_meeting(meeting).expect("a meeting");
    }
    app.poll().await;
    (app, servers)
}

/// The meetingIDs in an answer, sorted.
#[track_caller]
fn ids(answer: &Answer) -> Vec<&str> {
    let parts = answer.succeeded().body().split("<meetingID>").skip(1);
    let mut ids: Vec<_> = parts.filter_map(|part| part.split('<').next()).collect();
    ids.sort_unstable();
    ids
}

/// The `<meeting>` elements as they stand in a server's own answer.
async fn own_elements(server: &SimServer) -> String {
    let answer = Signed::new(server.address(), server.secret()).get("getMeetings", "").await;
    let body = answer.body();
    let (_, list) = body.split_once("<meetings>\n").expect("a list");
    list.split_once("</meetings>").expect("its end").0.to_owned()
}

#[tokio::test]
async fn the_servers_own_elements_are_put_behind_each_other() {
    let (app, servers) = pool(3).await;
    servers[0].put_meeting(NewMeeting::new("Ü & <more>")).expect("a meeting");
    for answer in [app.get("getMeetings", "").await, app.get("getMeetings", "a=1").await] {
        assert_eq!(ids(&answer), ["m0", "m1", "m2", "Ü &amp; &lt;more&gt;"]);
        assert_eq!(answer.count("meetings"), 1);
        for server in &servers {
            for element in own_elements(server).await.split_inclusive("</meeting>") {
                assert!(answer.body().contains(element.trim()), "{element} in {}", answer.body());
            }
        }
    }
    let form = app.front_end().post("getMeetings", "", FORM, "x=1").await;
    assert_eq!(ids(&form).len(), 4);
    assert_eq!(ids(&app.front_end().post_form("getMeetings", "x=1").await).len(), 4);
}

#[tokio::test]
async fn nothing_to_show_is_said_in_the_words_that_clients_know() {
    let nothing = "<response><returncode>SUCCESS</returncode><messageKey>noMeetings</messageKey>\
                   <message>no meetings were found on this server</message><meetings/></response>";
    let app = TestApp::start().await;
    assert_eq!(app.get("getMeetings", "").await.succeeded().body(), nothing);
    let (app, servers) = TestApp::with_servers(2).await;
    let before = servers[1].request_count(Call::GetMeetings);
    assert_eq!(app.get("getMeetings", "").await.succeeded().body(), nothing);
    assert_eq!(servers[1].request_count(Call::GetMeetings), before + 1);
}

#[tokio::test]
async fn all_servers_are_asked_at_once() {
    let (app, servers) = pool(3).await;
    for server in &servers {
        server.fault(Call::GetMeetings, Fault::Hang, Some(1));
    }
    let before: Vec<_> = servers.iter().map(|s| s.request_count(Call::GetMeetings)).collect();
    let front_end = app.front_end();
    let call = tokio::spawn(async move { front_end.get("getMeetings", "").await });
    // None of them answers, and yet all are asked.
    for (server, before) in servers.iter().zip(before) {
        within(10, server.wait_for_requests(Call::GetMeetings, before + 1)).await;
    }
    assert_eq!(ids(&call.await.expect("an answer")), ["m0", "m1", "m2"]);
}

#[tokio::test]
async fn a_server_that_fails_contributes_its_last_list() {
    for fault in [
        Fault::Refuse,
        Fault::Reset,
        Fault::Truncate,
        Fault::Status(500),
        Fault::Garbage,
        Fault::Empty,
        Fault::Hang,
        Fault::WrongChecksum,
        Fault::Slow(Duration::from_secs(3)),
        Fault::ErrorsForm { key: "k".into(), message: "m".into() },
    ] {
        let (app, servers) = pool(2).await;
        servers[0].fault(FaultOn::All, fault.clone(), None);
        servers[1].put_meeting(NewMeeting::new("m9")).expect("a meeting");
        let answer = app.get("getMeetings", "").await;
        assert_eq!(ids(&answer), ["m0", "m1", "m9"], "{fault:?}");
    }
}

#[tokio::test]
async fn a_server_that_never_answered_is_left_out() {
    let (app, servers) = TestApp::with_servers(2).await;
    servers[1].put_meeting(NewMeeting::new("m1")).expect("a meeting");
    let never = super::support::server(2).await;
    never.put_meeting(NewMeeting::new("m2")).expect("a meeting");
    never.stop().await;
    app.add(2, &never, |wish| wish.no_probe = true).await;
    assert_eq!(ids(&app.get("getMeetings", "").await), ["m1"]);
    servers[0].stop().await;
    // Changes through beadle make it ask again.
    app.get("create", "name=x1&meetingID=m3").await.succeeded();
    assert_eq!(ids(&app.get("getMeetings", "").await), ["m1", "m3"]);
}

#[tokio::test]
async fn a_late_server_costs_no_more_than_the_budget() {
    let (app, servers) = pool(2).await;
    servers[0].fault(FaultOn::All, Fault::Hang, None);
    let began = std::time::Instant::now();
    assert_eq!(ids(&app.get("getMeetings", "").await), ["m0", "m1"]);
    assert!(began.elapsed() < Duration::from_secs(3), "the budget is 400 ms");
    // From now on it counts as unstable, and the others are not kept waiting for it.
    app.get("create", "name=x1&meetingID=x1").await.succeeded();
    let began = std::time::Instant::now();
    assert_eq!(ids(&app.get("getMeetings", "").await).len(), 3);
    assert!(began.elapsed() < Duration::from_millis(350), "{:?}", began.elapsed());
}

#[tokio::test]
async fn where_no_server_gives_anything_it_fails() {
    let app = TestApp::start().await;
    let servers = [super::support::server(0).await, super::support::server(1).await];
    for (place, server) in servers.iter().enumerate() {
        server.fault(FaultOn::All, Fault::Status(500), None);
        app.add(place, server, |wish| wish.no_probe = true).await;
    }
    let answer = app.get("getMeetings", "").await;
    answer.refused_with("internalError", "Unable to access server.");
    // Where one says why, that is told.
    let app = TestApp::start().await;
    servers[0].clear_faults();
    servers[0].fault(FaultOn::All, Fault::WrongChecksum, None);
    for (place, server) in servers.iter().enumerate() {
        app.add(place, server, |wish| wish.no_probe = true).await;
    }
    app.get("getMeetings", "").await.refused_with("checksumError", "Checksums do not match");
}

#[tokio::test]
async fn disabled_servers_are_left_out_and_cordoned_ones_are_not() {
    let (app, servers) = pool(3).await;
    app.set_state("bbb0", "disabled").await;
    app.set_state("bbb1", "cordoned").await;
    let before = servers[0].request_count(Call::GetMeetings);
    assert_eq!(ids(&app.get("getMeetings", "").await), ["m1", "m2"]);
    assert_eq!(servers[0].request_count(Call::GetMeetings), before);
    // With all servers disabled there is nothing that failed.
    for id in ["bbb1", "bbb2"] {
        app.set_state(id, "disabled").await;
    }
    app.get("create", "name=x1&meetingID=x1").await.refused("internalError");
    let answer = app.get("getMeetings", "").await;
    assert_eq!(answer.succeeded().field("messageKey"), "noMeetings");
}

#[tokio::test]
async fn callers_share_an_answer_until_something_changes() {
    let (app, servers) = pool(1).await;
    let asked = || servers[0].request_count(Call::GetMeetings);
    let before = asked();
    assert_eq!(ids(&app.get("getMeetings", "").await), ["m0"]);
    assert_eq!(ids(&app.get("getMeetings", "").await), ["m0"]);
    assert_eq!(asked(), before + 1, "the second one is given the first one's answer");
    app.get("create", "name=x1&meetingID=new").await.succeeded();
    assert_eq!(ids(&app.get("getMeetings", "").await), ["m0", "new"]);
    assert_eq!(asked(), before + 2);
    app.get("end", "meetingID=new").await.succeeded();
    assert_eq!(ids(&app.get("getMeetings", "").await), ["m0"]);
    assert_eq!(asked(), before + 3);
}

#[tokio::test]
async fn a_shared_answer_is_not_older_than_a_second() {
    let (app, servers) = pool(1).await;
    assert_eq!(ids(&app.get("getMeetings", "").await), ["m0"]);
    let began = std::time::Instant::now();
    servers[0].put_meeting(NewMeeting::new("m1")).expect("a meeting");
    eventually("the new meeting is listed", async || {
        ids(&app.get("getMeetings", "").await).len() == 2
    })
    .await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[tokio::test]
async fn many_at_once_are_one_question() {
    let (app, servers) = pool(1).await;
    let before = servers[0].request_count(Call::GetMeetings);
    servers[0].fault(Call::GetMeetings, Fault::Slow(Duration::from_millis(100)), None);
    let calls = (0..30).map(|_| {
        let front_end = app.front_end();
        async move { ids(&front_end.get("getMeetings", "").await).len() }
    });
    let answers = futures_util::future::join_all(calls).await;
    assert_eq!(answers, [1; 30]);
    let asked = servers[0].request_count(Call::GetMeetings) - before;
    assert!(asked <= 3, "asked {asked} times for 30 callers");
}

/// A create that is acknowledged while the servers are being asked must not be missing for those
/// who ask afterwards.
#[tokio::test]
async fn an_answer_begun_before_a_create_is_not_given_to_those_who_come_after_it() {
    let (app, servers) = pool(1).await;
    servers[0].fault(Call::GetMeetings, Fault::Slow(Duration::from_millis(300)), Some(1));
    let before = servers[0].request_count(Call::GetMeetings);
    let front_end = app.front_end();
    let early = tokio::spawn(async move { front_end.get("getMeetings", "").await });
    within(10, servers[0].wait_for_requests(Call::GetMeetings, before + 1)).await;
    app.get("create", "name=x1&meetingID=new").await.succeeded();
    assert_eq!(ids(&app.get("getMeetings", "").await), ["m0", "new"]);
    assert_eq!(ids(&early.await.expect("an answer")), ["m0"]);
}

/// Their metadata says that a meeting belongs to a tenant; who is none must not see it.
#[tokio::test]
async fn meetings_of_tenants_are_not_shown_to_others() {
    let (app, servers) = pool(1).await;
    for (id, tenant) in [("t1", "physics"), ("t2", "")] {
        let metadata = vec![("tenant-id".to_owned(), tenant.to_owned())];
        let meeting = NewMeeting { metadata, ..NewMeeting::new(id) };
        servers[0].put_meeting(meeting).expect("a meeting");
    }
    assert_eq!(ids(&app.get("getMeetings", "").await), ["m0", "t2"]);
}

#[tokio::test]
async fn servers_of_different_versions_are_listed_together() {
    let (app, _servers) = pool(1).await;
    let old = SimServer::start(SimOptions::new("old", BbbVersion::V27)).await.expect("a server");
    let people = People { viewers: 1234, ..People::default() };
    old.put_meeting(NewMeeting { people, ..NewMeeting::new("old") }).expect("a meeting");
    app.add(7, &old, |_| {}).await;
    let answer = app.get("getMeetings", "").await;
    assert_eq!(ids(&answer), ["m0", "old"]);
    assert!(answer.body().contains("<participantCount>1,234</participantCount>"));
    assert_eq!(app.view("bbb7").await.users, 1234);
}

#[tokio::test]
async fn switched_off_it_asks_nobody_but_wants_a_checksum() {
    let (app, servers) =
        TestApp::with_servers_and(1, |config| config.api.get_meetings = false).await;
    servers[0].put_meeting(NewMeeting::new("m0")).expect("a meeting");
    let before = servers[0].request_count(Call::GetMeetings);
    let answer = app.get("getMeetings", "").await;
    assert_eq!(answer.succeeded().field("messageKey"), "noMeetings");
    assert_eq!(servers[0].request_count(Call::GetMeetings), before);
    app.front_end().knowing("wrong").get("getMeetings", "").await.refused("checksumError");
}

#[tokio::test]
async fn sessions_of_all_servers_are_put_together() {
    let (app, servers) = TestApp::with_servers(3).await;
    let nothing = app.get("getSessions", "").await;
    assert_eq!(nothing.succeeded().field("messageKey"), "noSessions");
    assert!(nothing.field("message").starts_with("no sessions were found"));
    for (id, name) in [("class-1", "Ada+%26"), ("class-2", "Bob"), ("class-3", "Cid")] {
        app.get("create", &format!("name={id}&meetingID={id}")).await.succeeded();
        let query = format!("fullName={name}&meetingID={id}&role=VIEWER");
        let answer = app.get("join", &query).await;
        browse(answer.header("location").expect("a location")).await;
    }
    let answer = app.get("getSessions", "").await;
    answer.succeeded();
    for name in ["Ada &amp;", "Bob", "Cid"] {
        assert!(answer.body().contains(&format!("<userName>{name}</userName>")), "{name}");
    }
    assert_eq!((answer.count("sessions"), answer.count("meeting")), (1, 3));
    // One server less is some people less, and no failure.
    servers[0].stop().await;
    let fewer = app.front_end().post_form("getSessions", "").await;
    assert_eq!(fewer.succeeded().count("meeting"), 2);
    for server in &servers {
        server.stop().await;
    }
    app.get("getSessions", "").await.refused("internalError");
}
