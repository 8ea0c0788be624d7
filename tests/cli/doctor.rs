//! `doctor`, and what `servers check` says of each thing that can be wrong with a server.

use std::net::SocketAddr;

use serde_json::Value;
use socket2::{Domain, Socket, Type};

use crate::daemon::Daemon;
use crate::odd::{answering, index, pem};
use crate::place::{Place, SECRET};
use crate::pool::Pool;

/// A place whose daemon trusts the authority of the tests and knows its own address.
fn place() -> (Place, Daemon) {
    let place = Place::new();
    let settings =
        "poll.interval = 0\npublic_url = \"https://localhost\"\nhttp.check_host = false\n";
    place.configure(&format!("{settings}api.secrets = [\"{SECRET}\"]\n"));
    let mut serve = place.command(&["serve", "--listen", "127.0.0.1:0"]);
    serve.env("SSL_CERT_FILE", pem("authority"));
    let daemon = Daemon::of(serve);
    (place, daemon)
}

fn add(place: &Place, id: &str, url: &str) {
    place.ok(&["servers", "add", url, "hush", "--id", id, "--no-probe", "--enable"]);
}

/// The findings about one thing, as lines `level: finding -> remedy`.
fn about(findings: &Value, subject: &str) -> Vec<String> {
    let all = findings.as_array().expect("a list").iter();
    let word = |finding: &Value, name: &str| finding[name].as_str().unwrap_or("-").to_owned();
    all.filter(|finding| finding["subject"] == subject)
        .map(|one| {
            format!("{}: {} -> {}", word(one, "level"), word(one, "finding"), word(one, "remedy"))
        })
        .collect()
}

