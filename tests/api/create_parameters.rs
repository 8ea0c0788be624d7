//! create: what becomes of its parameters on their way to the server.

use beadle::config::{CallRules, Config};
use beadle::sim::{Call, SimServer};

use super::create::{last_create, unsigned};
use super::support::TestApp;

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The application in front of one server that records what it is sent.
async fn one_server(change: impl FnOnce(&mut Config)) -> (TestApp, SimServer) {
    let (app, mut servers) = TestApp::with_servers_and(1, change).await;
    let server = servers.remove(0);
    server.record_requests(true);
    (app, server)
}

/// What the server is sent for a query, without the password that beadle makes up, the voice
/// bridge, beadle's mark, and the checksum.
async fn sent(app: &TestApp, server: &SimServer, query: &str) -> String {
    app.get("create", query).await;
    let request = last_create(server);
    let made_up = ["moderatorPW=", "voiceBridge=", "meta_beadle-origin="];
    let given = |part: &&str| !made_up.iter().any(|name| part.starts_with(name));
    unsigned(&request).split('&').filter(given).collect::<Vec<_>>().join("&")
}

#[tokio::test]
async fn order_and_encoding_stay_as_they_were() {
    let (app, server) = one_server(|_| {}).await;
    let query = "welcome=a+b%20c%7ed~%2D&name=%c3%9Cn%C3%AFx&meetingID=room-42&record=&bare&\
                 x[]=1&x%5B%5D=2&logo=https://x/a?b%26c&y=(1,2)*!$;:@";
    assert_eq!(sent(&app, &server, query).await, query);
    let all = unsigned(&last_create(&server)).to_owned();
    let made_up = all.strip_prefix(query).expect("the query first");
    let password = &server.meeting("room-42").expect("a meeting").moderator_password;
    // The voice bridge that Scalelite gives this meeting, so that numbers survive the switch.
    let mark = "d93d3ae399ebf3d465717d212efed93ed3136e7370a62579e6ff286dfa90f062";
    assert_eq!(
        made_up,
        format!("&moderatorPW={password}&voiceBridge=250615932&meta_beadle-origin={mark}")
    );
}

#[tokio::test]
async fn of_a_repeated_name_only_the_last_is_sent() {
    let (app, server) = one_server(|_| {}).await;
    for (query, expected) in [
        ("name=x1&name=x2&meetingID=rep-1", "name=x2&meetingID=rep-1"),
        ("meetingID=other&name=x1&meetingID=rep-2", "meetingID=rep-2&name=x1"),
        ("meta_A=1&name=x1&meetingID=rep-3&META_a=2", "META_a=2&name=x1&meetingID=rep-3"),
        ("n%61me=x1&meetingID=rep-4&name=x2", "name=x2&meetingID=rep-4"),
        ("a[]=1&name=x1&meetingID=rep-5&a[]=1", "a[]=1&name=x1&meetingID=rep-5&a[]=1"),
        ("&&name=x1&&meetingID=rep-6&", "name=x1&meetingID=rep-6"),
    ] {
        assert_eq!(sent(&app, &server, query).await, expected);
    }
    // The same for very many names, which takes another way.
    let list = |of_each: fn(u32) -> String| (0..200).map(of_each).collect::<Vec<_>>().join("&");
    let query = format!("{}&name=x1&meetingID=rep-7", list(|n| format!("p{n}=1&p{n}=2")));
    let kept = format!("{}&name=x1&meetingID=rep-7", list(|n| format!("p{n}=2")));
    assert_eq!(sent(&app, &server, &query).await, kept);
}

/// With these a front end could pass for another one, whose classes it could then end.
#[tokio::test]
async fn names_that_only_beadle_may_use_are_dropped() {
    let (app, server) = one_server(|_| {}).await;
    let query = "meta_beadle-x=1&meta_tenant-id=t&META_Tenant-Name=u&meta%5Ftenant-id=v&\
                 meta_TENANT%2Did=w&Meta_Beadle-Y=2&meta_tenantid=3&name=x1&meetingID=meta-1";
    let expected = "meta_tenantid=3&name=x1&meetingID=meta-1";
    assert_eq!(sent(&app, &server, query).await, expected);
    app.front_end().post_form("create", &query.replace("meta-1", "meta-2")).await.succeeded();
    assert!(last_create(&server).query.starts_with("meta_tenantid=3&name=x1&meetingID=meta-2"));
}

#[tokio::test]
async fn defaults_overrides_and_exclusions_apply_in_their_order() {
    let rules = CallRules {
        exclude: vec!["welcome".into(), "meta_Secret".into(), "guestPolicy".into()],
        default: pairs(&[("record", "true"), ("logo", "a b"), ("muteOnStart", "true")]),
        overrides: pairs(&[("guestPolicy", "ASK_MODERATOR"), ("lockSettingsDisableCam", "true")]),
    };
    let (app, server) = one_server(|config| config.create.rules = rules).await;
    let query = "guestPolicy=ALWAYS_DENY&name=x1&welcome=hi&meetingID=rules-1&META_SECRET=1&\
                 record=&lockSettingsDisableCam=false";
    let got = sent(&app, &server, query).await;
    let mut got: Vec<_> = got.split('&').collect();
    // An empty value counts as given; an override comes back even where its name is excluded.
    assert_eq!(got[..2], ["name=x1", "meetingID=rules-1"]);
    got.sort_unstable();
    assert_eq!(
        got,
        [
            "guestPolicy=ASK_MODERATOR",
            "lockSettingsDisableCam=true",
            "logo=a+b",
            "meetingID=rules-1",
            "muteOnStart=true",
            "name=x1",
            "record=",
        ]
    );
}

