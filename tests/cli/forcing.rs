//! `disable`, `remove` and `panic` on a server with people: asking before, and not asking.

use serde_json::json;

use crate::pool::{Pool, server};
use crate::terminal::Terminal;

async fn busy() -> Pool {
    let pool = Pool::of(&["one"]).await;
    pool.meeting("class", 7);
    pool
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_to_ask_means_no() {
    let pool = busy().await;
    for (verb, flag) in [("disable", "--force"), ("remove", "--force"), ("panic", "--yes")] {
        let said = pool.place.fails(1, &["servers", verb, "one"]);
        assert!(said.contains("1 meeting") && said.contains("7 people"), "{said}");
        assert!(said.contains(flag), "{said}");
    }
    assert_eq!(pool.place.json(&["servers", "show", "one"])["state"], "enabled");
    assert!(pool.daemon.call("join", "meetingID=class&fullName=A&password=mp").contains("302"));
}

#[tokio::test(flavor = "multi_thread")]
async fn force_disables() {
    let pool = busy().await;
    for flag in ["--force", "--yes", "-y"] {
        let view = pool.place.json(&["servers", "disable", "one", flag]);
        assert_eq!((&view["state"], &view["placed"]), (&json!("disabled"), &json!(1)));
        pool.place.ok(&["servers", "enable", "one"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn force_removes_and_shows_what_was_there() {
    let pool = busy().await;
    let view = pool.place.json(&["servers", "remove", "one", "--force"]);
    assert_eq!((&view["id"], &view["placed"]), (&json!("one"), &json!(1)));
    assert_eq!(pool.place.json(&["servers", "list"]), json!([]));
    assert_eq!(pool.place.json(&["meetings", "list"]), json!([]));
    let gone = pool.place.fails(1, &["servers", "remove", "one", "--force"]);
    assert!(gone.contains("there is no server"), "{gone}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_releases_and_disables() {
    let pool = busy().await;
    let done = pool.place.json(&["servers", "panic", "one", "--yes"]);
    assert_eq!(done, json!({"id": "one", "released": 1}));
    assert_eq!(pool.place.json(&["servers", "show", "one"])["state"], "disabled");
    assert_eq!(pool.place.json(&["meetings", "list"]), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_can_leave_the_state() {
    let pool = busy().await;
    let ran = pool.place.run(&["servers", "panic", "one", "--keep-state", "--yes"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{ran:?}");
    assert!(ran.err.contains("1 meeting of server one released"), "{ran:?}");
    assert_eq!(pool.place.json(&["servers", "show", "one"])["state"], "enabled");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sits_there_is_asked() {
    let pool = busy().await;
    for verb in ["disable", "remove", "panic"] {
        let terminal = Terminal::open();
        let child = terminal.run(pool.place.command(&["servers", verb, "one"]));
        let asked = terminal.wait_for("[yes/no]");
        assert!(asked.contains("1 meeting") && asked.contains("7 people"), "{asked}");
        terminal.answer("no");
        assert_eq!(crate::place::finish(child).code, 1);
        terminal.wait_for("nothing was changed");
    }
    assert_eq!(pool.place.json(&["servers", "show", "one"])["state"], "enabled");
    for verb in ["disable", "remove"] {
        let terminal = Terminal::open();
        let child = terminal.run(pool.place.command(&["servers", verb, "one"]));
        terminal.wait_for("[yes/no]");
        terminal.answer("yes");
        assert_eq!(crate::place::finish(child).code, 0, "{verb}");
    }
    assert_eq!(pool.place.json(&["servers", "list"]), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_address_is_asked_about_like_a_removal() {
    let pool = busy().await;
    let other = server("secret of one").await;
    let url = other.url();
    let set = ["servers", "set", "one", "--url", &url];
    let said = pool.place.fails(1, &set);
    assert!(said.contains("server one still has 1 meeting with 7 people"), "{said}");
    assert!(said.contains("nothing was changed, --force does it all the same"), "{said}");
    for (answer, code) in [("no", 1), ("yes", 0)] {
        let terminal = Terminal::open();
        let child = terminal.run(pool.place.command(&set));
        let asked = terminal.wait_for("[yes/no]");
        assert!(asked.contains("1 meeting") && asked.contains("7 people"), "{asked}");
        terminal.answer(answer);
        assert_eq!(crate::place::finish(child).code, code);
        let now = pool.place.json(&["servers", "show", "one"])["url"].clone();
        assert_eq!(now == url, code == 0, "{now}");
    }
    let back = pool.servers.first().expect("a server").url();
    let view = pool.place.json(&["servers", "set", "one", "--url", &back, "--yes"]);
    assert_eq!((&view["url"], &view["health"]), (&json!(back), &json!("online")));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_about_an_idle_server() {
    let pool = Pool::of(&["one"]).await;
    for verb in ["panic", "disable", "remove"] {
        pool.place.ok(&["servers", verb, "one"]);
    }
}
