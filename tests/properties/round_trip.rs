//! What a server decodes is what the front end meant, whatever way it wrote it.

use std::sync::atomic::{AtomicUsize, Ordering};

use beadle::sim::{Call, SimServer};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_oneof};
use proptest::test_runner::TestRunner;

use super::super::support::{TestApp, browse};

/// A parameter as it is meant, and as it is written.
#[derive(Debug, Clone)]
struct Written {
    name: String,
    value: String,
    text: String,
}

/// How one character is written: as it is where that is possible, in percent in either case, a
/// blank as `+`.
fn character() -> impl Strategy<Value = (char, String)> {
    let percent = |upper: bool| {
        move |c: char| -> (char, String) {
            let mut bytes = [0; 4];
            let bytes = c.encode_utf8(&mut bytes).bytes();
            let text = |byte| if upper { format!("%{byte:02X}") } else { format!("%{byte:02x}") };
            (c, bytes.map(text).collect::<Vec<_>>().concat())
        }
    };
    let plain = "[a-zA-Z0-9._~*'!();:@,/?$|{}^`-]"
        .prop_map(|text| (text.chars().next().expect("a character"), text));
    prop_oneof![
        3 => plain,
        1 => Just((' ', "+".to_owned())),
        1 => Just((' ', "%20".to_owned())),
        1 => prop::sample::select(vec!['+', '&', '=', '%', '#', '[', ']', '"', '<', '\'', '\n'])
            .prop_map(percent(true)),
        1 => any::<char>().prop_map(percent(true)),
        1 => any::<char>().prop_map(percent(false)),
    ]
}

fn text(length: std::ops::Range<usize>) -> impl Strategy<Value = (String, String)> {
    prop::collection::vec(character(), length).prop_map(|characters| {
        let meant = characters.iter().map(|(c, _)| c).collect();
        let written = characters.into_iter().map(|(_, text)| text).collect::<Vec<_>>().concat();
        (meant, written)
    })
}

fn parameter() -> impl Strategy<Value = Written> {
    let same = |name: &str| (name.to_owned(), name.to_owned());
    let list = |written: &str| ("x[]".to_owned(), written.to_owned());
    let name = prop_oneof![
        3 => prop::sample::select(vec!["welcome", "logo", "record", "meta_a", "meta_A", "META_b"])
            .prop_map(same),
        1 => prop::sample::select(vec!["x[]", "x%5B%5D", "%78[%5d"]).prop_map(list),
        2 => text(1..6).prop_map(|(meant, written)| (format!("p{meant}"), format!("p{written}"))),
    ];
    prop_oneof![
        5 => (name.clone(), text(0..12)).prop_map(|((name, written), (value, text))| {
            Written { name, value, text: format!("{written}={text}") }
        }),
        1 => name.prop_map(|(name, text)| Written { name, value: String::new(), text }),
    ]
}

fn parameters() -> impl Strategy<Value = Vec<Written>> {
    prop::collection::vec(parameter(), 0..10)
}

/// What remains when of a repeated name only the last counts, at the place of the first. Servers
/// fold the letter case of metadata.
fn meant(written: &[Written]) -> Vec<(String, String)> {
    let folded = |name: &str| {
        let meta = name.get(..5).is_some_and(|p| p.eq_ignore_ascii_case("meta_"));
        if meta { name.to_ascii_lowercase() } else { name.to_owned() }
    };
    let mut kept: Vec<(String, String)> = Vec::new();
    for Written { name, value, .. } in written {
        let name = folded(name);
        let earlier = kept.iter_mut().find(|(known, _)| *known == name && !name.ends_with("[]"));
        match earlier {
            Some((_, known)) => known.clone_from(value),
            None => kept.push((name, value.clone())),
        }
    }
    kept
}

/// What the server decodes, by another decoder than beadle's, without what beadle adds.
fn decoded(server: &SimServer, call: Call, before: &str) -> Vec<(String, String)> {
    let requests = server.requests();
    let request = requests.iter().rfind(|request| request.call == call).expect("a request");
    let added = ["moderatorPW", "voiceBridge", "meta_beadle-origin", "checksum"];
    let pairs = form_urlencoded::parse(request.query.as_bytes()).into_owned();
    let rest = pairs.filter(|(name, _)| !added.contains(&name.as_str()));
    let mut rest: Vec<_> = rest.skip_while(|(name, _)| name != before).skip(1).collect();
    for (name, _) in &mut rest {
        if name.to_ascii_lowercase().starts_with("meta_") {
            name.make_ascii_lowercase();
        }
    }
    rest
}

fn query(first: &str, written: &[Written]) -> String {
    let parts = written.iter().map(|parameter| parameter.text.as_str());
    std::iter::once(first).chain(parts).collect::<Vec<_>>().join("&")
}

/// Runs a property against the application in front of one server.
fn hold(property: &impl AsyncFn(&TestApp, &SimServer, Vec<Written>, usize)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let (app, servers) = runtime.block_on(TestApp::with_servers(1));
    let number = AtomicUsize::new(0);
    let config = ProptestConfig { source_file: Some(file!()), ..ProptestConfig::with_cases(100) };
    let outcome = TestRunner::new(config).run(&parameters(), |written| {
        let number = number.fetch_add(1, Ordering::Relaxed);
        servers[0].record_requests(true);
        runtime.block_on(property(&app, &servers[0], written, number));
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn create_says_to_the_server_what_the_front_end_said() {
    hold(&async |app, server, written, number| {
        let first = format!("name=x1&meetingID=m{number}");
        let query = query(&first, &written);
        app.get("create", &query).await.succeeded();
        assert_eq!(decoded(server, Call::Create, "meetingID"), meant(&written), "{query}");
    });
}

#[test]
fn a_form_says_the_same() {
    hold(&async |app, server, written, number| {
        let first = format!("name=x1&meetingID=m{number}");
        let form = query(&first, &written);
        app.front_end().post_form("create", &form).await.succeeded();
        assert_eq!(decoded(server, Call::Create, "meetingID"), meant(&written), "{form}");
    });
}

/// Forms can hold any character raw; servers are sent none of them.
#[test]
fn a_form_in_raw_utf_8_says_the_same() {
    hold(&async |app, server, mut written, number| {
        for parameter in &mut written {
            let raw = |text: &str| text.replace('%', "%25").replace('&', "%26").replace('+', "%2B");
            let name = raw(&parameter.name).replace('=', "%3D");
            parameter.text = format!("{name}={}", raw(&parameter.value));
        }
        let first = format!("name=x1&meetingID=m{number}");
        let form = query(&first, &written);
        app.front_end().post_form("create", &form).await.succeeded();
        assert_eq!(decoded(server, Call::Create, "meetingID"), meant(&written), "{form}");
    });
}

#[test]
fn whoever_joins_is_let_in_with_what_the_front_end_said() {
    hold(&async |app, server, written, _| {
        if server.meeting("class").is_none() {
            app.get("create", "name=Class&meetingID=class&attendeePW=ap").await.succeeded();
        }
        let query = query("fullName=x&password=ap&meetingID=class", &written);
        let answer = app.get("join", &query).await;
        let location = answer.header("location").expect("a location");
        let inside = browse(location).await;
        assert_eq!(inside.status, 302, "{location}");
        assert!(inside.header("location").is_some_and(|it| it.contains("sessionToken")));
        assert_eq!(decoded(server, Call::Join, "meetingID"), meant(&written), "{query}");
    });
}
