//! `beadle serve`: what it starts with, and what it does not start with.

use std::net::TcpListener;

use crate::daemon::Daemon;
use crate::place::{Place, bare, exists, run};

#[test]
fn nothing_but_a_secret_is_needed() {
    let place = Place::new();
    place.configure("");
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("BEADLE_API_SECRETS", "s3cr3t");
    let daemon = Daemon::of(command);
    assert!(!daemon.said().contains("WARN"), "{}", daemon.said());
    let answer = daemon.call_with("s3cr3t", "getMeetings", "");
    assert!(answer.contains("<returncode>SUCCESS"), "{answer}");
    let status = place.run(&["status"]);
    assert_eq!(status.code, 1, "{status:?}");
    assert!(status.out.contains("no server takes new meetings"), "{status:?}");
    daemon.stop();
    assert!(!exists(&place.socket()));
}

#[test]
fn without_a_secret_it_starts_and_says_so() {
    let place = Place::new();
    place.configure("");
    let daemon = Daemon::start(&place);
    assert!(daemon.said().contains("no secret is set"), "{}", daemon.said());
    assert!(daemon.call("getMeetings", "").contains("checksumError"));
    let status = place.run(&["status"]);
    assert_eq!(status.code, 1);
    assert!(status.out.contains("no front end has a secret"), "{status:?}");
    daemon.stop();
}

#[test]
fn without_certificates_of_authorities_it_starts_and_says_so() {
    let place = Place::new();
    place.configure("");
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("BEADLE_API_SECRETS", "s3cr3t");
    command.env("SSL_CERT_FILE", "/nonexistent").env("SSL_CERT_DIR", "/nonexistent");
    let daemon = Daemon::of(command);
    assert!(daemon.said().contains("ca-certificates"), "{}", daemon.said());
    let answer = daemon.call_with("s3cr3t", "getMeetings", "");
    assert!(answer.contains("<returncode>SUCCESS"), "{answer}");
    daemon.stop();
}

#[test]
fn the_first_line_tells_what_there_is() {
    let place = Place::new();
    let daemon = Daemon::start(&place);
    let socket = format!("socket={}", place.socket().display());
    let said = daemon.said();
    assert!(said.contains(&socket) && said.contains("servers=0 meetings=0"), "{said}");
    place.ok(&["servers", "add", "bbb1.example.org", "s", "--no-probe"]);
    daemon.stop();
    assert!(Daemon::start(&place).said().contains("servers=1 meetings=0"));
}

#[test]
fn scalelites_env_file_works_as_it_is() {
    let place = Place::new();
    place.configure("");
    let env = "# Scalelite\nURL_HOST=pool.example.org\nSECRET_KEY_BASE=abc\n\
               LOADBALANCER_SECRET=from scalelite\nBIND=127.0.0.1\nPORT=0\nPOLL_INTERVAL=0\n";
    let env = place.write("scalelite", env);
    let mut command = place.command(&["serve"]);
    command.arg("--env-file").arg(&env);
    let daemon = Daemon::of(command);
    assert!(daemon.address.ip().is_loopback() && daemon.address.port() != 0);
    let answer = daemon.call_with("from scalelite", "getMeetings", "");
    assert!(!answer.contains("checksumError"), "{answer}");
    let env = env.to_str().expect("text");
    assert_eq!(place.json(&["servers", "list", "--env-file", env]), serde_json::json!([]));
    daemon.stop();
}

#[test]
fn a_second_daemon_on_the_same_data_is_refused() {
    let place = Place::new();
    let daemon = Daemon::start(&place);
    let said = place.fails(1, &["serve", "--listen", "127.0.0.1:0"]);
    assert!(said.contains("is in use by another beadle"), "{said}");
    assert_eq!(place.json(&["servers", "list"]), serde_json::json!([]), "the first one lives");
    daemon.stop();
}

#[test]
fn a_port_in_use_is_one_sentence() {
    let place = Place::new();
    let other = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = other.local_addr().expect("its address").to_string();
    let said = place.fails(1, &["serve", "--listen", &address]);
    assert!(said.contains(&format!("beadle: cannot listen on {address}: ")), "{said}");
}

#[test]
fn a_data_directory_that_cannot_be_is_one_sentence() {
    let place = Place::new();
    let file = place.write("file", "");
    let mut command = bare(&["serve", "--listen", "127.0.0.1:0", "--config"]);
    command.arg(place.path("beadle.toml")).arg("--data-dir").arg(file.join("data"));
    let ran = run(command);
    let lines: Vec<_> = ran.err.lines().filter(|line| line.starts_with("beadle: ")).collect();
    assert_eq!((ran.code, lines.len()), (1, 1), "{ran:?}");
    assert_eq!(ran.err.matches("Not a directory").count(), 1, "{ran:?}");
}

#[test]
fn a_wrong_configuration_is_one_sentence_and_code_2() {
    let place = Place::new();
    place.configure("[http]\nlisten = \"127.0.0.1:0\"\nkeep_alvie = \"5s\"\n");
    let said = place.fails(2, &["serve"]);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("beadle.toml, line 3: ") && said.contains("keep_alive"), "{said}");
    assert_eq!(place.fails(2, &["servers", "list"]), said, "the same to every command");
    assert!(!exists(&place.data()));
}

#[test]
fn a_named_file_that_is_not_there_is_code_2() {
    let place = Place::new();
    let said = place.fails(2, &["serve", "--env-file", "/nowhere/env"]);
    assert!(said.contains("/nowhere/env"), "{said}");
    let ran = run(bare(&["serve", "--config", "/nowhere/beadle.toml"]));
    assert_eq!(ran.code, 2, "{ran:?}");
}

#[test]
fn flags_win_over_variables_and_variables_over_the_file() {
    let place = Place::new();
    place.configure("data_dir = \"/nowhere\"\nhttp.listen = \"192.0.2.1:1\"\n");
    let mut command = bare(&["serve", "--listen", "127.0.0.1:0", "--config"]);
    command.arg(place.path("beadle.toml")).arg("--socket").arg(place.path("s"));
    command.env("BEADLE_DATA_DIR", place.data()).env("BEADLE_SOCKET", "/nowhere/s");
    let daemon = Daemon::of(command);
    assert!(exists(&place.data()) && exists(&place.path("s")));
    daemon.stop();
}

/// Others could connect in the moment between.
#[test]
fn the_socket_is_never_open_to_others() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    for _ in 0..10 {
        let socket = place.socket();
        let watch = std::thread::spawn(move || {
            loop {
                if let Ok(found) = socket.symlink_metadata() {
                    return found.permissions().mode() & 0o777;
                }
            }
        });
        let daemon = Daemon::start(&place);
        assert_eq!(watch.join().expect("no panic"), 0o600);
        let names = std::fs::read_dir(place.data()).expect("a folder");
        let names = names.map(|entry| entry.expect("an entry").file_name());
        let hidden = names.filter(|name| name.to_string_lossy().starts_with('.')).count();
        assert_eq!(hidden, 0, "folders left over");
        daemon.stop();
    }
}

#[test]
fn a_file_in_the_sockets_place_is_left_alone() {
    let place = Place::new();
    let file = place.write("precious", "mine\n");
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.arg("--socket").arg(&file);
    let ran = run(command);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("no socket"), "{ran:?}");
    assert_eq!(std::fs::read_to_string(&file).expect("it is there"), "mine\n");
}
