//! `meetings`: what runs where.

use serde_json::{Value, json};

use beadle::sim::Fault;

use crate::pool::{Pool, host};

#[tokio::test(flavor = "multi_thread")]
async fn they_are_listed_with_people_and_age() {
    let pool = Pool::of(&["one", "two"]).await;
    assert_eq!(pool.place.json(&["meetings", "list"]), json!([]));
    let none = pool.place.run(&["meetings", "list"]);
    assert_eq!((none.out.as_str(), none.err.as_str()), ("", "no meetings\n"));
    pool.meeting("math", 9);
    pool.meeting("art", 4);
    let list = pool.place.json(&["meetings", "list"]);
    let mut people: Vec<_> =
        list.as_array().expect("a list").iter().map(|m| (&m["id"], &m["users"])).collect();
    people.sort_by_key(|(id, _)| id.to_string());
    assert_eq!(people, [(&json!("art"), &json!(4)), (&json!("math"), &json!(9))]);
    let text = pool.place.ok(&["meetings", "list"]);
    let mut lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let title = lines.next().expect("a title");
    assert_eq!(title.join(" "), "meeting name server people moderators cameras age");
    let math = lines.find(|words| words.first() == Some(&"math")).expect("a line");
    assert_eq!(math.get(3..6), Some(&["9", "0", "0"][..]), "{text}");
    assert_eq!(math.last(), Some(&"s"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_servers_meetings_are_found_by_its_host() {
    let pool = Pool::of(&["one", "two"]).await;
    pool.meeting("math", 9);
    let math = pool.place.json(&["meetings", "info", "math"]);
    for (server, name) in pool.servers.iter().zip(["one", "two"]) {
        let count = usize::from(math["server"] == name);
        for name in [name, &host(server)] {
            let list = pool.place.json(&["meetings", "list", "--server", name]);
            assert_eq!(list.as_array().map(Vec::len), Some(count), "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_shown_by_either_id() {
    let pool = Pool::of(&["one"]).await;
    let answer = pool.daemon.call("create", "meetingID=a%2Fb%20%C3%A9&name=art");
    assert!(answer.contains("<returncode>SUCCESS"), "{answer}");
    let shown = pool.place.json(&["meetings", "info", "a/b é"]);
    assert_eq!((&shown["id"], &shown["server"]), (&json!("a/b é"), &json!("one")));
    let internal = shown["internal_id"].as_str().expect("an id");
    assert_eq!(pool.place.json(&["meetings", "info", internal])["id"], "a/b é");
    let text = pool.place.ok(&["meetings", "info", "a/b é"]);
    assert!(text.contains(internal), "{text}");
    let said = pool.place.fails(1, &["meetings", "info", "nosuch"]);
    assert!(said.contains("there is no meeting with the id nosuch"), "{said}");
    pool.place.fails(1, &["meetings", "info", "a/b é", "--tenant", "other"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_strangers_do_not_steer_the_terminal() {
    let pool = Pool::of(&["one"]).await;
    let [server] = pool.servers.as_slice() else { unreachable!("one server") };
    let answer = pool.daemon.call("create", "meetingID=class&name=%C2%9B31mred%0Aline");
    assert!(answer.contains("<returncode>SUCCESS"), "{answer}");
    pool.place.ok(&["poll"]);
    assert!(server.meeting("class").is_some_and(|m| m.name.contains("31mred")));
    for words in [&["meetings", "list"][..], &["meetings", "info", "class"]] {
        let text = pool.place.ok(words);
        assert!(text.contains("31mred"), "{text}");
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_ended_for_everybody() {
    let pool = Pool::of(&["one"]).await;
    pool.meeting("math", 2);
    pool.meeting("art", 2);
    let ran = pool.place.run(&["meetings", "end", "math"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
    assert!(ran.err.contains("meeting math has ended"), "{ran:?}");
    let ended = pool.place.json(&["meetings", "end", "art"]);
    assert_eq!(ended, json!({"id": "art", "told": true}));
    let [server] = pool.servers.as_slice() else { unreachable!("one server") };
    assert!(server.meetings().is_empty());
    assert_eq!(pool.place.json(&["meetings", "list"]), Value::Array(Vec::new()));
    pool.place.fails(1, &["meetings", "end", "math"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_be_told_needs_force() {
    let pool = Pool::of(&["one"]).await;
    pool.meeting("math", 2);
    let [server] = pool.servers.as_slice() else { unreachable!("one server") };
    server.fault(beadle::sim::FaultOn::All, Fault::Refuse, None);
    let said = pool.place.fails(1, &["meetings", "end", "math"]);
    assert!(said.contains("--force"), "{said}");
    assert_eq!(pool.place.json(&["meetings", "info", "math"])["id"], "math");
    let ended = pool.place.json(&["meetings", "end", "math", "--force"]);
    assert_eq!(ended["told"], false);
    pool.place.fails(1, &["meetings", "info", "math"]);
}
