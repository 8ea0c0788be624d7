//! Servers that get another address, and addresses that no server may have.

use std::time::Duration;

use beadle::sim::{Call, Fault};
use serde_json::json;

use super::support::{Answer, TestApp, eventually, server};

/// Changes a server's address, with or without force.
async fn set_url(app: &TestApp, url: &str, force: bool) -> Answer {
    app.operate("PATCH", "/servers/bbb0", &json!({"url": url, "force": force}).to_string()).await
}

fn error(answer: &Answer) -> (u16, String, String) {
    let refusal = answer.json();
    let word = |name: &str| refusal[name].as_str().unwrap_or_default().to_owned();
    (answer.status, word("kind"), word("error"))
}

async fn add(app: &TestApp, url: &str) -> Answer {
    let wish = json!({"url": url, "secret": "s", "no_probe": true});
    app.operate("POST", "/servers", &wish.to_string()).await
}

#[tokio::test]
async fn another_address_under_a_class_needs_force() {
    let (app, servers) = TestApp::with_servers(1).await;
    app.get("create", "name=Class&meetingID=class").await.succeeded();
    servers[0].add_people("class", 7, 0);
    app.poll().await;
    let other = server(0).await;
    let (status, kind, said) = error(&set_url(&app, &other.url(), false).await);
    assert_eq!((status, kind.as_str()), (409, "busy"));
    assert_eq!(said, "server bbb0 still has 1 meeting with 7 people");
    assert_eq!(app.view("bbb0").await.url, servers[0].url());
    // The same place in other words, and other changes, need none.
    let shouted = servers[0].url().replace("http://", "HTTP://") + "/";
    assert_eq!(set_url(&app, &shouted, false).await.status, 200);
    app.set("bbb0", r#"{"weight":2}"#).await;
    assert_eq!(app.view("bbb0").await.users, 7);
    assert_eq!(set_url(&app, &other.url(), true).await.status, 200);
    assert_eq!(app.view("bbb0").await.url, other.url());
}

#[tokio::test]
async fn what_was_known_of_the_old_machine_is_dropped_and_the_new_one_asked() {
    let (app, servers) = TestApp::with_servers(1).await;
    app.get("create", "name=Class&meetingID=class").await.succeeded();
    servers[0].add_people("class", 7, 0);
    app.poll().await;
    let other = server(0).await;
    set_url(&app, &other.url(), true).await;
    let view = app.view("bbb0").await;
    assert_eq!((view.health.as_str(), view.users, view.meetings), ("online", 0, 0));
    assert_eq!(view.version.as_deref(), Some("3.0.10"));
    // To where nobody is: nothing of the last one stays.
    other.stop().await;
    let third = server(0).await;
    third.stop().await;
    set_url(&app, &third.url(), true).await;
    let view = app.view("bbb0").await;
    assert_ne!(view.health, "online");
    assert_eq!((view.load, view.version, view.last_answer), (None, None, None));
    assert!(view.trouble.is_some());
}

#[tokio::test]
async fn what_the_old_machine_says_late_is_not_heard() {
    let (app, servers) = TestApp::with_servers(1).await;
    app.get("create", "name=Class&meetingID=class").await.succeeded();
    servers[0].add_people("class", 7, 0);
    servers[0].fault(Call::GetMeetings, Fault::Slow(Duration::from_secs(1)), None);
    let (asked, other) = (servers[0].request_count(Call::GetMeetings), server(0).await);
    let change = async {
        let heard = async || servers[0].request_count(Call::GetMeetings) > asked;
        eventually("a poll of the old machine", heard).await;
        set_url(&app, &other.url(), true).await;
        other.request_count(Call::GetMeetings)
    };
    // Its answer comes after the change, and the round ends after it.
    let (_, asked) = tokio::join!(app.poll(), change);
    assert!(asked > 0, "the new machine was asked at once");
    assert_eq!(app.view("bbb0").await.users, 0);
}

#[tokio::test]
async fn an_address_is_taken_once() {
    let app = TestApp::start().await;
    let first = add(&app, "https://bbb1.example.org").await.json()["id"].clone();
    let first = first.as_str().expect("an id");
    for same in [
        "bbb1.example.org",
        "https://BBB1.Example.org/",
        "https://bbb1.example.org:443/bigbluebutton/api/",
        "http://bbb1.example.org:80/bigbluebutton",
    ] {
        let (status, kind, said) = error(&add(&app, same).await);
        assert_eq!((status, kind.as_str()), (409, "exists"), "{same}: {said}");
        assert!(said.ends_with(first), "{same}: {said}");
    }
    for other in ["bbb1.example.org:8443", "https://bbb1.example.org/second", "bbb2.example.org"] {
        assert_eq!(add(&app, other).await.status, 201, "{other}");
    }
    let change = r#"{"url":"https://BBB2.example.org"}"#;
    let path = format!("/servers/{first}");
    let (status, kind, _) = error(&app.operate("PATCH", &path, change).await);
    assert_eq!((status, kind.as_str()), (409, "exists"));
    assert_eq!(app.view(first).await.url, "https://bbb1.example.org/bigbluebutton/api");
    // Its own address is not taken.
    app.set(first, r#"{"url":"http://BBB1.example.org"}"#).await;
}

#[tokio::test]
async fn beadle_itself_is_no_server() {
    let app = TestApp::start_with(|config| {
        config.public_url = Some("https://beadle.example.org".to_owned());
        config.http.check_host = false;
    })
    .await;
    let (status, kind, said) = error(&add(&app, "http://Beadle.example.org/").await);
    assert_eq!((status, kind.as_str()), (400, "invalid"));
    assert!(said.contains("is beadle's own address"), "{said}");
    // By an address that no setting names it is known by its answer, whatever the secret.
    for secret in ["wrong", super::support::SECRET] {
        let wish = json!({"url": format!("http://{}", app.address), "secret": secret});
        let added = app.operate("POST", "/servers", &wish.to_string()).await;
        let (status, kind, said) = error(&added);
        assert_eq!((status, kind.as_str()), (422, "probe"));
        assert!(said.contains("leads to beadle itself"), "{said}");
    }
    // Another beadle may be one.
    let other = TestApp::start().await;
    let wish =
        json!({"url": format!("http://{}", other.address), "secret": super::support::SECRET});
    assert_eq!(app.operate("POST", "/servers", &wish.to_string()).await.status, 201);
}

#[tokio::test]
async fn tags_that_no_create_can_ask_for_are_refused() {
    let (app, _servers) = TestApp::with_servers(1).await;
    for (tag, word) in [
        (" ", "blank"),
        ("none", "none"),
        ("a;b", "semicolon"),
        ("a!", "end with !"),
        ("a\u{7}", "control"),
    ] {
        let change = json!({"tag": tag}).to_string();
        let (status, kind, said) = error(&app.operate("PATCH", "/servers/bbb0", &change).await);
        assert_eq!((status, kind.as_str()), (400, "invalid"), "{tag:?}");
        assert!(said.contains("tag") && said.contains(word), "{tag:?}: {said}");
        let wish = json!({"url": "h", "secret": "s", "no_probe": true, "tag": tag}).to_string();
        assert_eq!(app.operate("POST", "/servers", &wish).await.status, 400, "{tag:?}");
    }
    assert_eq!(app.view("bbb0").await.tag, None);
    for (tag, wish) in [("a!b", "a!b"), ("none of it", "none+of+it"), ("ü", "%C3%BC")] {
        app.set("bbb0", &json!({"tag": tag}).to_string()).await;
        let query = format!("name=Class&meetingID=class-{wish}&meta_server-tag={wish}!");
        app.get("create", &query).await.succeeded();
    }
    app.set("bbb0", r#"{"tag":""}"#).await;
    assert_eq!(app.view("bbb0").await.tag, None);
}
