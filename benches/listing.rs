//! getMeetings over 50 servers with 40 meetings each, one of them dead: how long it takes against
//! the slowest live server, and what sharing the answer is worth.
#![expect(clippy::expect_used, reason = "a failed expectation is a failed bench")]
#![expect(clippy::indexing_slicing, reason = "a failed expectation is a failed bench")]

mod support;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use actix_web::{App, HttpResponse, HttpServer, web};
use beadle::bbb::checksum::{Algorithm, Checksum};
use beadle::sim::{Call, Fault, NewMeeting, People, SimServer};
use support::process::{Beadle, servers};
use support::{block_on, load, only_started, report, round_time, signed, take_turns};

const SERVERS: usize = 50;
const MEETINGS: usize = 40;
/// The servers take from 20 to 200 ms, as loaded servers do.
const SLOWEST: Duration = Duration::from_millis(200);

fn main() {
    if only_started() {
        return;
    }
    // The one crypto provider of the client below.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let servers = servers(SERVERS);
    for server in &servers {
        fill(server);
    }
    let data_dir = tempfile::tempdir().expect("a directory");
    let beadle = Beadle::start(data_dir.path(), "10");
    for server in &servers {
        beadle.add(server);
    }
    beadle.cli(&["poll"]);
    shared(&beadle);
    one_dead(&beadle, &servers);
}

fn fill(server: &SimServer) {
    let port = server.address().port();
    for n in 0..MEETINGS {
        let people = People { viewers: 8, moderators: 1, cameras: 2, voice: 3, listeners: 0 };
        let id = format!("class-{port}-{n}");
        server.put_meeting(NewMeeting { people, ..NewMeeting::new(&id) }).expect("a new meeting");
    }
}

/// Asked again within a second by many, against the same bytes ready-made.
fn shared(beadle: &Beadle) {
    let target = [signed("getMeetings", "")];
    let body = fetch(beadle.address, &target[0]);
    let size = body.len();
    let ready = serve_ready_made(body);
    let measure = |address| load::run(address, 32, round_time(), &target).per_second;
    let rounds = take_turns(|| measure(beadle.address), || measure(ready));
    let (ours, theirs) = rounds.medians(|&per_second| per_second);
    report(
        "getMeetings asked by many ÷ ready-made bytes",
        rounds.ratio(|&per_second| per_second),
        "at least 0.5",
        &format!("{ours:.0}/s and {theirs:.0}/s of {size} bytes"),
    );
}

/// One whole answer with a dead server, against the slowest live server's own answer.
fn one_dead(beadle: &Beadle, servers: &[SimServer]) {
    for (place, server) in servers.iter().enumerate() {
        let part = u32::try_from(place + 1).expect("few servers");
        let delay = (SLOWEST * part / u32::try_from(SERVERS).expect("few")).max(SLOWEST / 10);
        server.fault(Call::GetMeetings, Fault::Slow(delay), None);
    }
    let slowest = servers.last().expect("servers");
    let direct = signed_by(slowest);
    let dead = servers.first().expect("servers");
    for (name, fault) in [("refusing", Fault::Refuse), ("silent", Fault::Hang)] {
        dead.clear_faults();
        dead.fault(Call::GetMeetings, fault, None);
        // The first contact finds out; what is measured is every call after it.
        fetch(beadle.address, &signed("getMeetings", ""));
        let through = || {
            std::thread::sleep(Duration::from_millis(1050));
            timed(|| fetch(beadle.address, &signed("getMeetings", "")))
        };
        let rounds = take_turns(through, || timed(|| fetch(slowest.address(), &direct)));
        let (ours, theirs) = rounds.medians(|&millis| millis);
        report(
            &format!("getMeetings, one of {SERVERS} {name} ÷ slowest live"),
            rounds.ratio(|&millis| millis),
            "at most 1.2",
            &format!("{ours:.0} ms and {theirs:.0} ms"),
        );
    }
}

fn timed(once: impl FnOnce() -> web::Bytes) -> f64 {
    let began = Instant::now();
    once();
    began.elapsed().as_secs_f64() * 1000.0
}

fn signed_by(server: &SimServer) -> String {
    let checksum = Checksum::of(Algorithm::Sha256, "getMeetings", "", server.secret());
    format!("/bigbluebutton/api/getMeetings?checksum={}", checksum.as_str())
}

fn fetch(address: SocketAddr, target: &str) -> web::Bytes {
    block_on(async {
        let answer = reqwest::get(format!("http://{address}{target}")).await.expect("an answer");
        answer.bytes().await.expect("a body")
    })
}

/// The same HTTP server with the same number of workers, answering bytes that it has.
fn serve_ready_made(body: web::Bytes) -> SocketAddr {
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        block_on(async move {
            let answer = move || {
                let body = body.clone();
                web::to(move || {
                    let body = body.clone();
                    async move { HttpResponse::Ok().content_type("application/xml").body(body) }
                })
            };
            let server = HttpServer::new(move || App::new().default_service(answer()))
                .workers(2)
                .tcp_nodelay(true)
                .bind("127.0.0.1:0")
                .expect("a free port");
            send.send(server.addrs()[0]).expect("the bench waits");
            server.run().await.expect("it runs");
        });
    });
    receive.recv().expect("it listens")
}
