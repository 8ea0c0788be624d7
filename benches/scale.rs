//! A thousand servers and twenty thousand meetings: start, memory, and what polling costs; and a
//! fresh installation beside it.
#![expect(clippy::expect_used, reason = "a failed expectation is a failed bench")]
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

mod support;

use std::convert::Infallible;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use beadle::model::{
    Capacity, Meeting, Phase, Secret, Server, ServerId, ServerState, ServerUrl, TenantId,
};
use beadle::sim::{NewMeeting, People, SimServer};
use beadle::store::Store;
use support::process::{Beadle, servers};
use support::{block_on, only_started, signed};

const SERVERS: usize = 1000;
const MEETINGS: usize = 20;
/// Seconds between polls: the default.
const INTERVAL: u64 = 10;

fn main() {
    if only_started() {
        return;
    }
    let folder = tempfile::tempdir().expect("a directory");
    let fresh = Beadle::start(&folder.path().join("fresh"), "10");
    ask(&fresh);
    println!("fresh installation: {:.1} MiB (under 20)", fresh.memory());
    drop(fresh);

    let servers = servers(SERVERS);
    let data_dir = folder.path().join("large");
    fill(&data_dir, &servers);
    let began = Instant::now();
    let beadle = Beadle::start(&data_dir, &INTERVAL.to_string());
    ask(&beadle);
    let millis = began.elapsed().as_secs_f64() * 1000.0;
    println!("start to first answer, {SERVERS} servers: {millis:.0} ms (under 1000)");
    // Two rounds to warm up, then two that count.
    std::thread::sleep(Duration::from_secs(2 * INTERVAL));
    let (before, at) = (beadle.cpu(), Instant::now());
    std::thread::sleep(Duration::from_secs(2 * INTERVAL));
    let share = (beadle.cpu() - before) / at.elapsed().as_secs_f64() * 100.0;
    println!("polling {SERVERS} servers: {share:.1} % of one core (under 20)");
    println!("memory, {} meetings: {:.1} MiB (under 64)", SERVERS * MEETINGS, beadle.memory());
}

/// Waits for one signed answer.
fn ask(beadle: &Beadle) {
    let mut stream = TcpStream::connect(beadle.address).expect("it listens");
    let target = signed("isMeetingRunning", "meetingID=none");
    write!(stream, "GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.contains("<running>false</running>"), "{answer}");
}

/// Writes the servers and their meetings into a data directory, and lets the servers have them.
fn fill(data_dir: &Path, servers: &[SimServer]) {
    let store = Store::open(data_dir).expect("a store");
    for (place, sim) in servers.iter().enumerate() {
        let id = ServerId::from(format!("bbb{place}"));
        let meetings: Vec<_> = (0..MEETINGS).map(|n| meeting(sim, &id, place, n)).collect();
        let server = Server {
            id,
            url: ServerUrl::exact(&sim.url()).expect("an address"),
            secret: Secret::new(sim.secret()).expect("a secret"),
            capacity: Capacity::default(),
            tag: None,
            state: ServerState::Enabled,
            max_meetings: None,
            max_users: None,
            spare: false,
        };
        let change = store.change(move |draft| {
            draft.put_server(server);
            for meeting in meetings {
                draft.put_meeting(meeting);
            }
            Ok::<(), Infallible>(())
        });
        block_on(change).expect("stored");
    }
    store.close();
}

fn meeting(sim: &SimServer, server: &ServerId, place: usize, n: usize) -> Meeting {
    let id = format!("class-{place}-{n}");
    let people = People { viewers: 8, moderators: 1, cameras: 1, voice: 2, listeners: 0 };
    let made = sim.put_meeting(NewMeeting { people, ..NewMeeting::new(&id) }).expect("a meeting");
    Meeting {
        phase: Phase::Running,
        internal_id: made.internal_id.as_str().into(),
        moderator_pw: "Xs7Hq2Lm".into(),
        voice_bridge: format!("{:09}", 100_000_000 + place * MEETINGS + n).into(),
        ..Meeting::starting(TenantId::none(), id.into(), server.clone(), made.create_time)
    }
}
