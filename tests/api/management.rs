//! Scalelite's management API: getServers and addServer.

use beadle::model::Secret;
use beadle::sim::Call;
use serde_json::json;

use super::support::{Answer, FORM, SECRET, Signed, TestApp, server};

const JSON: &str = "application/json";

/// The application with a secret for management, and who knows it.
async fn managed() -> (TestApp, Signed) {
    let app = TestApp::start_with(|config| {
        config.management.secret = Some(Secret::new("manage").expect("a secret"));
    })
    .await;
    let manager = app.front_end().managing().knowing("manage");
    (app, manager)
}

async fn add(manager: &Signed, body: &str) -> Answer {
    manager.post("addServer", "", JSON, body).await
}

#[tokio::test]
async fn a_server_is_added_disabled_and_listed() {
    let (app, manager) = managed().await;
    let none = manager.get("getServers", "").await;
    assert_eq!((none.status, none.json()), (404, json!({"error": "No servers are configured"})));
    let bbb = server(0).await;
    let wish = json!({"server": {"url": bbb.url(), "secret": bbb.secret(), "load_multiplier": "2.0",
        "tag": "lab", "state": "enabled", "id": "mine", "load": 7}});
    let added = add(&manager, &wish.to_string()).await;
    assert_eq!(added.status, 201, "{}", added.body());
    let id = added.json()["id"].as_str().expect("an id").to_owned();
    assert_eq!(id.len(), 36, "an id of its own, not the given one");
    let expected = format!(
        "{{\"id\":\"{id}\",\"url\":\"{}\",\"secret\":\"***\",\"tag\":\"lab\",\"bbb_version\":\"\",\
         \"state\":\"disabled\",\"load\":\"unavailable\",\"load_multiplier\":\"2.0\",\
         \"online\":\"offline\"}}",
        bbb.url()
    );
    assert_eq!(added.json(), serde_json::from_str::<serde_json::Value>(&expected).expect("JSON"));
    for call in ["getServers", "getServers.json"] {
        let target = manager.target("getServers", "").replace("getServers", call);
        let listed = manager.send("GET", &target, None, b"").await;
        assert_eq!(listed.json(), json!([added.json()]));
    }
    // Polled and enabled it has a load and a version.
    app.set_state(&id, "enabled").await;
    app.poll().await;
    let listed = manager.get("getServers", "x=1").await.json();
    assert_eq!(listed[0]["state"], "enabled");
    assert_eq!(listed[0]["online"], "online");
    assert_eq!(listed[0]["bbb_version"], "3.0.10");
    assert_eq!(listed[0]["load"], 0.0);
    app.get("create", "name=x1&meetingID=m1&meta_server-tag=lab!").await.succeeded();
    assert_eq!(bbb.request_count(Call::Create), 1);
}

#[tokio::test]
async fn what_was_given_as_address_and_multiplier_is_given_back() {
    let (_app, manager) = managed().await;
    for (place, (multiplier, shown)) in [
        (json!("2.0"), "2.0"),
        (json!("0.7"), "0.7"),
        (json!(3), "3.0"),
        (json!("0"), "1.0"),
        (json!(0), "1.0"),
        (json!("many"), "1.0"),
        (json!(null), "1.0"),
    ]
    .into_iter()
    .enumerate()
    {
        let url = format!("https://bbb{place}.example.org/bigbluebutton/api/");
        let wish = json!({"url": url, "secret": "s", "load_multiplier": multiplier});
        let added = add(&manager, &wish.to_string()).await;
        assert_eq!(added.status, 201, "{}", added.body());
        assert_eq!(
            (added.json()["url"].as_str(), added.json()["tag"].as_str()),
            (Some(&*url), Some(""))
        );
        assert_eq!(added.json()["load_multiplier"], shown, "{multiplier}");
    }
}