/// A server, its address, and what is said of it.
type Case = (&'static str, String, &'static [&'static str]);

/// What can be wrong with TLS, or with the way to a server.
fn unreachable_ones(closed: &Socket) -> Vec<Case> {
    let https = |certificate| {
        let port = answering("200 OK", &index("3.0.1"), Some(certificate)).port();
        format!("https://localhost:{port}")
    };
    let plain = answering("200 OK", &index("3.0.1"), None).port();
    let closed = closed.local_addr().ok().and_then(|address| address.as_socket()).expect("a port");
    vec![
        ("fine", https("good"), &[]),
        ("expired", https("expired"), &["certificate has expired", "certbot renew"]),
        ("early", https("early"), &["not valid yet", "timedatectl"]),
        ("name", https("elsewhere"), &["is for another name", "elsewhere.test", "--url"]),
        ("own", https("self-signed"), &["self-signed", "certificate of an authority"]),
        ("plain", format!("https://localhost:{plain}"), &["speaks no TLS", "http://"]),
        ("closed", format!("http://{closed}"), &["refused", "bbb-conf --restart"]),
        ("lost", "http://bbb.invalid".to_owned(), &["cannot be resolved", "set lost --url"]),
    ]
}

/// What can be wrong with an answer.
fn odd_ones() -> Vec<Case> {
    let http = |head: &str, body: &str| format!("http://{}", answering(head, body, None));
    let title = "<html><title>Welcome to nginx!</title></html>";
    let refusal = "<response><returncode>FAILED</returncode><messageKey>no</messageKey>\
                   <message>no</message></response>";
    let late = "200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT";
    let timeless = "200 OK\r\nDate: Sun, 06 Nov 1994 9223372036854775807:00:00 GMT";
    vec![
        (
            "other",
            http("200 OK", title),
            &["not answer like", "Welcome to nginx!", "address right"],
        ),
        ("moved", http("301 Moved", ""), &["301", "leads elsewhere"]),
        ("down", http("502 Bad Gateway", title), &["502", "bbb-conf --status"]),
        ("old", http("200 OK", &index("2.3.19")), &["2.3.19 is older than 2.4", "upgrade"]),
        ("refuses", http("200 OK", refusal), &["not answer like"]),
        ("late", http(late, &index("3.0.1")), &["clock is", "s behind that of", "set-ntp"]),
        ("timeless", http(timeless, &index("3.0.1")), &[]),
    ]
}

#[test]
fn a_check_tells_what_is_wrong_with_a_server_and_what_mends_it() {
    let (place, _daemon) = place();
    // Bound and never listening, so that nothing else can take the port.
    let closed = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    closed.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a port");
    for (id, url, words) in unreachable_ones(&closed).into_iter().chain(odd_ones()) {
        add(&place, id, &url);
        let ran = place.run(&["servers", "check", id, "--json"]);
        let checked = ran.json()[0].clone();
        let found = about(&checked["findings"], &format!("server {id}"));
        assert_eq!(found.len(), usize::from(!words.is_empty()), "{id}: {found:?}");
        for word in words {
            assert!(found.iter().any(|text| text.contains(word)), "{id}: {word:?} in {found:?}");
        }
        // Warnings make no exit code.
        let works = ["fine", "old", "late", "timeless"].contains(&id);
        assert_eq!((ran.code, &checked["ok"]), (i32::from(!works), &works.into()), "{id}");
    }
    let text = place.run(&["servers", "check", "late", "expired"]).out;
    assert!(text.contains("\nerror    server expired: "), "{text}");
    assert!(text.contains("\n         -> renew the certificate"), "{text}");
    assert!(text.contains("\nwarning  server late: its clock"), "{text}");
}

/// An authority that this machine does not know is the commonest fault of a new server.
#[test]
fn an_unknown_authority_is_told_apart() {
    let place = Place::new();
    let _daemon = Daemon::start(&place);
    let port = answering("200 OK", &index("3.0.1"), Some("good")).port();
    add(&place, "one", &format!("https://localhost:{port}"));
    let out = place.run(&["servers", "check"]).out;
    assert!(out.contains("authority that is not trusted here"), "{out}");
    assert!(out.contains("update-ca-certificates"), "{out}");
}

#[test]
fn an_empty_pool_without_settings_has_much_to_mend() {
    let place = Place::new();
    place.configure("poll.interval = 0\n");
    let _daemon = Daemon::start(&place);
    let ran = place.run(&["doctor", "--json"]);
    assert_eq!((ran.code, &ran.json()["ok"]), (1, &false.into()));
    let found = ran.json()["findings"].clone();
    assert!(about(&found, "api.secrets")[0].starts_with("error: no front end has a secret"));
    assert!(about(&found, "public_url")[0].starts_with("warning: not set"));
    assert!(about(&found, "pool")[0].contains("there is no server -> `beadle servers add"));
    let text = place.run(&["doctor"]);
    assert!(text.code == 1 && text.out.contains("warning  public_url: not set"), "{text:?}");
}

#[test]
fn the_doctor_finds_what_is_odd_about_a_pool() {
    let (place, _daemon) = place();
    let doctor = |code| {
        let ran = place.run(&["doctor", "--json"]);
        assert_eq!(ran.code, code, "{ran:?}");
        ran.json()["findings"].clone()
    };
    let url = format!("http://{}", answering("200 OK", &index("3.0.1"), None));
    add(&place, "one", &url);
    assert!(about(&doctor(0), "pool")[0].starts_with("info: one server only"));
    add(&place, "two", &format!("{url}/second"));
    let found = about(&doctor(0), "pool");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("warning: the servers one, two have one address"), "{found:?}");
    let other = answering("200 OK", &index("3.0.1"), None);
    place.ok(&["servers", "set", "two", "--url", &format!("http://{other}")]);
    assert_eq!(place.ok(&["doctor"]), "all is well\n");
    for id in ["one", "two"] {
        place.ok(&["servers", "set", id, "--tag", "lab"]);
    }
    assert!(about(&doctor(0), "pool")[0].starts_with("warning: all enabled servers have tags"));
    for id in ["one", "two"] {
        place.ok(&["servers", "disable", id]);
    }
    assert!(about(&doctor(1), "pool")[0].starts_with("error: no server takes new meetings"));
}

/// Two names of one machine, as they are there while it gets another one; and beadle's own.
#[tokio::test(flavor = "multi_thread")]
async fn one_server_with_two_names_is_found_and_beadle_itself() {
    let pool = Pool::of(&["one"]).await;
    pool.meeting("math", 3);
    let other = format!("http://localhost:{}", pool.servers[0].address().port());
    let secret = pool.servers[0].secret();
    pool.place.ok(&["servers", "add", &other, secret, "--id", "two", "--enable"]);
    let found = pool.place.json(&["doctor"])["findings"].clone();
    let said = about(&found, "pool");
    assert_eq!(said.len(), 1, "{found}");
    assert!(said[0].starts_with("warning: the servers one, two list the same meeting"), "{found}");
    let place = Place::new();
    let mut daemon = Daemon::start(&place);
    add(&place, "itself", "https://localhost");
    // It becomes so by a change of the configuration: nobody can add beadle to itself.
    let settings = "poll.interval = 0\npublic_url = \"https://localhost\"\n";
    place.configure(&format!("{settings}api.secrets = [\"{SECRET}\"]\n"));
    daemon.signal(rustix::process::Signal::HUP);
    daemon.wait_for("the configuration was loaded again");
    place.fails(1, &["servers", "add", "https://localhost/", "s", "--no-probe"]);
    let found = place.run(&["doctor", "--json"]).json()["findings"].clone();
    let said = about(&found, "server itself").concat();
    assert!(said.contains("error: its address is beadle's own"), "{found}");
    assert!(said.contains("`beadle servers remove itself`"), "{found}");
}

/// A port whose queue is full, so that nothing comes back.
fn silent() -> (Socket, Vec<Socket>) {
    let crowded = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    crowded.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a port");
    crowded.listen(0).expect("it listens");
    let address = crowded.local_addr().expect("an address");
    let fill = (0..8).map(|_| {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.set_nonblocking(true).expect("a socket");
        // It is under way, or waits for ever.
        let _ = socket.connect(&address);
        socket
    });
    let waiting = fill.collect();
    (crowded, waiting)
}

#[test]
fn the_port_to_look_at_is_the_servers_own() {
    let place = Place::new();
    let settings = "poll.interval = 0\nservers.connect_timeout = 0.2\n";
    place.configure(&format!("{settings}api.secrets = [\"{SECRET}\"]\n"));
    let _daemon = Daemon::start(&place);
    let (crowded, _waiting) = silent();
    let port =
        crowded.local_addr().ok().and_then(|address| address.as_socket()).expect("one").port();
    add(&place, "silent", &format!("http://127.0.0.1:{port}"));
    let ran = place.run(&["servers", "check", "silent"]);
    assert!(ran.out.contains(&format!("`nc -vz 127.0.0.1 {port}`")), "{ran:?}");
}

#[test]
fn a_public_address_that_leads_nowhere_is_found() {
    let place = Place::new();
    let settings = "poll.interval = 0\npublic_url = \"https://beadle.invalid\"\n";
    place.configure(&format!("{settings}api.secrets = [\"{SECRET}\"]\n"));
    let _daemon = Daemon::start(&place);
    let out = place.run(&["doctor"]).out;
    assert!(out.contains("warning  public_url: beadle.invalid cannot be resolved here"), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_fail_are_found_and_disabled_ones_are_no_error() {
    let pool = Pool::of(&["one", "two", "three"]).await;
    for server in &pool.servers {
        server.stop().await;
    }
    pool.place.ok(&["poll"]);
    let ran = pool.place.run(&["doctor", "--json"]);
    let found = ran.json()["findings"].clone();
    assert_eq!(ran.code, 1);
    assert!(about(&found, "pool")[0].starts_with("error: all servers failed at once"));
    assert!(about(&found, "server one")[0].starts_with("error: 127.0.0.1"));
    for server in &pool.servers {
        server.resume().await.expect("its port");
    }
    let found = pool.place.run(&["doctor", "--json"]).json()["findings"].clone();
    assert!(about(&found, "server one")[0].starts_with("warning: it is unstable and answers"));
    pool.place.ok(&["poll"]);
    pool.place.ok(&["poll"]);
    pool.place.ok(&["servers", "disable", "three"]);
    pool.servers.last().expect("the third").stop().await;
    let found = pool.place.json(&["doctor"])["findings"].clone();
    assert!(about(&found, "server three")[0].starts_with("warning: 127.0.0.1"));
}
