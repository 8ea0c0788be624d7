//! Clients that send slowly, or nothing: they wait for nobody and nobody waits for them.

use std::time::{Duration, Instant};

use beadle::sim::Call;

use super::support::{Connection, TestApp, eventually};

/// The time for a head; the HTTP library's clock has steps of half a second.
const HEAD: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_head_that_does_not_come_is_not_waited_for() {
    let app = TestApp::start_with(|config| config.http.header_timeout = HEAD).await;
    let target = app.front_end().target("getMeetings", "");
    let began = Instant::now();
    let mut connections = Vec::new();
    for beginning in [format!("GET {target} HTTP/1.1\r\nHost"), "G".to_owned(), String::new()] {
        let mut connection = Connection::open(app.address).await;
        connection.write(&beginning).await.expect("sent");
        connections.push(connection);
    }
    for mut connection in connections {
        if let Some(answer) = connection.answer().await {
            assert_eq!(answer.status, 408);
        }
        assert!(connection.rest().await.is_empty(), "the connection is closed");
    }
    assert!(began.elapsed() < HEAD * 10, "{:?}", began.elapsed());
}

/// Each byte comes in time, but the whole head does not.
#[tokio::test]
async fn a_head_that_drips_is_not_waited_for() {
    let app = TestApp::start_with(|config| config.http.header_timeout = HEAD).await;
    let mut connection = Connection::open(app.address).await;
    eventually("the connection is closed", async || connection.write("G").await.is_err()).await;
}

#[tokio::test]
async fn a_body_that_stops_coming_is_refused_and_a_slow_one_is_not() {
    let (app, servers) = TestApp::with_servers_and(1, |config| {
        config.http.body_timeout = Duration::from_millis(400);
    })
    .await;
    let open = async |id: &str| {
        let target = app.front_end().target("create", &format!("name=x1&meetingID={id}"));
        let mut connection = Connection::open(app.address).await;
        let head = format!(
            "POST {target} HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 9\r\n\r\n<m>"
        );
        connection.write(head).await.expect("sent");
        connection
    };
    let mut stuck = open("stuck").await;
    let mut slow = open("slow").await;
    for piece in ["<", "/", "m", ">", "\n", " "] {
        // Not to wait for something, but to be slow: the six together take longer than a pause may.
        tokio::time::sleep(Duration::from_millis(100)).await;
        slow.write(piece).await.expect("sent");
    }
    slow.answer().await.expect("an answer").succeeded();
    let answer = stuck.answer().await.expect("an answer");
    answer.refused_with("validationError", "The body of the request stopped coming.");
    assert!(stuck.rest().await.is_empty(), "and the connection is closed");
    assert_eq!(servers[0].request_count(Call::Create), 1);
}

#[tokio::test]
async fn idle_connections_are_closed_in_time() {
    let app = TestApp::start_with(|config| config.http.keep_alive = Duration::from_secs(1)).await;
    let mut connection = Connection::open(app.address).await;
    let target = app.front_end().target("getMeetings", "");
    for _ in 0..3 {
        connection.write(format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n")).await.expect("sent");
        connection.answer().await.expect("an answer").succeeded();
    }
    assert!(connection.answer().await.is_none(), "closed by beadle");
}

#[tokio::test]
async fn thousands_of_idle_connections_keep_nobody_from_being_served() {
    let (app, _servers) = TestApp::with_servers(1).await;
    app.get("create", "name=x1&meetingID=m1").await.succeeded();
    let before = resident();
    let mut idle = Vec::new();
    for place in 0..2000 {
        let mut connection = Connection::open(app.address).await;
        if place % 2 == 0 {
            connection.write("GET /bigbluebutton/api HTTP/1.1\r\n").await.expect("sent");
        }
        idle.push(connection);
    }
    let began = Instant::now();
    for _ in 0..50 {
        app.get("getMeetingInfo", "meetingID=m1").await.succeeded();
    }
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    // Generous: other tests run in this process as well.
    let grown = resident().saturating_sub(before);
    assert!(grown < 200 << 20, "{grown} bytes more for 2000 connections");
}

/// The memory of this process, in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a figure");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("KiB") << 10
}
