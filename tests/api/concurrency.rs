//! Many at once: one class is one meeting, and many classes spread as the weights say.

use beadle::sim::{Call, Fault, SimServer};
use futures_util::future::join_all;

use super::support::{Answer, TestApp};

/// Sends all of these creates at once.
async fn create_all(app: &TestApp, queries: impl IntoIterator<Item = String>) -> Vec<Answer> {
    let calls = queries.into_iter().map(|query| {
        let front_end = app.front_end();
        async move { front_end.get("create", &query).await }
    });
    join_all(calls).await
}

fn meetings(servers: &[SimServer]) -> Vec<usize> {
    servers.iter().map(|server| server.meetings().len()).collect()
}

#[tokio::test]
async fn two_hundred_creates_of_one_meeting_make_one_meeting() {
    let (app, servers) = TestApp::with_servers_and(3, |config| config.http.workers = 2).await;
    for server in &servers {
        server.fault(Call::Create, Fault::Slow(std::time::Duration::from_millis(20)), Some(1));
    }
    let answers = create_all(&app, (0..200).map(|_| "name=One&meetingID=one".to_owned())).await;
    assert_eq!(meetings(&servers).iter().sum::<usize>(), 1);
    let meeting = servers.iter().find_map(|server| server.meeting("one")).expect("a meeting");
    let mut new = 0;
    for answer in &answers {
        answer.succeeded();
        assert_eq!(answer.field("internalMeetingID"), meeting.internal_id);
        assert_eq!(answer.field("moderatorPW"), meeting.moderator_password);
        new += usize::from(answer.field("messageKey").is_empty());
    }
    assert_eq!(new, 1, "one of them made it, the others found it");
    assert_eq!(app.pool.store().state().meeting_count(), 1);
}

/// Also where the first server fails and the meeting moves on while others wait for it.
#[tokio::test]
async fn creates_of_one_meeting_agree_while_a_server_fails() {
    let (app, servers) = TestApp::with_servers(2).await;
    app.set("bbb0", r#"{"weight":100}"#).await;
    servers[0].stop().await;
    let answers = create_all(&app, (0..50).map(|_| "name=One&meetingID=one".to_owned())).await;
    for answer in &answers {
        assert_eq!(answer.succeeded().field("createTime"), answers[0].field("createTime"));
    }
    assert_eq!(meetings(&servers), [0, 1]);
}

#[tokio::test]
async fn creates_over_equal_servers_spread_evenly() {
    let (app, servers) = TestApp::with_servers_and(4, |config| config.http.workers = 2).await;
    let answers = create_all(&app, (0..100).map(|n| format!("name=x1&meetingID=m-{n}"))).await;
    for answer in &answers {
        answer.succeeded();
    }
    assert_eq!(meetings(&servers), [25; 4]);
    // Every one has a voice bridge of its own.
    let mut bridges: Vec<_> = answers.iter().map(|answer| answer.field("voiceBridge")).collect();
    bridges.sort_unstable();
    bridges.dedup();
    assert_eq!(bridges.len(), 100);
}

#[tokio::test]
async fn creates_over_unequal_servers_spread_by_weight() {
    let (app, servers) = TestApp::with_servers(3).await;
    app.set("bbb1", r#"{"weight":2}"#).await;
    app.set("bbb2", r#"{"load_multiplier":0.5}"#).await;
    create_all(&app, (0..100).map(|n| format!("name=x1&meetingID=m-{n}"))).await;
    assert_eq!(meetings(&servers), [20, 40, 40]);
}

/// Before the hour all classes are created and nobody is there yet: the reserve makes them spread,
/// also over many polls.
#[tokio::test]
async fn polls_between_creates_do_not_make_them_pile_up() {
    let (app, servers) = TestApp::with_servers(2).await;
    for n in 0..20 {
        app.get("create", &format!("name=x1&meetingID=m-{n}")).await.succeeded();
        if n % 5 == 0 {
            app.poll().await;
        }
    }
    assert_eq!(meetings(&servers), [10, 10]);
}

#[tokio::test]
async fn ties_are_broken_at_random() {
    let (app, servers) = TestApp::with_servers(2).await;
    for n in 0..40 {
        app.get("create", &format!("name=x1&meetingID=m-{n}")).await.succeeded();
        app.get("end", &format!("meetingID=m-{n}")).await.succeeded();
        app.poll().await;
    }
    // One in 2^39 by chance.
    assert!(servers.iter().all(|server| server.request_count(Call::Create) > 0));
}
