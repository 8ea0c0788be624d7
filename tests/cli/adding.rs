//! `servers add`: what people paste, and what is wrong with it.

use serde_json::json;

use crate::daemon::Daemon;
use crate::place::{Place, run_with_input};
use crate::pool::{host, server};

#[test]
fn whatever_people_paste_is_understood() {
    let place = Place::new();
    let daemon = Daemon::start(&place);
    for (pasted, url) in [
        ("bbb1.example.org", "https://bbb1.example.org/bigbluebutton/api"),
        ("bbb1.example.org:8443/", "https://bbb1.example.org:8443/bigbluebutton/api"),
        ("https://h/bigbluebutton/", "https://h/bigbluebutton/api"),
        ("https://h/bigbluebutton/api/", "https://h/bigbluebutton/api"),
        (" http://h/bigbluebutton/api ", "http://h/bigbluebutton/api"),
        ("HTTPS://h", "https://h/bigbluebutton/api"),
    ] {
        let added = place.json(&["servers", "add", pasted, "s", "--no-probe"]);
        assert_eq!(added["url"], url, "{pasted}");
        place.ok(&["servers", "remove", added["id"].as_str().expect("an id")]);
    }
    for odd in ["ftp://h/", "https://", "h h", "https://h/?a=b", "h:99999", "h:https", "[::1"] {
        let said = place.fails(1, &["servers", "add", odd, "s", "--no-probe"]);
        assert!(said.contains("address"), "{odd}: {said}");
    }
    assert!(place.fails(1, &["servers", "add", "h", "", "--no-probe"]).contains("secret"));
    daemon.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn just_the_id_is_printed_and_the_server_is_disabled() {
    let place = Place::new();
    let daemon = Daemon::start(&place);
    let sim = server("right").await;
    let ran = place.run(&["servers", "add", &sim.url(), "right", "--id", "one"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "one\n"), "{ran:?}");
    assert!(ran.err.contains("`beadle servers enable one`"), "{ran:?}");
    let said = place.fails(1, &["servers", "add", &sim.url(), "right"]);
    assert!(said.contains("a server with this address: one"), "{said}");
    let other = server("right").await;
    let made_up = place.ok(&["servers", "add", &other.url(), "right", "--tag", "x"]);
    let made_up = place.json(&["servers", "show", made_up.trim_end()]);
    assert_eq!((&made_up["state"], &made_up["tag"]), (&json!("disabled"), &json!("x")));
    let third = server("right").await;
    let said = place.fails(1, &["servers", "add", &third.url(), "right", "--id", "one"]);
    assert!(said.contains("already a server with the id one"), "{said}");
    daemon.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enabled_one_takes_meetings_at_once() {
    let place = Place::new();
    let daemon = Daemon::start(&place);
    let sim = server("right").await;
    let words = ["servers", "add", &host(&sim), "right", "--enable", "--load-multiplier", "0.5"];
    let said = place.fails(1, &words);
    assert!(said.contains("cannot connect"), "no TLS there: {said}");
    let lost = place.fails(1, &["servers", "add", "bbb.invalid", "right"]);
    let wrong = place.fails(1, &["servers", "add", &sim.url(), "wrong"]);
    assert!(lost.contains("`beadle servers add ADDRESS SECRET`"), "{lost}");
    assert!(wrong.contains("`beadle servers add ADDRESS -`"), "{wrong}");
    let url = format!("http://{}", host(&sim));
    let words = ["servers", "add", &url, "right", "--enable", "--load-multiplier", "0.5"];
    let added = place.json(&words);
    assert_eq!((&added["state"], &added["health"]), (&json!("enabled"), &json!("online")));
    assert_eq!((&added["weight"], &added["load_multiplier"]), (&json!(2.0), &json!(0.5)));
    assert_eq!(added["version"], "3.0.10");
    assert_eq!(added.get("secret"), None);
    let answer = daemon.call("create", "meetingID=class&name=class");
    assert!(answer.contains("<returncode>SUCCESS"), "{answer}");
    daemon.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_explained_and_nothing_is_added() {
    let place = Place::new();
    let daemon = Daemon::start(&place);
    let sim = server("right").await;
    let wrong = place.fails(1, &["servers", "add", &sim.url(), "wrong"]);
    assert!(wrong.contains("bbb-conf --secret"), "{wrong}");
    let front = format!("http://{}/elsewhere", daemon.address);
    let other = place.fails(1, &["servers", "add", &front, "s"]);
    assert!(other.contains("does not answer like a BigBlueButton server"), "{other}");
    sim.stop().await;
    let dead = place.fails(1, &["servers", "add", &sim.url(), "right"]);
    assert!(dead.contains("cannot connect"), "{dead}");
    let name = place.fails(1, &["servers", "add", "bbb1.invalid", "s"]);
    assert!(name.contains("bbb1.invalid: cannot connect"), "{name}");
    assert_eq!(place.json(&["servers", "list"]), json!([]));
    daemon.stop();
}

#[test]
fn the_secret_comes_from_standard_input() {
    let place = Place::new();
    let daemon = Daemon::start(&place);
    let add = place.command(&["servers", "add", "h", "-", "--id", "one", "--no-probe"]);
    assert_eq!(run_with_input(add, "from stdin\n").code, 0);
    let shown = place.json(&["servers", "show", "one", "--secrets"]);
    assert_eq!(shown["secret"], "from stdin");
    let set = place.command(&["servers", "set", "one", "--secret", "-"]);
    assert_eq!(run_with_input(set, "  changed").code, 0);
    assert_eq!(place.json(&["servers", "list", "--secrets"])[0]["secret"], "changed");
    let nothing = place.command(&["servers", "add", "h", "-", "--no-probe"]);
    assert_eq!(run_with_input(nothing, "").code, 1);
    daemon.stop();
}

#[test]
fn numbers_and_ids_are_checked() {
    let place = Place::new();
    let daemon = Daemon::start(&place);
    let add = ["servers", "add", "h", "s", "--no-probe"];
    for wrong in [
        &["--weight", "0"][..],
        &["--weight", "-1"],
        &["--weight", "much"],
        &["--load-multiplier", "NaN"],
        &["--weight", "1", "--load-multiplier", "1"],
        &["--id", ".."],
        &["--id", ""],
    ] {
        place.fails(2, &[&add, wrong].concat());
    }
    let said = place.fails(1, &[&add[..], &["--id", "a/b"]].concat());
    assert!(said.contains("cannot be an id"), "{said}");
    daemon.stop();
}
