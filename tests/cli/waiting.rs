//! People who cannot join: what the log says of them.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::daemon::{Daemon, signed};
use crate::place::{DEADLINE, Place, SECRET};

/// The page that a browser shows.
fn open(daemon: &Daemon, method: &str, target: &str) -> String {
    let mut stream = TcpStream::connect(daemon.address).expect("a connection");
    stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
    let head = "HTTP/1.1\r\nHost: beadle\r\nConnection: close\r\nAccept: text/html\r\n\r\n";
    write!(stream, "{method} {target} {head}").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("text");
    answer
}

fn reference(page: &str) -> &str {
    let (_, rest) = page.split_once("class=\"reference\">").expect("a reference");
    rest.split('<').next().expect("its end")
}

#[test]
fn the_reference_on_a_page_is_in_one_line_of_the_log() {
    let place = Place::new();
    let mut daemon = Daemon::start(&place);
    let target = signed(SECRET, "join", "fullName=Ada+Lovelace&meetingID=math%0a101%22");
    let page = open(&daemon, "GET", &target);
    let reference = reference(&page);
    let line = daemon.wait_for(reference);
    for part in ["INFO", "somebody could not join", "reason=\"not-started\"", "math101"] {
        assert!(line.contains(part), "{part:?} is not in {line}");
    }
    // The page asks again, somebody looks twice, a program asks: no further line.
    open(&daemon, "GET", &target);
    open(&daemon, "HEAD", &signed(SECRET, "join", "fullName=x&meetingID=other"));
    daemon.call("join", "fullName=x&meetingID=other");
    let changed = open(&daemon, "GET", &target.replace("Ada", "Eve"));
    let line = daemon.wait_for(self::reference(&changed));
    assert!(line.contains("reason=\"altered\""), "{line}");
    let said = daemon.said();
    assert_eq!(said.matches("somebody could not join").count(), 2, "{said}");
    for secret in ["Lovelace", "Ada", "checksum", "/join"] {
        assert!(!said.contains(secret), "{secret} is in {said}");
    }
    daemon.stop();
}

#[test]
fn what_the_operator_must_look_at_is_a_warning() {
    let place = Place::new();
    let mut daemon = Daemon::start(&place);
    daemon.call("create", "name=Class&meetingID=class");
    let page = open(&daemon, "GET", &signed(SECRET, "join", "fullName=x&meetingID=class"));
    let line = daemon.wait_for(reference(&page));
    assert!(line.contains("WARN") && line.contains("reason=\"trouble\""), "{line}");
    daemon.stop();
}
