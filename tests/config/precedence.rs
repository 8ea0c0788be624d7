//! Which source wins.

use std::net::SocketAddr;
use std::path::PathBuf;

use beadle::config::Config;

use super::support::{Case, config_of, exposed};

/// All sources set the address; taking away the strongest one by one shows their order.
#[test]
fn later_sources_win() {
    let listen = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
    let mut case = Case::new()
        .toml("[http]\nlisten = \"127.0.0.1:1\"")
        .file("conf.d/10.toml", "[http]\nlisten = \"127.0.0.1:2\"")
        .file("conf.d/20.toml", "[http]\nlisten = \"127.0.0.1:3\"")
        .file("conf.d/.30.toml", "[http]\nlisten = \"127.0.0.1:99\"")
        .file("conf.d/40.toml~", "not read")
        .env_file("BIND=tcp://127.0.0.1:4\nBEADLE_HTTP_LISTEN=127.0.0.1:5\n")
        .variable("BIND", "tcp://127.0.0.1:6")
        .variable("BEADLE_HTTP_LISTEN", "127.0.0.1:7");
    case.sources.flags.listen = Some(listen(8));
    assert_eq!(case.config().http.listen, listen(8), "flag");
    case.sources.flags.listen = None;
    assert_eq!(case.config().http.listen, listen(7), "variable");
    case.sources.environment.remove("BEADLE_HTTP_LISTEN");
    assert_eq!(case.config().http.listen, listen(6), "Scalelite's variable");
    case.sources.environment.clear();
    assert_eq!(case.config().http.listen, listen(5), "variable in the env file");
    let case = case.env_file("BIND=tcp://127.0.0.1:4\n");
    assert_eq!(case.config().http.listen, listen(4), "Scalelite's variable in the env file");
    let case = case.env_file("");
    assert_eq!(case.config().http.listen, listen(3), "last drop-in");
    let case = case.file("conf.d/20.toml", "");
    assert_eq!(case.config().http.listen, listen(2), "first drop-in");
    let case = case.file("conf.d/10.toml", "");
    assert_eq!(case.config().http.listen, listen(1), "file");
    let case = case.toml("");
    assert_eq!(case.config(), Config::default(), "default");
}

#[test]
fn flags_set_folder_and_socket() {
    let mut case = Case::new().toml("data_dir = \"/a\"\nsocket = \"/b\"");
    assert_eq!(case.config().socket(), PathBuf::from("/b"));
    case.sources.flags.data_dir = Some(PathBuf::from("demo-data"));
    case.sources.flags.socket = Some(PathBuf::from("here.sock"));
    let config = case.config();
    assert_eq!(config.data_dir, PathBuf::from("demo-data"));
    assert_eq!(config.socket(), PathBuf::from("here.sock"));
}

#[test]
fn the_socket_is_in_the_data_directory_unless_set() {
    assert_eq!(Config::default().socket(), PathBuf::from("/var/lib/beadle/beadle.sock"));
    assert_eq!(config_of("data_dir = \"/d\"").socket(), PathBuf::from("/d/beadle.sock"));
}

#[test]
fn variables_are_read_as_toml_else_as_text() {
    let case = Case::new()
        .variable("BEADLE_API_SECRETS", "[\"a\", 'b']")
        .variable("BEADLE_MANAGEMENT_ACCEPT_FRONTEND_SECRET", "true")
        .variable("BEADLE_MANAGEMENT_SECRET", "1234567")
        .variable("BEADLE_API_BUILD", "2026-01-01")
        .variable("BEADLE_SOCKET", "/run/b.sock")
        .variable("BEADLE_DATA_DIR", "\"/srv/b\"")
        .variable("BEADLE_POLL_INTERVAL", "2m")
        .variable("BEADLE_HTTP_WORKERS", "0x10")
        .variable("BEADLE_CREATE_DEFAULT", "{ record = true, b = 1, a = \"x, y\" }")
        .variable("BEADLE_JOIN_OVERRIDE", "guest=true");
    let config = case.config();
    assert_eq!(exposed(&config), ["a", "b"]);
    assert!(config.management.accept_frontend_secret);
    assert_eq!(config.management.secret.map(String::from).as_deref(), Some("1234567"));
    assert_eq!(config.api.build.as_deref(), Some("2026-01-01"));
    assert_eq!(config.socket, Some(PathBuf::from("/run/b.sock")));
    assert_eq!(config.data_dir, PathBuf::from("/srv/b"));
    assert_eq!(config.poll.interval.as_secs(), 120);
    assert_eq!(config.http.workers, 16);
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let in_order = [pair("record", "true"), pair("b", "1"), pair("a", "x, y")];
    assert_eq!(config.create.rules.default, in_order);
    assert_eq!(config.join.overrides, [pair("guest", "true")]);
}

#[test]
fn a_secret_that_looks_like_something_else_stays_a_secret() {
    for text in ["1e5", "true", "0x1f", "inf", "1979-05-27", "a#b", "\"half", "[half", "a b"] {
        let config = Case::new().variable("BEADLE_API_SECRETS", text).config();
        assert_eq!(exposed(&config), [text]);
    }
}
