//! `servers`: looking at them and changing them.

use serde_json::{Value, json};

use crate::daemon::Daemon;
use crate::place::{Place, run};
use crate::pool::{Pool, host};
use crate::terminal::{Terminal, WIDTH};

/// A daemon with two servers on one host that nobody asked anything: `one` and `two`.
fn unasked() -> (Place, Daemon) {
    let place = Place::new();
    let daemon = Daemon::start(&place);
    for (id, url) in [("one", "http://h.example:81"), ("two", "http://h.example:82")] {
        place.ok(&["servers", "add", url, "hush", "--id", id, "--no-probe"]);
    }
    (place, daemon)
}

/// The words of a line that begins with this word.
fn line<'a>(text: &'a str, first: &str) -> Vec<&'a str> {
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    lines.into_iter().find(|words| words.first() == Some(&first)).expect("a line")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_and_the_json_show_the_same() {
    let pool = Pool::of(&["one", "two"]).await;
    pool.place.ok(&["servers", "cordon", "one"]);
    pool.meeting("class", 30);
    pool.place.ok(&["servers", "set", "two", "--weight", "2.5", "--tag", "big"]);
    let text = pool.place.ok(&["servers", "list"]);
    let title = line(&text, "id").join(" ");
    assert_eq!(
        title,
        "id host state health meetings people load weight load/weight tag version answered"
    );
    let address = pool.servers.first().map(host).expect("a server");
    let one = line(&text, "one").join(" ");
    let begin = format!("one {address} cordoned online 0 0 0 1 0 - 3.0.10 ");
    assert!(one.starts_with(&begin), "{text}");
    let two = line(&text, "two");
    assert_eq!(two.get(2..6), Some(&["enabled", "online", "1", "30"][..]), "{text}");
    assert_eq!(two.get(7), Some(&"2.5"), "{text}");
    assert_eq!(two.get(9), Some(&"big"), "{text}");
    assert!(text.lines().all(|line| line == line.trim_end()), "{text}");
    let list = pool.place.json(&["servers", "list"]);
    let [one, two] = list.as_array().expect("a list").as_slice() else { unreachable!("two") };
    assert_eq!((&one["id"], &two["id"]), (&json!("one"), &json!("two")));
    assert_eq!(
        (&two["users"], &two["placed"], &two["tag"]),
        (&json!(30), &json!(1), &json!("big"))
    );
    assert_eq!(&pool.place.json(&["servers", "show", "two"])["id"], "two");
    let shown = pool.place.ok(&["servers", "show", "two"]);
    assert_eq!(line(&shown, "people"), ["people", "30"]);
    assert_eq!(line(&shown, "meetings"), ["meetings", "1", "(1", "placed", "by", "beadle)"]);
}

#[test]
fn a_table_is_no_wider_than_the_terminal() {
    let (place, _daemon) = unasked();
    let long = "a-name-of-its-own.".repeat(4);
    place.ok(&["servers", "add", &long, "s", "--id", "last", "--tag", &long, "--no-probe"]);
    assert!(place.ok(&["servers", "list"]).contains(&long), "all of it where nobody looks");
    let terminal = Terminal::open();
    let mut list = place.command(&["servers", "list"]);
    list.stdout(terminal.other_end());
    assert_eq!(run(list).code, 0);
    let seen = terminal.wait_for("last");
    assert!(seen.lines().all(|line| line.chars().count() <= usize::from(WIDTH)), "{seen}");
    assert!(seen.contains("load/weight") && seen.contains("disabled"), "{seen}");
}

#[test]
fn where_a_table_does_not_fit_words_stay_words() {
    let (place, _daemon) = unasked();
    let terminal = Terminal::wide(40);
    let mut explain = place.command(&["explain", "--new", "art"]);
    explain.stdout(terminal.other_end());
    assert_eq!(run(explain).code, 1);
    let seen = terminal.wait_for("two");
    assert!(seen.contains("it is disabled"), "{seen}");
}

#[test]
fn an_empty_pool_is_told_to_people_only() {
    let place = Place::new();
    let _daemon = Daemon::start(&place);
    for words in [&["servers", "list"][..], &["servers", "check"]] {
        let ran = place.run(words);
        assert_eq!((ran.code, ran.out.as_str()), (0, ""));
        assert!(ran.err.contains("beadle servers add"), "{ran:?}");
        assert_eq!(place.json(words), json!([]));
    }
}

#[test]
fn secrets_are_shown_only_where_asked_for() {
    let (place, _daemon) = unasked();
    for words in [&["servers", "list"][..], &["servers", "show", "one"], &["status"], &["poll"]] {
        for json in [&["--json"][..], &[]] {
            let ran = place.run(&[words, json].concat());
            assert!(!ran.out.contains("hush") && !ran.err.contains("hush"), "{ran:?}");
        }
    }
    assert!(place.ok(&["servers", "list", "--secrets"]).contains("hush"));
    assert!(place.ok(&["servers", "show", "one", "--secrets"]).contains("hush"));
}

#[test]
fn every_command_knows_servers_by_host_and_port() {
    let (place, _daemon) = unasked();
    assert_eq!(place.json(&["servers", "show", "h.example:82"])["id"], "two");
    assert_eq!(place.json(&["servers", "enable", "H.Example:81"])["id"], "one");
    let said = place.fails(1, &["servers", "cordon", "h.example"]);
    assert!(said.contains("one, two"), "{said}");
    place.ok(&["servers", "remove", "h.example:81"]);
    assert_eq!(place.json(&["servers", "cordon", "h.example"])["id"], "two");
}

