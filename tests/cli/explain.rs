//! `explain`, spare servers, and what `status` says of the headroom.

use serde_json::json;

use crate::daemon::Daemon;
use crate::place::{Place, SECRET};
use crate::pool::{Pool, server};

#[tokio::test(flavor = "multi_thread")]
async fn it_tells_why_a_meeting_is_where_it_is() {
    let pool = Pool::of(&["one", "two"]).await;
    pool.place.ok(&["servers", "set", "two", "--weight", "0.5"]);
    pool.meeting("math", 9);
    let text = pool.place.ok(&["explain", "math"]);
    let line = |id: &str| text.lines().find(|line| line.starts_with(id)).unwrap_or_default();
    assert!(text.starts_with("It is on one, created "), "{text}");
    assert!(text.contains("it went to one. Expected people: 20 (the default)."), "{text}");
    assert!(text.contains("Policy: predicted."), "{text}");
    assert!(line("one ").contains("chosen"), "{text}");
    assert!(line("two ").contains("another is less used"), "{text}");
    assert!(text.contains("A create now would go to "), "{text}");
    let found = pool.place.json(&["explain", "math"]);
    assert_eq!((&found["server"], &found["then"]["chosen"]), (&json!("one"), &json!("one")));
    let said = pool.place.fails(1, &["explain", "nosuch"]);
    assert!(said.contains("beadle explain --new nosuch"), "{said}");
    pool.place.fails(2, &["explain"]);
    pool.place.fails(2, &["explain", "math", "--new", "art"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_tells_where_a_new_one_would_go() {
    let mut pool = Pool::of(&["one", "two"]).await;
    pool.place.ok(&["servers", "set", "two", "--tag", "gpu"]);
    let gpu = ["explain", "--new", "art", "--param", "meta_server-tag=gpu!", "--json"];
    let found = pool.place.run(&gpu);
    assert_eq!((found.code, &found.json()["now"]["chosen"]), (0, &json!("two")));
    let text = pool.place.ok(&["explain", "--new", "art", "--param", "maxParticipants=5"]);
    assert!(
        text.starts_with("A create now would go to one. Expected people: 5 (as many"),
        "{text}"
    );
    pool.place.ok(&["servers", "set", "one", "--max-users", "19"]);
    let none = pool.place.run(&["explain", "--new", "art"]);
    assert_eq!(none.code, 1);
    assert!(
        none.out.contains("would be refused: all servers that it may use are full"),
        "{none:?}"
    );
    assert!(none.out.contains("(0 and 20 more, of 19)"), "{none:?}");
    pool.place.fails(2, &["explain", "--new", "art", "--param", "nonsense"]);
    assert_eq!(pool.place.json(&["meetings", "list"]), json!([]));
    // The real thing ends the same way, and raises the alarm.
    let answer = pool.daemon.call("create", "meetingID=art&name=art");
    assert!(answer.contains("maxConcurrent"), "{answer}");
    let alarm = pool.daemon.wait_for("all servers are full");
    assert!(alarm.contains("ERROR"), "{alarm}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spare_server_is_set_and_shown() {
    let pool = Pool::of(&["one", "two"]).await;
    pool.place.ok(&["servers", "set", "two", "--spare"]);
    assert_eq!(pool.place.json(&["servers", "show", "two"])["spare"], true);
    let list = pool.place.ok(&["servers", "list"]);
    assert!(list.lines().any(|l| l.starts_with("two") && l.contains("enabled, spare")), "{list}");
    assert!(!list.lines().any(|l| l.starts_with("one") && l.contains("spare")), "{list}");
    let text = pool.place.ok(&["explain", "--new", "art"]);
    assert!(text.contains("it is spare, and another can take it"), "{text}");
    pool.place.ok(&["servers", "set", "two", "--no-spare"]);
    assert_eq!(pool.place.json(&["servers", "show", "two"])["spare"], false);
    let other = server("secret").await;
    let url = other.url();
    let added = ["servers", "add", &url, "secret", "--id", "three", "--spare"];
    assert_eq!(pool.place.json(&added)["spare"], true);
    pool.place.fails(2, &["servers", "set", "two", "--spare", "--no-spare"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_headroom_is_in_the_status() {
    let pool = Pool::of(&["one"]).await;
    let text = pool.place.ok(&["status"]);
    assert!(text.contains("Headroom: none; no other server could take"), "{text}");
    let alone = pool.place.json(&["status"]);
    assert_eq!((&alone["ok"], &alone["headroom"]["survives"]), (&json!(true), &json!(false)));
    drop(pool);
    let pool = Pool::of(&["one", "two"]).await;
    pool.meeting("math", 90);
    let text = pool.place.ok(&["status"]);
    let enough = "(load 90) the others have room for 200 more; that is enough";
    assert!(text.contains(enough), "{text}");
    for id in ["one", "two"] {
        pool.place.ok(&["servers", "set", id, "--max-users", "100"]);
    }
    pool.meeting("art", 30);
    let headroom = pool.place.json(&["status"])["headroom"].clone();
    let expected = json!({"load": 90.0, "room": 70.0, "short": "people", "assumed": false});
    for name in ["load", "room", "short", "assumed"] {
        assert_eq!(headroom[name], expected[name], "{headroom}");
    }
    assert!(pool.place.ok(&["status"]).contains("for only 70 more; that is not enough"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_learned_of_a_meeting_is_shown() {
    let pool = Pool::of(&["one"]).await;
    pool.meeting("math", 60);
    pool.place.ok(&["meetings", "end", "math"]);
    pool.meeting("math", 5);
    let text = pool.place.ok(&["meetings", "info", "math"]);
    let has = |start: &str, rest: &str| {
        text.lines().any(|line| line.starts_with(start) && line.contains(rest))
    };
    assert!(has("expected people", "60 (learned from earlier sittings)"), "{text}");
    assert!(has("highest load so far", "5"), "{text}");
    assert!(has("expected next time", "60 (by 1 earlier sitting)"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn its_advice_can_be_typed_as_it_stands() {
    let pool = Pool::of(&["one"]).await;
    for (words, advice) in [
        (&["nope"][..], "`beadle explain --new nope`"),
        (&["it's $HOME"], r"`beadle explain --new 'it'\''s $HOME'`"),
        (&["nope", "--tenant", "lab 1"], "`beadle explain --new nope --tenant 'lab 1'`"),
    ] {
        let said = pool.place.fails(1, &[&["explain"], words].concat());
        assert!(said.contains(advice), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_named_where_they_count() {
    let place = Place::new();
    place.configure(&format!(
        "poll.interval = 0\nplacement.policy = \"scalelite\"\napi.secrets = [\"{SECRET}\"]\n"
    ));
    let _daemon = Daemon::start(&place);
    let one = server("s").await;
    place.ok(&["servers", "add", &one.url(), "s", "--id", "one", "--enable"]);
    let text = place.ok(&["explain", "--new", "art"]);
    assert!(text.contains("Policy: scalelite.") && !text.contains("xpected"), "{text}");
    place.ok(&["servers", "set", "one", "--max-users", "100"]);
    let text = place.ok(&["explain", "--new", "art"]);
    assert!(text.contains("Expected people: 20 (the default; counts for limits only)."), "{text}");
}
