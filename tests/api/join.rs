//! join: sends a browser to the meeting's server.

use std::time::Duration;

use beadle::bbb::checksum::Algorithm;
use beadle::config::{CallRules, Policy};
use beadle::sim::{Call, SimServer};

use super::support::{Answer, FORM, Signed, TestApp, browse, eventually};

/// The application and its one server, with the meeting `class` on it.
async fn class() -> (TestApp, SimServer) {
    let (app, mut servers) = TestApp::with_servers(1).await;
    app.get("create", "name=Class&meetingID=class&attendeePW=ap&moderatorPW=mp").await.succeeded();
    (app, servers.remove(0))
}

/// Where a browser is sent.
#[track_caller]
fn location(answer: &Answer) -> &str {
    assert_eq!(answer.status, 302, "{}", String::from_utf8_lossy(&answer.body));
    assert_eq!(answer.header("cache-control"), Some("no-cache"));
    answer.header("location").expect("a location")
}

#[tokio::test]
async fn a_browser_is_sent_to_the_meetings_server_and_let_in() {
    let (app, server) = class().await;
    let query = "fullName=Ada+L%C3%B6v%65lace&meetingID=class&password=mp&userdata-x=%7e1";
    let answer = app.get("join", query).await;
    let own = Signed::new(server.address(), server.secret());
    let expected = format!("http://{}{}", server.address(), own.target("join", query));
    assert_eq!(location(&answer), expected, "the query as it came, signed for the server");
    let inside = browse(location(&answer)).await;
    assert_eq!(inside.status, 302);
    assert!(location(&inside).contains("/html5client/"));
    let meeting = server.meeting("class").expect("a meeting");
    assert_eq!(meeting.joined, ["Ada Lövelace"]);
    assert_eq!(meeting.people.moderators, 1);
}

#[tokio::test]
async fn no_server_is_asked() {
    let (app, server) = class().await;
    let before: u64 = Call::ALL.iter().map(|call| server.request_count(*call)).sum();
    for _ in 0..5 {
        location(&app.get("join", "fullName=x&meetingID=class&role=VIEWER").await);
    }
    let after: u64 = Call::ALL.iter().map(|call| server.request_count(*call)).sum();
    assert_eq!(before, after);
}

#[tokio::test]
async fn head_and_post_lead_to_the_same_place() {
    let (app, server) = class().await;
    let query = "fullName=x&meetingID=class&password=ap";
    let front_end = app.front_end();
    let get = front_end.get("join", query).await;
    let head = front_end.head("join", query).await;
    assert_eq!(location(&head), location(&get));
    let post = front_end.post("join", "", FORM, query).await;
    assert_eq!(location(&post), location(&get));
    let form = front_end.post_form("join", query).await;
    assert_eq!(location(&form), location(&get));
    assert_eq!(server.meeting("class").expect("a meeting").people.total(), 0);
}

/// The server answers in XML then; beadle never answers in its place.
#[tokio::test]
async fn redirect_false_is_a_redirect_to_the_server_as_well() {
    let (app, _server) = class().await;
    let answer = app.get("join", "fullName=x&meetingID=class&password=ap&redirect=false").await;
    let inside = browse(location(&answer)).await;
    assert_eq!(inside.field("messageKey"), "successfullyJoined");
}

/// What stands raw in a query is signed in the form that a browser sends.
#[tokio::test]
async fn raw_characters_are_let_in_when_a_browser_follows() {
    let (app, server) = class().await;
    let names = ["O'Neil", "a|b", "{x}", "[y]", "^z", "`q`", "a\\b", "semi;colon", "100%25", "a+b"];
    for (place, name) in names.into_iter().enumerate() {
        let query = format!("fullName={name}&meetingID=class&password=ap&userdata-n={place}");
        let answer = app.get("join", &query).await;
        assert_eq!(browse(location(&answer)).await.status, 302, "{name}");
    }
    // Characters that no query may hold raw can come in a form.
    let raw = ["Zoë <3", "say \"hi\"", "日本", "tab\tand#hash", "ünï'x"];
    for name in raw {
        let form = format!("fullName={name}&meetingID=class&password=ap");
        let answer = app.front_end().post_form("join", &form).await;
        assert_eq!(browse(location(&answer)).await.status, 302, "{name}");
    }
    let expected = [
        "O'Neil",
        "a|b",
        "{x}",
        "[y]",
        "^z",
        "`q`",
        "a\\b",
        "semi;colon",
        "100%",
        "a b",
        "Zoë <3",
        "say \"hi\"",
        "日本",
        "taband#hash",
        "ünï'x",
    ];
    assert_eq!(server.meeting("class").expect("a meeting").joined, expected);
}