#[test]
fn an_unknown_server_is_a_sentence() {
    let (place, _daemon) = unasked();
    for verb in ["show", "enable", "cordon", "disable", "remove", "panic", "check"] {
        for json in [&["--json"][..], &[]] {
            let said = place.fails(1, &[&["servers", verb, "nosuch"], json].concat());
            assert_eq!(said, "beadle: there is no server with the id or host nosuch\n", "{verb}");
        }
    }
    place.fails(1, &["servers", "set", "nosuch", "--weight", "2"]);
    place.fails(1, &["meetings", "list", "--server", "nosuch"]);
    let odd = "a/../b?c#d%2F é\u{1b}[31m";
    let said = place.fails(1, &["servers", "show", odd]);
    assert!(said.contains("a/../b?c#d%2F é\u{fffd}[31m"), "{said}");
}

#[test]
fn changes_are_kept_and_the_rest_stays() {
    let (place, daemon) = unasked();
    let set = |words: &[&str]| place.json(&[&["servers", "set", "one"], words].concat());
    let limits = |view: &Value| (view["max_meetings"].clone(), view["max_users"].clone());
    let changed = set(&["--weight", "0.75", "--max-meetings", "5", "--max-users", "90"]);
    assert_eq!(changed["weight"], 0.75);
    assert_eq!(limits(&changed), (json!(5), json!(90)));
    let changed = set(&["--tag", "lab", "--max-users", "0"]);
    assert_eq!((&changed["weight"], &changed["tag"]), (&json!(0.75), &json!("lab")));
    assert_eq!(limits(&changed), (json!(5), Value::Null));
    assert_eq!(set(&["--load-multiplier", "0.25"])["weight"], 4.0);
    assert_eq!(set(&["--no-tag"])["tag"], Value::Null);
    daemon.stop();
    let _daemon = Daemon::start(&place);
    let after = place.json(&["servers", "show", "one"]);
    assert_eq!((&after["weight"], &after["max_meetings"]), (&json!(4.0), &json!(5)));
    for wrong in [&[][..], &["--tag", "a", "--no-tag"], &["--weight", "0"], &["--max-users", "-1"]]
    {
        place.fails(2, &[&["servers", "set", "one"], wrong].concat());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_secret_that_does_not_work_is_said_at_once() {
    let pool = Pool::of(&["one"]).await;
    let good = pool.place.run(&["servers", "set", "one", "--secret", "secret of one"]);
    assert_eq!((good.code, good.err.as_str()), (0, "server one is changed\n"));
    let bad = pool.place.run(&["servers", "set", "one", "--secret", "mistyped"]);
    assert!(bad.code == 0 && bad.err.contains("bbb-conf --secret"), "{bad:?}");
    let url = pool.daemon.address.to_string();
    let bad = pool.place.run(&["servers", "set", "one", "--url", &format!("http://{url}/x")]);
    assert!(bad.code == 0 && bad.err.contains("warning: "), "{bad:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn states_are_words_for_people_and_json_for_programs() {
    let pool = Pool::of(&["one"]).await;
    for (verb, state) in [("cordon", "cordoned"), ("disable", "disabled"), ("enable", "enabled")] {
        let ran = pool.place.run(&["servers", verb, "one"]);
        assert_eq!((ran.code, ran.out.as_str()), (0, ""));
        assert!(ran.err.starts_with("server one "), "{ran:?}");
        assert_eq!(pool.place.json(&["servers", verb, "one"])["state"], state);
    }
    let [server] = pool.servers.as_slice() else { unreachable!("one server") };
    pool.place.ok(&["servers", "disable", "one"]);
    server.stop().await;
    let ran = pool.place.run(&["servers", "enable", "one"]);
    assert!(ran.code == 0 && ran.err.contains("but it is unstable"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_finds_what_is_wrong() {
    let pool = Pool::of(&["one", "two"]).await;
    let all = pool.place.json(&["servers", "check"]);
    assert_eq!(all, pool_ids(&all, &["one", "two"]));
    assert_eq!((&all[0]["ok"], &all[0]["version"]), (&json!(true), &json!("3.0.10")));
    let text = pool.place.ok(&["servers", "check", "all"]);
    assert_eq!(line(&text, "two").last(), Some(&"ok"));
    pool.place.ok(&["servers", "set", "two", "--secret", "wrong"]);
    let ran = pool.place.run(&["servers", "check"]);
    assert!(ran.code == 1 && ran.out.contains("bbb-conf --secret"), "{ran:?}");
    assert_eq!(line(&ran.out, "one").last(), Some(&"ok"));
    pool.place.ok(&["servers", "check", "one"]);
    let mixed = pool.place.run(&["servers", "check", "nosuch", "one", "--json"]);
    assert_eq!((mixed.code, &mixed.json()[0]["id"]), (1, &json!("one")));
    assert!(mixed.err.contains("nosuch"), "{mixed:?}");
}

/// The value itself, if these are its ids.
fn pool_ids(list: &Value, ids: &[&str]) -> Value {
    let found: Vec<_> = list.as_array().expect("a list").iter().map(|one| &one["id"]).collect();
    assert_eq!(found, ids);
    list.clone()
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let (place, _daemon) = unasked();
    for words in [&["servers", "list"][..], &["servers", "list", "--json"], &["--help"]] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let mut command = place.command(words);
        command.stdout(writer);
        drop(reader);
        let ran = run(command);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{words:?}");
    }
}
