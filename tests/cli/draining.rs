//! `servers cordon --wait`.

use std::process::Stdio;
use std::time::Instant;

use beadle::sim::Call;

use crate::place::finish;
use crate::pool::Pool;
use crate::terminal::Terminal;

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_server_is_waited_for_no_longer_than_it_takes_to_ask() {
    let pool = Pool::of(&["one"]).await;
    let ran = pool.place.run(&["servers", "cordon", "one", "--wait", "--timeout", "50"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, "server one is empty\n"), "{ran:?}");
    let view = pool.place.json(&["servers", "cordon", "one", "--wait"]);
    assert_eq!(view["state"], "cordoned");
}

#[tokio::test(flavor = "multi_thread")]
async fn time_is_up_with_meetings_left() {
    let pool = Pool::of(&["one"]).await;
    pool.meeting("class", 12);
    let began = Instant::now();
    let ran = pool.place.run(&["servers", "cordon", "one", "--wait", "--timeout", "0.5"]);
    assert!(began.elapsed().as_secs_f64() >= 0.5);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.err.contains("1 meeting with 12 people"), "{ran:?}");
    let words = ["servers", "cordon", "one", "--wait", "--timeout", "0", "--json"];
    let ran = pool.place.run(&words);
    assert_eq!((ran.code, &ran.json()["placed"]), (4, &1.into()));
    pool.place.fails(2, &["servers", "cordon", "one", "--timeout", "1"]);
    pool.place.fails(2, &["servers", "cordon", "one", "--wait", "--timeout", "-1"]);
    pool.place.fails(2, &["servers", "cordon", "one", "--wait", "--timeout", "inf"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_when_the_last_meeting_does() {
    let pool = Pool::of(&["one"]).await;
    pool.meeting("class", 3);
    let terminal = Terminal::open();
    let mut wait = pool.place.command(&["servers", "cordon", "one", "--wait"]);
    wait.stderr(terminal.other_end());
    let child = wait.spawn().expect("a process");
    terminal.wait_for("on server one: 1 meeting with 3 people");
    let refused = pool.daemon.call("create", "meetingID=late&name=late");
    assert!(refused.contains("<returncode>FAILED"), "{refused}");
    pool.place.ok(&["meetings", "end", "class"]);
    pool.place.ok(&["poll"]);
    assert_eq!(finish(child).code, 0);
    terminal.wait_for("server one is empty");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_run_there_counts_as_well() {
    let pool = Pool::of(&["one"]).await;
    let [server] = pool.servers.as_slice() else { unreachable!("one server") };
    server.put_meeting(beadle::sim::NewMeeting::new("foreign")).expect("a meeting");
    let asked = server.request_count(Call::GetMeetings);
    let mut wait = pool.place.command(&["servers", "cordon", "one", "--wait"]);
    let child = wait.stderr(Stdio::null()).spawn().expect("a process");
    server.wait_for_requests(Call::GetMeetings, asked + 1).await;
    server.forget_all();
    pool.place.ok(&["poll"]);
    assert_eq!(finish(child).code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_server_is_not_taken_for_empty() {
    let pool = Pool::of(&["one"]).await;
    let [server] = pool.servers.as_slice() else { unreachable!("one server") };
    server.stop().await;
    pool.place.ok(&["poll"]);
    let ran = pool.place.run(&["servers", "cordon", "one", "--wait", "--timeout", "1"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.err.contains("now it fails"), "{ran:?}");
}
