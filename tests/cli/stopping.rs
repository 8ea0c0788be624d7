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