#[tokio::test]
async fn the_internal_id_names_the_meeting_too() {
    let (app, server) = class().await;
    let internal = server.meeting("class").expect("a meeting").internal_id;
    let query = format!("fullName=x&meetingID={internal}&password=ap");
    let answer = app.get("join", &query).await;
    assert!(location(&answer).contains("?fullName=x&meetingID=class&password=ap&checksum="));
    assert_eq!(browse(location(&answer)).await.status, 302);
    let odd = app.get("join", "meetingID=%09class+&fullName=x&password=ap").await;
    assert!(location(&odd).contains("?meetingID=class&"));
}

#[tokio::test]
async fn the_join_is_signed_with_the_servers_secret_and_the_configured_algorithm() {
    for algorithm in Algorithm::ALL {
        let (app, _servers) = TestApp::with_servers_and(1, |config| {
            config.servers.checksum_algorithm = algorithm;
        })
        .await;
        app.get("create", "name=Class&meetingID=class&moderatorPW=mp").await.succeeded();
        let answer = app.get("join", "fullName=x&meetingID=class&password=mp").await;
        let (_, checksum) = location(&answer).rsplit_once("checksum=").expect("a checksum");
        assert_eq!(checksum.len(), algorithm.digits());
        assert_eq!(browse(location(&answer)).await.status, 302);
    }
}

#[tokio::test]
async fn who_cannot_be_let_in_is_told_in_xml() {
    let (app, _server) = class().await;
    let not_found = "We could not find a meeting with that meeting ID - perhaps the meeting is \
                     not yet running?";
    app.get("join", "fullName=x&password=ap")
        .await
        .refused_with("missingParamMeetingID", "You must specify a meeting ID for the meeting.");
    let unknown = "fullName=x&meetingID=nobody&password=ap";
    app.get("join", unknown).await.refused_with("notFound", not_found);
    let head = app.front_end().head("join", unknown).await;
    assert_eq!((head.status, head.header("location")), (200, None));
}

#[tokio::test]
async fn errors_go_where_the_front_end_wants_them() {
    let (app, _server) = class().await;
    let errors = "errors=%5B%7B%22key%22%3A%22notFound%22%2C%22message%22%3A%22We+could+not+find+a+\
                  meeting+with+that+meeting+ID+-+perhaps+the+meeting+is+not+yet+running%3F%22%7D%5D";
    for (given, expected) in [
        ("errorRedirectUrl=https%3A%2F%2Ff.example%2Fe", "https://f.example/e?"),
        ("errorRedirectUrl=http%3A%2F%2Ff.example%3A8080", "http://f.example:8080/?"),
        ("errorRedirectUrl=HTTPS%3A%2F%2Ff.example%2Fe%3Fa%3D1%23x", "https://f.example/e?a=1&"),
        ("logoutURL=https%3A%2F%2Ff.example%2Fbye", "https://f.example/bye?"),
        (
            "logoutURL=https://f.example/1&errorRedirectUrl=https://f.example/2",
            "https://f.example/2?",
        ),
        ("redirect=true&errorRedirectUrl=https://f.example/2", "https://f.example/2?"),
    ] {
        let answer = app.get("join", &format!("fullName=x&meetingID=nobody&{given}")).await;
        let location = location(&answer);
        let location = location.strip_suffix("#x").unwrap_or(location);
        assert_eq!(location, format!("{expected}{errors}"), "{given}");
    }
}

/// Otherwise anybody could send people anywhere in beadle's name.
#[tokio::test]
async fn errors_go_nowhere_without_a_right_checksum_or_to_other_schemes() {
    let (app, _server) = class().await;
    for address in [
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://f.example/",
        "file:///etc/passwd",
        "//f.example/",
        "/relative",
        "f.example",
        "https:",
        "http%3A%2F%2F",
        "",
        "%20javascript:alert(1)",
    ] {
        for name in ["errorRedirectUrl", "logoutURL"] {
            let query = format!("fullName=x&meetingID=nobody&{name}={address}");
            app.get("join", &query).await.refused("notFound");
        }
    }
    let query = "fullName=x&meetingID=nobody&errorRedirectUrl=https://f.example/";
    app.front_end().knowing("wrong").get("join", query).await.refused("checksumError");
    let unsigned = format!("/bigbluebutton/api/join?{query}");
    app.front_end().send("GET", &unsigned, None, b"").await.refused("checksumError");
    for name in ["logoutURL", "errorRedirectUrl"] {
        for no in ["FALSE", "false"] {
            let query =
                format!("fullName=x&meetingID=nobody&redirect={no}&{name}=https://f.example/");
            app.get("join", &query).await.refused("notFound");
        }
    }
}