#[tokio::test]
async fn exclusions_reach_what_beadle_adds_itself() {
    let exclude = vec!["voiceBridge".to_owned(), "moderatorPW".to_owned()];
    let (app, server) = one_server(|config| config.create.rules.exclude = exclude).await;
    app.get("create", "name=x1&meetingID=bare-1").await.succeeded();
    let sent = unsigned(&last_create(&server)).to_owned();
    // Without its mark beadle would not know its own meetings again.
    let rest = sent.strip_prefix("name=x1&meetingID=bare-1").expect("the query first");
    assert!(rest.starts_with("&meta_beadle-origin=") && rest.matches('&').count() == 1, "{sent}");
}

#[tokio::test]
async fn the_duration_is_capped() {
    let (app, server) = one_server(|config| config.create.max_duration = 90).await;
    for (place, (given, expected)) in [
        ("", "90"),
        ("&duration=", "90"),
        ("&duration=0", "90"),
        ("&duration=1", "1"),
        ("&duration=90", "90"),
        ("&duration=91", "90"),
        ("&duration=-5", "90"),
        ("&duration=59.9", "90"),
        ("&duration=soon", "90"),
        ("&duration=99999999999999999999", "90"),
    ]
    .into_iter()
    .enumerate()
    {
        app.get("create", &format!("name=x1&meetingID=cap-{place}{given}")).await.succeeded();
        let sent = last_create(&server).parameter("duration");
        assert_eq!(sent.as_deref(), Some(expected), "{given}");
    }
}

#[tokio::test]
async fn overrides_beat_the_cap_of_the_duration() {
    let (app, server) = one_server(|config| {
        config.create.max_duration = 90;
        config.create.rules.overrides = pairs(&[("duration", "240")]);
        config.create.rules.default = pairs(&[("duration", "30")]);
    })
    .await;
    app.get("create", "name=x1&meetingID=cap").await.succeeded();
    assert_eq!(last_create(&server).parameter("duration").as_deref(), Some("240"));
}

#[tokio::test]
async fn without_a_cap_the_duration_is_not_touched() {
    let (app, server) = one_server(|_| {}).await;
    let query = "name=x1&meetingID=free-1&duration=-5";
    assert_eq!(sent(&app, &server, query).await, query);
    assert_eq!(sent(&app, &server, "name=x1&meetingID=f2").await, "name=x1&meetingID=f2");
}

#[tokio::test]
async fn every_meeting_has_a_voice_bridge_of_its_own() {
    let (app, servers) = TestApp::with_servers(2).await;
    let bridge = async |query: &str| {
        let answer = app.get("create", query).await;
        answer.succeeded().field("voiceBridge").to_owned()
    };
    assert_eq!(bridge("name=x1&meetingID=room-42&voiceBridge=77777").await, "250615932");
    assert_eq!(bridge("name=x1&meetingID=m1").await, "979198380");
    // A number comes back to its meeting once that was ended, and stays while it was not.
    assert_eq!(bridge("name=x1&meetingID=room-42").await, "250615932");
    app.get("end", "meetingID=room-42").await.succeeded();
    assert_eq!(bridge("name=x1&meetingID=room-42").await, "250615932");
    assert_eq!(servers.iter().map(|server| server.meetings().len()).sum::<usize>(), 2);
}

#[tokio::test]
async fn a_front_ends_own_voice_bridge_counts_where_that_is_configured() {
    let (app, _servers) = TestApp::with_servers_and(2, |config| {
        config.dial_in.use_client_pin = true;
        config.dial_in.pin_length = 5;
    })
    .await;
    let bridge = async |id: &str, wish: &str| {
        let answer = app.get("create", &format!("name=x1&meetingID={id}&voiceBridge={wish}")).await;
        answer.succeeded().field("voiceBridge").to_owned()
    };
    assert_eq!(bridge("first", "12345").await, "12345");
    // Taken by a meeting that may well be on another server.
    assert_eq!(bridge("room-42", "12345").await, "25061");
    // BigBlueButton's own test bridge, and no wish at all.
    assert_ne!(bridge("third", "99999").await, "99999");
    assert_eq!(bridge("fourth", "").await.len(), 5);
    app.get("end", "meetingID=first").await.succeeded();
    assert_eq!(bridge("fifth", "12345").await, "12345");
}

#[tokio::test]
async fn the_servers_own_tag_is_what_the_server_is_told() {
    let (app, server) = one_server(|_| {}).await;
    let query = "meta_server-tag=lab&name=x1&meetingID=tag-1";
    assert_eq!(sent(&app, &server, query).await, "name=x1&meetingID=tag-1");
    app.set("bbb0", r#"{"tag":"lab"}"#).await;
    let query = "META_Server-Tag=none;lab!&name=x1&meetingID=tag-2";
    let expected = "meta_server-tag=lab&name=x1&meetingID=tag-2";
    assert_eq!(sent(&app, &server, query).await, expected);
    assert_eq!(server.request_count(Call::Create), 2);
}

#[tokio::test]
async fn calls_are_signed_with_the_configured_algorithm() {
    use beadle::bbb::checksum::Algorithm;
    for algorithm in Algorithm::ALL {
        let (app, server) =
            one_server(|config| config.servers.checksum_algorithm = algorithm).await;
        app.get("create", "name=x1&meetingID=signed").await.succeeded();
        let query = last_create(&server).query;
        let (_, checksum) = query.rsplit_once("checksum=").expect("a checksum");
        assert_eq!(checksum.len(), algorithm.digits());
    }
}
