//! Why a meeting is where it is, and where a new one would go: the same choice, without effect.

use beadle::sim::Call;
use serde_json::{Value, json};

use super::support::TestApp;

async fn explain(app: &TestApp, question: Value) -> Value {
    let answer = app.operate("POST", "/explain", &question.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.body());
    answer.json()
}

/// For each server of a choice its verdict.
fn verdicts(decision: &Value) -> Vec<(&str, &str)> {
    let candidates = decision["candidates"].as_array().expect("a list");
    let word = |candidate: &'_ Value, name| candidate[name].as_str().expect("a word").to_owned();
    assert!(candidates.iter().all(|candidate| !word(candidate, "why").is_empty()));
    candidates
        .iter()
        .map(|c| (c["id"].as_str().expect("an id"), c["verdict"].as_str().expect("a word")))
        .collect()
}

#[tokio::test]
async fn a_meeting_tells_why_it_is_where_it_is() {
    let (app, servers) = TestApp::with_servers(2).await;
    app.set("bbb1", r#"{"weight":2}"#).await;
    app.get("create", "name=x1&meetingID=math&meta_bbb-meeting-size-hint=30").await.succeeded();
    let found = explain(&app, json!({"id": "math"})).await;
    assert_eq!((&found["server"], &found["then"]["chosen"]), (&json!("bbb1"), &json!("bbb1")));
    assert_eq!(verdicts(&found["then"]), [("bbb0", "busier"), ("bbb1", "chosen")]);
    let then = &found["then"];
    assert_eq!((&then["people"], &then["people_from"]), (&json!(30), &json!("hint")));
    let figures = |decision: &Value, place: usize| {
        let one = &decision["candidates"][place];
        ["load", "reserve", "utilisation", "utilisation_after"].map(|name| one[name].clone())
    };
    assert_eq!(figures(then, 0), [0.0, 0.0, 0.0, 30.0].map(Value::from));
    assert_eq!(figures(then, 1), [0.0, 0.0, 0.0, 15.0].map(Value::from));
    // Now it would not go there again: 30 people are expected there already, and equals tie.
    assert_eq!(figures(&found["now"], 1), [30.0, 30.0, 15.0, 30.0].map(Value::from));
    assert!(servers[1].add_people("math", 10, 0));
    app.poll().await;
    let found = explain(&app, json!({"id": "math"})).await;
    assert_eq!(found["now"]["candidates"][1]["load"].as_f64().map(f64::round), Some(30.0));
    assert_eq!(found["now"]["candidates"][1]["reserve"].as_f64().map(f64::round), Some(20.0));
    let internal = servers[1].meeting("math").expect("the meeting").internal_id;
    assert_eq!(explain(&app, json!({"id": internal})).await["id"], "math");
}

#[tokio::test]
async fn a_new_meeting_is_tried_without_effect() {
    let (app, servers) = TestApp::with_servers(6).await;
    app.set("bbb1", r#"{"tag":"gpu"}"#).await;
    app.set_state("bbb2", "cordoned").await;
    app.set("bbb3", r#"{"max_users":19}"#).await;
    app.set("bbb4", r#"{"spare":true}"#).await;
    servers[5].stop().await;
    app.poll().await;
    let before = app.operate("GET", "/servers", "").await.json();
    let found = explain(&app, json!({"id": "art", "new": true})).await;
    let expected = [
        ("bbb0", "chosen"),
        ("bbb1", "tag"),
        ("bbb2", "cordoned"),
        ("bbb3", "people"),
        ("bbb4", "spare"),
        ("bbb5", "doubtful"),
    ];
    assert_eq!(verdicts(&found["now"]), expected);
    assert_eq!((&found["server"], &found["then"]), (&Value::Null, &Value::Null));
    let params = json!([["meta_server-tag", "gpu!"], ["maxParticipants", "7"]]);
    let found = explain(&app, json!({"id": "art", "new": true, "params": params})).await;
    assert_eq!((&found["now"]["chosen"], &found["now"]["people"]), (&json!("bbb1"), &json!(7)));
    assert_eq!(found["now"]["tags_required"], true);
    let params = json!([["meta_server-tag", "none!"], ["meta_server-tag", "lab!"]]);
    let found = explain(&app, json!({"id": "art", "new": true, "params": params})).await;
    let refusal = json!("no server with the required tag can take it");
    assert_eq!((&found["now"]["chosen"], &found["now"]["refusal"]), (&Value::Null, &refusal));
    // Nothing was called, reserved or remembered.
    let after = app.operate("GET", "/servers", "").await.json();
    let loads = |list: &Value| {
        let list = list.as_array().expect("a list");
        list.iter().map(|s| (s["load"].clone(), s["placed"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(loads(&after), loads(&before));
    assert!(servers.iter().all(|server| server.request_count(Call::Create) == 0));
    let unknown = app.operate("POST", "/explain", r#"{"id":"art"}"#).await;
    assert_eq!(unknown.status, 404, "{}", unknown.body());
    assert!(unknown.body().contains("--new art"), "{}", unknown.body());
}

#[tokio::test]
async fn a_choice_after_a_failure_and_a_refusal_are_remembered() {
    let (app, servers) = TestApp::with_servers(2).await;
    app.set("bbb1", r#"{"weight":0.5}"#).await;
    servers[0].stop().await;
    app.get("create", "name=x1&meetingID=math").await.succeeded();
    let found = explain(&app, json!({"id": "math"})).await;
    assert_eq!(verdicts(&found["then"]), [("bbb0", "tried"), ("bbb1", "chosen")]);
    app.set("bbb1", r#"{"max_meetings":1}"#).await;
    app.set_state("bbb0", "disabled").await;
    app.get("create", "name=x1&meetingID=late").await.refused("maxConcurrent");
    let found = explain(&app, json!({"id": "late"})).await;
    assert_eq!(verdicts(&found["then"]), [("bbb0", "disabled"), ("bbb1", "meetings")]);
    assert_eq!(found["then"]["refusal"], "all servers that it may use are full");
    assert!(found["then"]["candidates"][1]["why"].as_str().expect("words").contains("(1)"));
    // After a restart the choice is forgotten, the meeting is not.
    let app = app.restart().await;
    let found = explain(&app, json!({"id": "math"})).await;
    assert_eq!((&found["server"], &found["then"]), (&json!("bbb1"), &Value::Null));
}

#[tokio::test]
async fn a_breakout_room_says_where_its_class_is() {
    let (app, _servers) = TestApp::with_servers(2).await;
    app.get("create", "name=x1&meetingID=class").await.succeeded();
    let class = app.server_of("class").await.expect("a server");
    let params = json!([["isBreakout", "true"], ["parentMeetingID", "class"], ["sequence", "1"]]);
    let found = explain(&app, json!({"id": "room", "new": true, "params": params})).await;
    let now = &found["now"];
    assert_eq!((&now["chosen"], &now["parent"]), (&json!(class), &json!(class)));
    assert_eq!((&now["people"], &now["people_from"]), (&json!(0), &json!("breakout")));
    let others: Vec<_> = verdicts(now).into_iter().filter(|(id, _)| *id != class).collect();
    assert!(others.iter().all(|(_, verdict)| *verdict == "parent"), "{others:?}");
    let alone = explain(&app, json!({"id": "room", "new": true})).await;
    assert_eq!(alone["now"]["parent"], Value::Null);
}

#[tokio::test]
async fn a_new_one_without_an_id_is_refused_as_its_create_would_be() {
    let (app, _servers) = TestApp::with_servers(1).await;
    for id in ["", "  ", "\u{7}"] {
        let question = json!({"id": id, "new": true}).to_string();
        let answer = app.operate("POST", "/explain", &question).await;
        let create = app.get("create", "name=Class&meetingID=%20").await;
        assert_eq!(answer.status, 400, "{id:?}");
        assert_eq!(answer.json()["error"].as_str(), create.text("message"));
    }
}

#[tokio::test]
async fn a_hint_above_all_numbers_is_the_largest() {
    let (app, _servers) = TestApp::with_servers(1).await;
    let expects = async |hint: &str| {
        let params = json!([["meta_bbb-meeting-size-hint", hint]]);
        let found = explain(&app, json!({"id": "x", "new": true, "params": params})).await;
        (found["now"]["people"].as_u64().expect("a number"), found["now"]["people_from"].clone())
    };
    let largest = expects("4294967295").await;
    assert_eq!(largest.1, "hint");
    assert_eq!(expects("4294967296").await, largest);
    assert_eq!(expects("99999999999999999999999").await, largest);
    for none in ["0", "-1", "many", ""] {
        assert_eq!(expects(none).await.1, "default", "{none}");
    }
}

#[tokio::test]
async fn advice_about_an_id_that_looks_like_an_option_is_none() {
    let app = TestApp::start().await;
    let answer = app.operate("POST", "/explain", r#"{"id":"-x","tenant":"-"}"#).await;
    let error = answer.json()["error"].as_str().expect("a sentence").to_owned();
    assert!(error.contains("`beadle explain --new=-x --tenant=-`"), "{error}");
}