#[tokio::test]
async fn an_address_for_errors_cannot_carry_header_fields() {
    let (app, _server) = class().await;
    let query = "fullName=x&meetingID=nobody&errorRedirectUrl=\
                 https://f.example/%0d%0aSet-Cookie:%20a=b%0d%0a%0d%0a%3Cscript%3E";
    let answer = app.get("join", query).await;
    assert!(location(&answer).starts_with("https://f.example/Set-Cookie:%20a=b"));
    assert_eq!(answer.header("set-cookie"), None);
}

#[tokio::test]
async fn nobody_is_sent_to_a_server_that_is_disabled_or_offline() {
    let (app, servers) = TestApp::with_servers_and(1, |config| {
        config.health.bad_polls = 2;
        config.health.offline_after = Duration::ZERO;
    })
    .await;
    app.get("create", "name=Class&meetingID=class&attendeePW=ap").await.succeeded();
    let join = async |more: &str| {
        app.get("join", &format!("fullName=x&meetingID=class&password=ap{more}")).await
    };
    app.set_state("bbb0", "cordoned").await;
    location(&join("").await);
    app.set_state("bbb0", "disabled").await;
    let words = "The server for this meeting is disabled/offline.";
    join("").await.refused_with("serverUnavailable", words);
    let elsewhere = join("&logoutURL=https://f.example/").await;
    assert!(location(&elsewhere).contains("serverUnavailable"));
    app.set_state("bbb0", "enabled").await;
    location(&join("").await);
    servers[0].stop().await;
    app.poll().await;
    assert_eq!(app.view("bbb0").await.health, "unstable");
    location(&join("").await);
    app.poll().await;
    assert_eq!(app.view("bbb0").await.health, "offline");
    join("").await.refused_with("serverUnavailable", words);
    servers[0].resume().await.expect("a server");
    eventually("bbb0 is back", async || {
        app.poll().await;
        app.view("bbb0").await.health == "online"
    })
    .await;
    location(&join("").await);
}

#[tokio::test]
async fn defaults_overrides_and_exclusions_apply() {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let (app, _servers) = TestApp::with_servers_and(1, |config| {
        config.join = CallRules {
            exclude: vec!["avatarURL".into(), "guest".into()],
            default: vec![pair("userdata-a", "1 2"), pair("role", "VIEWER")],
            overrides: vec![pair("guest", "true")],
        };
    })
    .await;
    app.get("create", "name=Class&meetingID=class").await.succeeded();
    let query = "fullName=x&avatarURL=https://x/&meetingID=class&role=&guest=false";
    let answer = app.get("join", query).await;
    let (_, sent) = location(&answer).split_once('?').expect("a query");
    let (sent, _) = sent.rsplit_once("&checksum=").expect("a checksum");
    assert_eq!(sent, "fullName=x&meetingID=class&role=&userdata-a=1+2&guest=true");
}

#[tokio::test]
async fn names_that_only_beadle_may_use_are_dropped() {
    let (app, _server) = class().await;
    let query = "fullName=x&meta_tenant-id=t&meetingID=class&META_Beadle-x=1&password=ap";
    let answer = app.get("join", query).await;
    assert!(location(&answer).contains("?fullName=x&meetingID=class&password=ap&checksum="));
}

#[tokio::test]
async fn under_policy_scalelite_every_join_but_no_head_adds_load() {
    let (app, _servers) =
        TestApp::with_servers_and(1, |config| config.placement.policy = Policy::Scalelite).await;
    app.set("bbb0", r#"{"load_multiplier":2.5}"#).await;
    app.get("create", "name=Class&meetingID=class").await.succeeded();
    let load = async || app.view("bbb0").await.load.expect("a load");
    assert!((load().await - 2.5).abs() < 1e-9);
    let query = "fullName=x&meetingID=class&role=VIEWER";
    for _ in 0..2 {
        location(&app.get("join", query).await);
    }
    assert!((load().await - 7.5).abs() < 1e-9);
    location(&app.front_end().head("join", query).await);
    app.get("join", "fullName=x&meetingID=nobody&role=VIEWER").await.refused("notFound");
    assert!((load().await - 7.5).abs() < 1e-9);
}

#[tokio::test]
async fn under_the_usual_policy_a_join_adds_nothing() {
    let (app, _server) = class().await;
    let before = app.view("bbb0").await.load;
    location(&app.get("join", "fullName=x&meetingID=class&role=VIEWER").await);
    assert_eq!(app.view("bbb0").await.load, before);
}
