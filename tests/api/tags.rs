//! create: server tags, limits and expected sizes decide where a meeting goes.

use beadle::config::Policy;
use beadle::sim::{Call, NewMeeting, People, SimServer};

use super::support::TestApp;

/// Servers `bbb0` with tag `a`, `bbb1` with tag `b`, `bbb2` without; the one without has the least
/// to do, then the one with `b`.
async fn tagged() -> (TestApp, Vec<SimServer>) {
    let (app, servers) = TestApp::with_servers(3).await;
    for (place, viewers) in [(0, 2000), (1, 1000)] {
        let people = People { viewers, ..People::default() };
        let meeting = NewMeeting { people, ..NewMeeting::new("busy") };
        servers[place].put_meeting(meeting).expect("a meeting");
    }
    app.poll().await;
    app.set("bbb0", r#"{"tag":"a"}"#).await;
    app.set("bbb1", r#"{"tag":"b"}"#).await;
    (app, servers)
}

/// Where a meeting with this wish goes; a refusal's key and message where it goes nowhere.
async fn goes(app: &TestApp, place: usize, wish: &str) -> String {
    let query = format!("name=x1&meetingID=tag-{place}{wish}");
    let answer = app.get("create", &query).await;
    match app.server_of(&format!("tag-{place}")).await {
        Some(server) => server,
        None => format!("{}: {}", answer.field("messageKey"), answer.field("message")),
    }
}

async fn check(app: &TestApp, table: &[(&str, &str)]) {
    for (place, (wish, expected)) in table.iter().enumerate() {
        assert_eq!(goes(app, place, wish).await, *expected, "{wish:?}");
    }
}

const NO_SERVER: &str = "internalError: Could not find any available servers.";

#[tokio::test]
async fn wishes_are_read_as_scalelite_reads_them() {
    let (app, _servers) = tagged().await;
    let table = [
        ("", "bbb2"),
        ("&meta_server-tag=", "bbb2"),
        ("&meta_server-tag=%21", "bbb2"),
        ("&meta_server-tag=a", "bbb0"),
        ("&meta_server-tag=A", "bbb2"),
        ("&meta_server-tag=+a", "bbb2"),
        ("&meta_server-tag=c", "bbb2"),
        ("&meta_server-tag=a;b", "bbb1"),
        ("&meta_server-tag=a;none", "bbb2"),
        ("&meta_server-tag=a;", "bbb0"),
        ("&meta_server-tag=a!", "bbb0"),
        ("&meta_server-tag=a;b!", "bbb1"),
        ("&meta_server-tag=a!;b", "bbb1"),
        ("&meta_server-tag=none!", "bbb2"),
        ("&META_Server-Tag=a%21", "bbb0"),
        (
            "&meta_server-tag=c!",
            "serverTagUnavailable: There is no available server with the required tag=c.",
        ),
        (
            "&meta_server-tag=c;d!",
            "serverTagUnavailable: There is no available server with the required tag=c;d.",
        ),
        (
            "&meta_server-tag=a!!",
            "serverTagUnavailable: There is no available server with the required tag=a!.",
        ),
    ];
    check(&app, &table).await;
}

#[tokio::test]
async fn where_no_server_fits_the_tag_does_not_matter() {
    let (app, _servers) = tagged().await;
    app.set_state("bbb2", "cordoned").await;
    check(&app, &[("", NO_SERVER), ("&meta_server-tag=c", NO_SERVER)]).await;
    for id in ["bbb0", "bbb1"] {
        app.set_state(id, "disabled").await;
    }
    check(&app, &[("", NO_SERVER), ("&meta_server-tag=a!", NO_SERVER)]).await;
}

#[tokio::test]
async fn overriding_and_default_wishes_count_like_scalelites() {
    let change = |overriding: &'static str, default: &'static str| {
        move |config: &mut beadle::config::Config| {
            let pair = |value: &str| vec![("meta_server-tag".to_owned(), value.to_owned())];
            config.create.rules.overrides = pair(overriding);
            config.create.rules.default = pair(default);
        }
    };
    for (overriding, default, requested, expected) in [
        ("a", "none", "&meta_server-tag=none", "bbb0"),
        ("", "a", "", "bbb0"),
        ("", "a", "&meta_server-tag=none", "bbb1"),
        ("", "a", "&meta_server-tag=", "bbb0"),
    ] {
        let (app, servers) = TestApp::with_servers_and(2, change(overriding, default)).await;
        app.set("bbb0", r#"{"tag":"a"}"#).await;
        assert_eq!(goes(&app, 0, requested).await, expected, "{overriding:?} {requested:?}");
        // The server learns its own tag, not the wish.
        let server = &servers[usize::from(expected == "bbb1")];
        server.record_requests(true);
        app.get("create", "name=x1&meetingID=tag-0").await.succeeded();
        let sent = server.requests()[0].parameter("meta_server-tag");
        assert_eq!(sent.as_deref(), (expected == "bbb0").then_some("a"));
    }
}

#[tokio::test]
async fn a_pool_without_servers_says_so() {
    let app = TestApp::start().await;
    let answer = app.get("create", "name=x1&meetingID=none").await;
    answer.refused_with("internalError", "Could not find any available servers.");
    app.get("getMeetingInfo", "meetingID=none").await.refused("notFound");
}

#[tokio::test]
async fn full_servers_take_no_more_meetings() {
    let (app, servers) = TestApp::with_servers(2).await;
    app.set("bbb0", r#"{"max_meetings":2}"#).await;
    app.set("bbb1", r#"{"max_meetings":1}"#).await;
    for place in 0..3 {
        app.get("create", &format!("name=x1&meetingID=full-{place}")).await.succeeded();
    }
    assert_eq!((servers[0].meetings().len(), servers[1].meetings().len()), (2, 1));
    app.get("create", "name=x1&meetingID=full-3").await.refused("maxConcurrent");
    app.get("create", "name=x1&meetingID=full-0").await.succeeded();
    app.get("end", "meetingID=full-1").await.succeeded();
    app.get("create", "name=x1&meetingID=full-3").await.succeeded();
    let asked: u64 = servers.iter().map(|server| server.request_count(Call::Create)).sum();
    assert_eq!(asked, 5, "a full server is not asked");
}

#[tokio::test]
async fn servers_full_of_people_take_no_more_meetings() {
    let (app, _servers) = TestApp::with_servers(1).await;
    app.set("bbb0", r#"{"max_users":45}"#).await;
    // Each counts 20 until the poll knows better.
    app.get("create", "name=x1&meetingID=m1").await.succeeded();
    app.get("create", "name=x1&meetingID=m2").await.succeeded();
    app.get("create", "name=x1&meetingID=m3").await.refused("maxConcurrent");
    app.get("create", "name=x1&meetingID=m3&maxParticipants=5").await.succeeded();
    app.get("create", "name=x1&meetingID=m4&maxParticipants=1").await.refused("maxConcurrent");
}

#[tokio::test]
async fn the_expected_size_is_reserved_at_once() {
    let (app, servers) = TestApp::with_servers(2).await;
    app.set("bbb1", r#"{"weight":0.999}"#).await;
    let create = async |id: &str, more: &str| {
        app.get("create", &format!("name=x1&meetingID={id}{more}")).await.succeeded();
        app.server_of(id).await.expect("a server")
    };
    assert_eq!(create("large", "&meta_bbb-meeting-size-hint=90").await, "bbb0");
    for place in 0..4 {
        assert_eq!(create(&format!("small-{place}"), "").await, "bbb1", "{place}");
    }
    // 80 and 20 more there, 90 and 20 more here.
    assert_eq!(create("small-4", "&meta_bbb-meeting-size-hint=nonsense").await, "bbb1");
    assert_eq!(create("small-5", "&meta_bbb-meeting-size-hint=0").await, "bbb0");
    // A hint above the number of people who are let in is no hint.
    let tiny = "&meta_bbb-meeting-size-hint=5000&maxParticipants=2";
    assert_eq!(create("tiny-1", tiny).await, "bbb1");
    assert_eq!(create("small-6", "").await, "bbb1");
    assert_eq!(servers[0].meetings().len(), 2);
}

#[tokio::test]
async fn a_failed_create_gives_its_reserve_back() {
    use beadle::sim::Fault;
    let (app, servers) = TestApp::with_servers(1).await;
    let before = app.view("bbb0").await.load;
    let fault = Fault::Failed { key: "validationError".into(), message: "No.".into() };
    servers[0].fault(Call::Create, fault, Some(1));
    let hint = "name=x1&meetingID=m1&meta_bbb-meeting-size-hint=500";
    app.get("create", hint).await.refused("validationError");
    assert_eq!(app.view("bbb0").await.load, before);
    app.get("create", hint).await.succeeded();
    assert_eq!(app.view("bbb0").await.load, Some(500.0));
}

#[tokio::test]
async fn under_policy_scalelite_the_lowest_id_wins_a_tie_and_a_meeting_counts_one() {
    let (app, _servers) =
        TestApp::with_servers_and(3, |config| config.placement.policy = Policy::Scalelite).await;
    app.set("bbb0", r#"{"load_multiplier":3}"#).await;
    let mut places = Vec::new();
    for place in 0..7 {
        app.get("create", &format!("name=x1&meetingID=s-{place}")).await.succeeded();
        places.push(app.server_of(&format!("s-{place}")).await.expect("a server"));
    }
    // 3 per meeting on bbb0, 1 on the others.
    assert_eq!(places, ["bbb0", "bbb1", "bbb2", "bbb1", "bbb2", "bbb1", "bbb2"]);
}
