//! create: a rush spreads over the servers, before any poll could tell how full they are, and in
//! whatever order the classes come.

use std::convert::Infallible;
use std::time::{SystemTime, UNIX_EPOCH};

use beadle::model::{BEGUN, Size, TenantId};
use beadle::sim::SimServer;
use futures_util::future::join_all;

use super::support::TestApp;

/// Sends creates of that many classes, all at once.
async fn rush(app: &TestApp, classes: usize) {
    let calls = (0..classes).map(|n| {
        let front_end = app.front_end();
        async move { front_end.get("create", &format!("name=Class&meetingID=class-{n}")).await }
    });
    for answer in join_all(calls).await {
        answer.succeeded();
    }
}

fn meetings(servers: &[SimServer]) -> Vec<usize> {
    servers.iter().map(|server| server.meetings().len()).collect()
}

#[tokio::test]
async fn a_hundred_classes_in_a_second_spread_over_ten_servers() {
    let (app, servers) = TestApp::with_servers_and(10, |config| config.http.workers = 2).await;
    rush(&app, 100).await;
    let meetings = meetings(&servers);
    assert!(meetings.iter().all(|meetings| (9..=11).contains(meetings)), "{meetings:?}");
    assert_eq!(meetings.iter().sum::<usize>(), 100);
}

#[tokio::test]
async fn a_server_half_as_strong_takes_half_as_many() {
    let (app, servers) = TestApp::with_servers_and(10, |config| config.http.workers = 2).await;
    app.set("bbb9", r#"{"weight":0.5}"#).await;
    rush(&app, 200).await;
    let meetings = meetings(&servers);
    // 200 over a weight of 9.5: 21 for each, and 10.5 for the weak one.
    assert!(meetings[..9].iter().all(|meetings| (20..=22).contains(meetings)), "{meetings:?}");
    assert!((10..=11).contains(&meetings[9]), "{meetings:?}");
    assert_eq!(meetings.iter().sum::<usize>(), 200);
}

/// What a lecture of 100 people leaves behind that began some minutes before this time a week ago.
fn lecture(minutes: u64) -> Size {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs() / 60;
    let week = 7 * 24 * 60;
    let mut begun = [0; BEGUN];
    begun[0] = u32::try_from(now - week - minutes).expect("minutes");
    Size { people: 100.0, sittings: 1, seen_ms: (now - week) * 60_000, open: None, begun }
}

async fn learn(app: &TestApp, id: &'static str, size: Size) {
    let change = app.pool.store().change(move |draft| {
        draft.put_size(&TenantId::none(), id, size);
        Ok::<(), Infallible>(())
    });
    change.await.expect("stored");
}

/// Four classes of 20, and the lecture that is due comes last.
async fn four_and_the_lecture(app: &TestApp) {
    for n in 0..4 {
        app.get("create", &format!("name=Class&meetingID=class-{n}")).await.succeeded();
    }
    app.get("create", "name=Lecture&meetingID=lecture").await.succeeded();
}

#[tokio::test]
async fn a_server_is_kept_for_the_lecture_that_is_due() {
    let (app, servers) = TestApp::with_servers(2).await;
    learn(&app, "lecture", lecture(0)).await;
    four_and_the_lecture(&app).await;
    let mut meetings = meetings(&servers);
    meetings.sort_unstable();
    assert_eq!(meetings, [1, 4]);
    assert!(servers.iter().any(|s| s.meetings().len() == 1 && s.meeting("lecture").is_some()));
    // It is there now, so nothing is kept for it any more: its server has 100, the other one 80.
    app.get("create", "name=Class&meetingID=class-4").await.succeeded();
    assert_eq!(servers.iter().map(|server| server.meetings().len()).max(), Some(5));
}

#[tokio::test]
async fn nothing_is_kept_for_a_lecture_of_another_hour() {
    let (app, servers) = TestApp::with_servers(2).await;
    learn(&app, "lecture", lecture(60)).await;
    four_and_the_lecture(&app).await;
    let mut meetings = meetings(&servers);
    meetings.sort_unstable();
    assert_eq!(meetings, [2, 3]);
}

/// Its people will be back, each class with as many as it had.
#[tokio::test]
async fn room_is_kept_for_a_large_class_that_lost_its_server() {
    let (app, servers) = TestApp::with_servers_and(3, |config| {
        config.health.bad_polls = 1;
        config.health.offline_after = std::time::Duration::ZERO;
        config.health.dead_after = std::time::Duration::ZERO;
    })
    .await;
    app.get("create", "name=Lecture&meetingID=lecture").await.succeeded();
    let place = servers.iter().position(|server| server.meeting("lecture").is_some());
    let lost = place.expect("a server");
    assert!(servers[lost].add_people("lecture", 100, 0));
    app.poll().await;
    servers[lost].stop().await;
    app.poll().await;
    four_and_the_lecture(&app).await;
    let mut meetings: Vec<_> =
        (0..3).filter(|&place| place != lost).map(|p| servers[p].meetings().len()).collect();
    meetings.sort_unstable();
    assert_eq!(meetings, [1, 4]);
}