#[tokio::test]
async fn wishes_that_make_no_server_are_refused_and_add_none() {
    let (_app, manager) = managed().await;
    for body in [
        r#"{"server":{"url":"https://x/bigbluebutton/api"}}"#,
        r#"{"server":{"secret":"s"}}"#,
        r#"{"server":{"url":"https://x/bigbluebutton/api","secret":""}}"#,
        r#"{"server":{"url":"ftp://x/","secret":"s"}}"#,
        r#"{"server":{"url":"x","secret":"s"}}"#,
        r#"{"server":{"url":"https://x/a","secret":"s","load_multiplier":-1}}"#,
        r#"{"server":{"url":"https://x/a","secret":"s","load_multiplier":"nan"}}"#,
        r#"{"server":{"url":1,"secret":"s"}}"#,
        r#"{"server":"text"}"#,
        r#"{"server":[]}"#,
        "{",
        "not json",
        "[[[[",
        "\u{0}",
    ] {
        let answer = add(&manager, body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.json()["error"].as_str().is_some_and(|text| !text.is_empty()), "{body}");
    }
    let missing = "param is missing or the value is empty: server";
    add(&manager, "{}").await.refused_with("internalError", missing);
    assert_eq!(manager.get("getServers", "").await.status, 404);
}

#[tokio::test]
async fn it_has_a_secret_of_its_own() {
    let (app, manager) = managed().await;
    manager.get("getServers", "").await.json();
    for secret in [SECRET, "", "manag"] {
        let stranger = manager.knowing(secret);
        stranger.get("getServers", "").await.refused("checksumError");
        add(&stranger, "{}").await.refused("checksumError");
    }
    // And opens nothing else.
    app.front_end().knowing("manage").get("getMeetings", "").await.refused("checksumError");
    // Without one it is closed.
    let closed = TestApp::start().await;
    for secret in [SECRET, ""] {
        let anybody = closed.front_end().managing().knowing(secret);
        anybody.get("getServers", "").await.refused("checksumError");
    }
}

#[tokio::test]
async fn the_old_ways_can_be_switched_on() {
    let app = TestApp::start_with(|config| {
        config.management.accept_frontend_secret = true;
        config.management.reveal_secrets = true;
    })
    .await;
    let front_end = app.front_end().managing();
    let wish = r#"{"server":{"url":"https://x/bigbluebutton/api","secret":"it's me"}}"#;
    assert_eq!(add(&front_end, wish).await.json()["secret"], "it's me");
    assert_eq!(front_end.get("getServers", "").await.json()[0]["secret"], "it's me");
}

#[tokio::test]
async fn other_methods_types_and_calls_are_refused_in_xml() {
    let (_app, manager) = managed().await;
    manager.post("addServer", "", FORM, "x=1").await.refused("unsupportedContentType");
    manager.post("addServer", "", "", "x=1").await.refused("unsupportedContentType");
    manager.get("addServer", "").await.refused("unsupportedRequest");
    manager.post("getServers", "", JSON, "{}").await.refused("unsupportedRequest");
    manager.get("getserverx", "").await.refused("unsupportedRequest");
    let typed = manager.post("addServer", "", "application/json; charset=utf-8", "{}").await;
    typed.refused("internalError");
}

/// What the operator's own API refuses is taken here, as Scalelite takes it, and stays.
#[tokio::test]
async fn an_address_twice_and_any_tag_are_taken_as_upstream_takes_them() {
    let (app, manager) = managed().await;
    let tags = ["none", "a;b", "a!", " "];
    let mut ids = Vec::new();
    for tag in tags {
        let wish = json!({"url": "https://x/bigbluebutton/api", "secret": "s", "tag": tag});
        let added = add(&manager, &wish.to_string()).await;
        assert_eq!(added.status, 201, "{}", added.body());
        ids.push(added.json()["id"].as_str().expect("an id").to_owned());
    }
    let app = app.restart().await;
    for (id, tag) in ids.iter().zip(tags) {
        app.set(id, r#"{"weight":2}"#).await;
        assert_eq!(app.view(id).await.tag.as_deref(), Some(tag));
    }
}
