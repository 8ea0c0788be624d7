//! Join, the hottest call: verify, look up, sign again, redirect. Held against the same server
//! answering a constant body over the same number of connections.
#![expect(clippy::expect_used, reason = "a failed expectation is a failed bench")]

mod support;

use support::process::{Beadle, servers};
use support::{load, only_started, report, round_time, signed, take_turns};

const CONNECTIONS: usize = 32;
const MEETINGS: usize = 200;

fn main() {
    if only_started() {
        return;
    }
    let servers = servers(3);
    let data_dir = tempfile::tempdir().expect("a directory");
    let beadle = Beadle::start(data_dir.path(), "10");
    for server in &servers {
        beadle.add(server);
    }
    let creates: Vec<_> = (0..MEETINGS)
        .map(|n| signed("create", &format!("name=Class+{n}&meetingID=class-{n}&moderatorPW=mp")))
        .collect();
    load::run(beadle.address, 1, round_time().min(std::time::Duration::from_secs(1)), &creates);
    let joins: Vec<_> = (0..MEETINGS * 5)
        .map(|n| {
            let meeting = n % MEETINGS;
            signed("join", &format!("meetingID=class-{meeting}&fullName=Person+{n}+M%C3%BCller&password=mp&userID=u{n}&createTime=1760000000123&userdata-bbb_skip_check_audio=true"))
        })
        .collect();
    let constant = ["/health_check".to_owned()];
    let measure = |targets: &[String]| {
        let before = beadle.cpu();
        let measured = load::run(beadle.address, CONNECTIONS, round_time(), targets);
        #[expect(clippy::cast_precision_loss, reason = "some million requests at most")]
        let micros = (beadle.cpu() - before) * 1e6 / measured.requests as f64;
        (measured.per_second, micros)
    };
    let rounds = take_turns(|| measure(&joins), || measure(&constant));
    let ((joins_s, constants_s), (join_cpu, constant_cpu)) =
        (rounds.medians(|m| m.0), rounds.medians(|m| m.1));
    report(
        "join ÷ constant body, requests/s",
        rounds.ratio(|m| m.0),
        "at least 0.75",
        &format!(
            "{joins_s:.0}/s ({join_cpu:.1} µs CPU) and {constants_s:.0}/s ({constant_cpu:.1} µs CPU)"
        ),
    );
}
