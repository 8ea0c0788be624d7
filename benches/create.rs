//! Creates are on the medium before they are acknowledged. What that costs: many at once against
//! one flush for each, and one alone against the least there is, an append and fdatasync.
#![expect(clippy::expect_used, reason = "a failed expectation is a failed bench")]

mod support;

use std::convert::Infallible;
use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use beadle::model::{Meeting, Phase, ServerId, TenantId};
use beadle::store::Store;
use support::process::{Beadle, servers};
use support::{block_on, load, median, only_started, report, round_time, signed, take_turns};

const WRITERS: usize = 32;

fn main() {
    if only_started() {
        return;
    }
    let folder = tempfile::tempdir().expect("a directory");
    let store = Store::open(&folder.path().join("data")).expect("a store");
    many(&store);
    alone(&store, folder.path());
    store.close();
    whole_creates(folder.path());
}

/// 32 writers that share flushes, against 32 writers of which each has a flush of its own.
fn many(store: &Store) {
    let rounds = take_turns(|| commits(store, false), || commits(store, true));
    let (shared, single) = rounds.medians(|&per_second| per_second);
    report(
        "32 creates at once ÷ one flush each, commits/s",
        rounds.ratio(|&per_second| per_second),
        "at least 5",
        &format!("{shared:.0}/s and {single:.0}/s"),
    );
}

fn commits(store: &Store, one_by_one: bool) -> f64 {
    let until = Instant::now() + round_time();
    let gate = Arc::new(tokio::sync::Mutex::new(()));
    let began = Instant::now();
    let done: usize = block_on(async {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (store, gate) = (store.clone(), Arc::clone(&gate));
                tokio::spawn(async move {
                    let mut done = 0;
                    while Instant::now() < until {
                        let _alone = if one_by_one { Some(gate.lock().await) } else { None };
                        put(&store, writer, done).await;
                        done += 1;
                    }
                    done
                })
            })
            .collect();
        let mut done = 0;
        for writer in writers {
            done += writer.await.expect("a writer ends");
        }
        done
    });
    #[expect(clippy::cast_precision_loss, reason = "some million commits at most")]
    let per_second = done as f64 / began.elapsed().as_secs_f64();
    per_second
}

/// One writer, against appending as many bytes to a file and waiting for the medium.
fn alone(store: &Store, folder: &std::path::Path) {
    let mut file = File::create(folder.join("raw")).expect("a file");
    let record = [b'x'; 300];
    let rounds = take_turns(
        || block_on(put_in_turn(store)),
        || {
            latencies(|| {
                file.write_all(&record).expect("it can be written");
                file.sync_data().expect("it can be synced");
            })
        },
    );
    let (ours, raw) = rounds.medians(|&micros| micros);
    report(
        "one create ÷ append and fdatasync, median",
        rounds.ratio(|&micros| micros),
        "at most 2",
        &format!("{ours:.0} µs and {raw:.0} µs"),
    );
}

fn latencies(mut once: impl FnMut()) -> f64 {
    let until = Instant::now() + round_time();
    let mut micros = Vec::new();
    while Instant::now() < until {
        let began = Instant::now();
        once();
        micros.push(began.elapsed().as_secs_f64() * 1e6);
    }
    median(micros)
}

/// Creates one after the other: the median in microseconds.
async fn put_in_turn(store: &Store) -> f64 {
    let until = Instant::now() + round_time();
    let mut micros = Vec::new();
    while Instant::now() < until {
        let began = Instant::now();
        put(store, WRITERS, micros.len()).await;
        micros.push(began.elapsed().as_secs_f64() * 1e6);
    }
    median(micros)
}

/// For scale: whole creates over HTTP, each of a new meeting.
fn whole_creates(folder: &std::path::Path) {
    let servers = servers(3);
    let beadle = Beadle::start(&folder.join("whole"), "10");
    for server in &servers {
        beadle.add(server);
    }
    let creates: Vec<_> = (0..200_000)
        .map(|n| signed("create", &format!("name=Class&meetingID=class-{n}&moderatorPW=mp")))
        .collect();
    let time = Duration::from_secs(1);
    let rounds = take_turns(
        || load::run(beadle.address, WRITERS, time, &creates).per_second,
        || load::run(beadle.address, 1, time, &creates).per_second,
    );
    let (many, one) = rounds.medians(|&per_second| per_second);
    report(
        "whole creates, 32 clients ÷ 1 client",
        rounds.ratio(|&per_second| per_second),
        "for scale",
        &format!("{many:.0}/s and {one:.0}/s"),
    );
}

async fn put(store: &Store, writer: usize, number: usize) {
    let id = format!("class-{writer}-{}", number % 2000);
    let server = ServerId::from("5a1d2c1e-8f3b-4f0e-9d43-2b8f0e6f7a11");
    let meeting = Meeting {
        phase: Phase::Running,
        internal_id: format!("6fea8cf5c91f71a844862ead37a54d70198c664e-{number:013}").into(),
        moderator_pw: "Xs7Hq2Lm".into(),
        voice_bridge: format!("{writer:03}{:06}", number % 2000).into(),
        end_token: "9f86d081884c7d659a2feaa0c55ad015".into(),
        ..Meeting::starting(TenantId::none(), id.into(), server, 1_760_000_000_123)
    };
    let change = store.change(move |draft| {
        draft.put_meeting(meeting);
        Ok::<(), Infallible>(())
    });
    change.await.expect("it is stored");
}
