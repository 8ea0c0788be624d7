//! SIGTERM and SIGINT: a clean end, and an immediate one for those who ask twice.

use std::time::Duration;

use beadle::sim::{Call, Fault};
use rustix::process::Signal;

use crate::daemon::Daemon;
use crate::place::Place;
use crate::pool::Pool;

#[test]
fn both_signals_end_it_cleanly() {
    for signal in [Signal::TERM, Signal::INT] {
        let place = Place::new();
        let mut daemon = Daemon::start(&place);
        daemon.signal(signal);
        daemon.wait_for("stopped");
        assert_eq!(daemon.end().code, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_is_finished_first() {
    let pool = Pool::of(&["one"]).await;
    let [server] = pool.servers.as_slice() else { unreachable!("one server") };
    server.fault(Call::Create, Fault::Slow(Duration::from_millis(500)), None);
    let call = pool.daemon.call_aside("create", "meetingID=last&name=last");
    server.wait_for_requests(Call::Create, 1).await;
    pool.daemon.signal(Signal::TERM);
    assert_eq!(pool.daemon.end().code, 0);
    let answer = call.join().expect("no panic").expect("an answer");
    assert!(answer.contains("<returncode>SUCCESS"), "{answer}");
    assert!(Daemon::start(&pool.place).said().contains("servers=1 meetings=1"));
}

/// Who keeps asking on one connection would otherwise keep the stop waiting.
#[tokio::test(flavor = "multi_thread")]
async fn connections_are_closed_after_their_next_answer() {
    let pool = Pool::of(&["one"]).await;
    let [server] = pool.servers.as_slice() else { unreachable!("one server") };
    let mut lasting = pool.daemon.connect();
    let answer = lasting.ask("getMeetings", "").expect("an answer");
    assert!(!answer.contains("connection: close"), "{answer}");
    server.fault(Call::Create, Fault::Slow(Duration::from_secs(2)), None);
    let call = pool.daemon.call_aside("create", "meetingID=last&name=last");
    server.wait_for_requests(Call::Create, 1).await;
    pool.daemon.signal(Signal::TERM);
    // It may take a moment until the signal has arrived; the create lasts longer.
    let last = loop {
        let answer = lasting.ask("isMeetingRunning", "meetingID=x").expect("an answer");
        assert!(answer.contains("<returncode>SUCCESS"), "{answer}");
        if answer.contains("connection: close") {
            break answer;
        }
    };
    assert!(lasting.ask("isMeetingRunning", "meetingID=x").is_none(), "closed after {last}");
    assert_eq!(pool.daemon.end().code, 0);
    let answer = call.join().expect("no panic").expect("an answer");
    assert!(answer.contains("<returncode>SUCCESS"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_signal_cuts_off_what_runs() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let mut pool = Pool::of(&["one"]).await;
        pool.meeting("class", 1);
        let [server] = pool.servers.as_slice() else { unreachable!("one server") };
        server.fault(Call::GetMeetingInfo, Fault::Hang, None);
        let call = pool.daemon.call_aside("getMeetingInfo", "meetingID=class");
        server.wait_for_requests(Call::GetMeetingInfo, 1).await;
        pool.daemon.signal(signal);
        pool.daemon.wait_for("stopping");
        // One that asks for a reload meanwhile changes nothing.
        pool.daemon.signal(Signal::HUP);
        pool.daemon.signal(signal);
        assert_eq!(pool.daemon.end().code, code);
        let answer = call.join().expect("no panic");
        assert!(answer.is_err() || answer.is_ok_and(|answer| answer.is_empty()));
    }
}
