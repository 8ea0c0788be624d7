//! The command line itself: help, mistakes, and no daemon to ask.

use std::os::unix::ffi::OsStrExt as _;

use crate::daemon::Daemon;
use crate::place::{Place, bare, run};

/// Every command that asks the daemon.
const COMMANDS: [&[&str]; 17] = [
    &["servers", "list"],
    &["servers", "show", "x"],
    &["servers", "add", "h", "s"],
    &["servers", "set", "x", "--weight", "1"],
    &["servers", "enable", "x"],
    &["servers", "cordon", "x"],
    &["servers", "cordon", "x", "--wait"],
    &["servers", "disable", "x"],
    &["servers", "remove", "x"],
    &["servers", "panic", "x"],
    &["servers", "check"],
    &["meetings", "list"],
    &["meetings", "info", "class"],
    &["meetings", "end", "class"],
    &["status"],
    &["poll"],
    &["doctor"],
];

#[test]
fn help_has_an_example_for_each_command() {
    for command in COMMANDS.iter().chain(&[&["serve"][..], &[]]) {
        let verbs = command.get(..2).filter(|words| !words.contains(&"--wait")).unwrap_or(command);
        let ran = run(bare(&[verbs, &["--help"]].concat()));
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{verbs:?}");
        assert!(ran.out.contains("Example:\n  ") && ran.out.contains("beadle "), "{verbs:?}");
        assert!(ran.out.contains("--socket <PATH>"), "{verbs:?}");
    }
    assert_eq!(run(bare(&["help", "servers", "add"])).code, 0);
}

#[test]
fn the_version_is_told() {
    let ran = run(bare(&["--version"]));
    assert_eq!((ran.code, ran.out.as_str()), (0, "beadle 0.1.0\n"));
}

#[test]
fn wrong_usage_is_code_2() {
    for words in [
        &[][..],
        &["servrs"],
        &["servers"],
        &["servers", "add", "h"],
        &["servers", "list", "--jsn"],
        &["serve", "--listen", "nowhere"],
        &["meetings", "info"],
        &["status", "--socket", ""],
    ] {
        let ran = run(bare(words));
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{words:?}: {ran:?}");
        assert!(!ran.err.is_empty());
    }
}

#[test]
fn without_a_daemon_every_command_says_so() {
    let place = Place::new();
    let socket = place.socket().display().to_string();
    for command in COMMANDS {
        for json in [&[][..], &["--json"]] {
            let said = place.fails(3, &[command, json].concat());
            assert_eq!(said.lines().count(), 1, "{said}");
            for part in ["no beadle is running", &socket, "systemctl status beadle", "beadle serve"]
            {
                assert!(said.contains(part), "{said}");
            }
        }
    }
}

#[test]
fn a_socket_that_was_left_over_is_no_daemon() {
    let place = Place::new();
    let socket = place.path("left");
    drop(std::os::unix::net::UnixListener::bind(&socket).expect("a socket"));
    let socket = socket.to_str().expect("text");
    let said = place.fails(3, &["status", "--socket", socket]);
    assert!(said.contains("refused"), "{said}");
}

#[test]
fn the_socket_is_found_by_the_rules_of_serve() {
    let place = Place::new();
    let socket = place.path("elsewhere.sock");
    place.configure(&format!("socket = {socket:?}\npoll.interval = 0\n"));
    let daemon = Daemon::start(&place);
    assert_eq!(place.json(&["servers", "list"]), serde_json::json!([]));
    let mut by_variable = bare(&["servers", "list"]);
    assert_eq!(run(by_variable).code, 3);
    by_variable = bare(&["servers", "list"]);
    by_variable.env("BEADLE_SOCKET", &socket);
    assert_eq!(run(by_variable).code, 0);
    let mut by_flag = bare(&["--socket", socket.to_str().expect("text"), "servers", "list"]);
    by_flag.env("BEADLE_SOCKET", "/nowhere");
    assert_eq!(run(by_flag).code, 0);
    daemon.stop();
}

#[test]
fn a_named_socket_needs_no_configuration() {
    let place = Place::new();
    let daemon = Daemon::start(&place);
    place.configure("nonsense");
    place.fails(2, &["servers", "list"]);
    let socket = place.socket();
    place.ok(&["servers", "list", "--socket", socket.to_str().expect("text")]);
    daemon.stop();
}

#[test]
fn a_variable_that_is_no_text_is_named() {
    let mut command = bare(&["status"]);
    command.env("BEADLE_DATA_DIR", std::ffi::OsStr::from_bytes(b"/caf\xe9"));
    let ran = run(command);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("BEADLE_DATA_DIR is not UTF-8 text"), "{ran:?}");
}
