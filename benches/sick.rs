//! One server of twenty swallows every packet: what that costs everybody else. Held against the
//! same pool with all servers well, under the same load, in turns.
//!
//! All along, some clients ask about the meetings of the server in question.
#![expect(clippy::expect_used, reason = "a failed expectation is a failed bench")]
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use beadle::sim::SimServer;
use socket2::{Domain, Socket, Type};
use support::process::{Beadle, servers};
use support::{block_on, load, only_started, report, round_time, signed, take_turns};

const SERVERS: usize = 20;
const MEETINGS: usize = 200;
const CONNECTIONS: usize = 16;

/// Clients that ask about the server in question, and how long each pauses.
const PRESSING: usize = 8;
const PAUSE: Duration = Duration::from_millis(20);

fn main() {
    if only_started() {
        return;
    }
    let (well, sick) = (Site::start(), Site::start());
    let _hole = Hole::dig(sick.chosen());
    for (name, call, query) in [
        ("join", "join", "&fullName=Person&password=mp"),
        ("getMeetingInfo, other servers", "getMeetingInfo", ""),
    ] {
        let rounds = take_turns(|| sick.measure(call, query), || well.measure(call, query));
        let bounds = [("median", 0.5, "at most 1.5"), ("p99", 0.99, "at most 1.5")];
        for (part_name, part, bound) in bounds {
            let (ours, theirs) = rounds.medians(|(m, _)| m.latency(part));
            let ratio = rounds.ratio(|(m, _)| m.latency(part));
            let behind = format!("{ours:.0} µs and {theirs:.0} µs");
            report(&format!("{name}, one sick ÷ all well, {part_name}"), ratio, bound, &behind);
        }
        let longest = rounds.ours.iter().map(|(_, longest)| format!("{longest:.2}"));
        let longest: Vec<_> = longest.collect();
        println!("  longest call about the sick server, by round: {} s", longest.join(", "));
    }
}

/// A beadle with servers and meetings of its own.
struct Site {
    beadle: Beadle,
    servers: Vec<SimServer>,
    _data_dir: tempfile::TempDir,
}

impl Site {
    fn start() -> Self {
        let servers = servers(SERVERS);
        let data_dir = tempfile::tempdir().expect("a directory");
        let beadle = Beadle::start(data_dir.path(), "10");
        for server in &servers {
            beadle.add(server);
        }
        let creates: Vec<_> = (0..MEETINGS)
            .map(|n| {
                signed("create", &format!("name=Class+{n}&meetingID=class-{n}&moderatorPW=mp"))
            })
            .collect();
        load::run(beadle.address, 1, Duration::from_secs(1), &creates);
        Self { beadle, servers, _data_dir: data_dir }
    }

    /// The server in question: one that has meetings.
    fn chosen(&self) -> &SimServer {
        self.servers.iter().find(|server| !server.meetings().is_empty()).expect("meetings")
    }

    /// The load of a call about the meetings of all other servers, and the longest that somebody
    /// waited in seconds who asked about those of the chosen one.
    fn measure(&self, call: &str, query: &str) -> (load::Measured, f64) {
        let chosen = self.chosen().meetings();
        let own =
            |n: usize| chosen.iter().any(|meeting| meeting.meeting_id == format!("class-{n}"));
        let about = |call: &str, n: usize, query: &str| {
            signed(call, &format!("meetingID=class-{n}{query}"))
        };
        let others = (0..MEETINGS).filter(|n| !own(*n)).map(|n| about(call, n, query));
        let others: Vec<_> = others.collect();
        let asked = (0..MEETINGS).find(|n| own(*n)).map(|n| about("getMeetingInfo", n, ""));
        let asked = asked.expect("a meeting");
        let over = Arc::new(AtomicBool::new(false));
        let pressing: Vec<_> = (0..PRESSING)
            .map(|_| {
                let (address, asked, over) =
                    (self.beadle.address, asked.clone(), Arc::clone(&over));
                std::thread::spawn(move || press(address, &asked, &over))
            })
            .collect();
        let measured = load::run(self.beadle.address, CONNECTIONS, round_time(), &others);
        over.store(true, Ordering::Relaxed);
        let waits = pressing.into_iter().map(|thread| thread.join().expect("it ends"));
        let longest = waits.max().unwrap_or_default();
        (measured, longest.as_secs_f64())
    }
}

/// Asks again and again, and returns how long the longest answer took.
fn press(address: SocketAddr, target: &str, over: &AtomicBool) -> Duration {
    let mut stream = TcpStream::connect(address).expect("it answers");
    let mut answers = BufReader::new(stream.try_clone().expect("a stream"));
    let mut longest = Duration::ZERO;
    while !over.load(Ordering::Relaxed) {
        let began = Instant::now();
        write!(stream, "GET {target} HTTP/1.1\r\nHost: {address}\r\n\r\n").expect("it is sent");
        let mut length = 0;
        loop {
            let mut line = String::new();
            answers.read_line(&mut line).expect("a line");
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().expect("a number");
            }
            if line.is_empty() {
                break;
            }
        }
        answers.read_exact(&mut vec![0; length]).expect("a body");
        longest = longest.max(began.elapsed());
        std::thread::sleep(PAUSE);
    }
    longest
}

/// An address whose packets are swallowed: nobody accepts, and the queue is full.
struct Hole {
    _sockets: Vec<Socket>,
}

impl Hole {
    fn dig(server: &SimServer) -> Self {
        block_on(server.stop());
        let address = server.address().into();
        let socket = || Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let listener = socket();
        listener.set_reuse_address(true).expect("an option");
        listener.bind(&address).expect("the port of a stopped server");
        listener.listen(0).expect("it listens");
        let mut sockets = vec![listener];
        loop {
            let waiting = socket();
            let swallowed = waiting.connect_timeout(&address, Duration::from_millis(300)).is_err();
            sockets.push(waiting);
            if swallowed {
                return Self { _sockets: sockets };
            }
        }
    }
}
