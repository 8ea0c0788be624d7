//! `status` and `poll`.

use beadle::sim::Call;

use crate::pool::Pool;

#[tokio::test(flavor = "multi_thread")]
async fn all_is_well() {
    let pool = Pool::of(&["one", "two"]).await;
    pool.meeting("class", 5);
    let text = pool.place.ok(&["status"]);
    assert!(text.contains("2 servers, 1 meeting with 5 people; all is well"), "{text}");
    assert!(text.lines().any(|line| line.starts_with("two ")), "{text}");
    let status = pool.place.json(&["status"]);
    assert_eq!((&status["ok"], &status["version"]), (&true.into(), &"0.1.0".into()));
    assert_eq!(status["servers"].as_array().map(Vec::len), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_server_makes_the_exit_code() {
    let pool = Pool::of(&["one", "two"]).await;
    let Some(two) = pool.servers.last() else { unreachable!("two servers") };
    two.stop().await;
    pool.place.ok(&["poll"]);
    let ran = pool.place.run(&["status"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("Needs attention:\n  server two is unstable: cannot"), "{ran:?}");
    let ran = pool.place.run(&["status", "--json"]);
    assert_eq!((ran.code, &ran.json()["ok"]), (1, &false.into()));
    two.resume().await.expect("its port");
    pool.place.ok(&["poll"]);
    pool.place.ok(&["poll"]);
    pool.place.ok(&["status"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_servers_failing_at_once_is_an_alarm_of_its_own() {
    let pool = Pool::of(&["one", "two"]).await;
    for server in &pool.servers {
        server.stop().await;
    }
    pool.place.ok(&["poll"]);
    let ran = pool.place.run(&["status"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("FROZEN for") && ran.out.contains("no meeting is moved"), "{ran:?}");
    assert!(pool.place.run(&["status", "--json"]).json()["frozen"].is_number());
    for server in &pool.servers {
        server.resume().await.expect("its port");
    }
    pool.place.ok(&["poll"]);
    pool.place.ok(&["poll"]);
    assert!(pool.place.json(&["status"])["frozen"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_is_done_when_it_returns() {
    let pool = Pool::of(&["one"]).await;
    let [server] = pool.servers.as_slice() else { unreachable!("one server") };
    let before = server.request_count(Call::GetMeetings);
    server.put_meeting(beadle::sim::NewMeeting::new("m")).expect("a meeting");
    let status = pool.place.json(&["poll"]);
    assert_eq!(status["servers"][0]["meetings"], 1);
    assert_eq!(server.request_count(Call::GetMeetings), before + 1);
    let text = pool.place.ok(&["poll"]);
    assert!(text.lines().any(|line| line.starts_with("one ")), "{text}");
}
