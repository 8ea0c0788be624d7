//! Whatever comes over the wire: a clear answer or a closed connection, and nothing else happens.

use std::time::Duration;

use beadle::config::Config;
use beadle::sim::{Call, SimServer};

use super::support::{Connection, FORM, TestApp, XML, send};

/// What a test of bad input must leave behind: a pool that nothing was done to.
async fn untouched(app: &TestApp, server: &SimServer) {
    assert!(server.meetings().is_empty());
    assert_eq!(server.request_count(Call::Create), 0);
    assert_eq!(app.operate("GET", "/meetings", "").await.body(), "[]");
    app.get("getMeetings", "").await.succeeded();
    assert_eq!(app.poll().await.servers[0].health, "online");
}

async fn one_server(change: impl FnOnce(&mut Config)) -> (TestApp, SimServer) {
    let (app, mut servers) = TestApp::with_servers_and(1, change).await;
    (app, servers.remove(0))
}

#[tokio::test]
async fn signed_garbage_is_told_what_is_wrong_with_it() {
    let (app, server) = one_server(|_| {}).await;
    for garbage in [
        "name=%",
        "name=%4",
        "name=%zz",
        "%=1",
        "name=%ff",
        "name=%c3%28",
        "%ff=1",
        "name=%ed%a0%80",
        "name=a%00%",
        "x=1&y=%g1&z=2",
    ] {
        for query in [format!("meetingID=m1&{garbage}"), format!("{garbage}&meetingID=m1")] {
            for call in ["create", "join", "getMeetingInfo", "end", "getRecordings"] {
                app.get(call, &query).await.refused("validationError");
                app.front_end().post_form(call, &query).await.refused("validationError");
            }
        }
    }
    let bytes = [
        b"name=\xff\xfe&meetingID=m1&checksum=",
        app.front_end().checksum("create", "").as_bytes(),
    ]
    .concat();
    let path = "/bigbluebutton/api/create";
    app.front_end().send("POST", path, Some(FORM), &bytes).await.refused("validationError");
    // Odd, but readable.
    for fine in ["&&&", "=", "=x", "a=b=c", "a[b][c][d]=1", "%5B%5D=1", "\u{7e}=!*'();:@,$"] {
        app.get("isMeetingRunning", &format!("meetingID=m1&{fine}")).await.succeeded();
    }
    untouched(&app, &server).await;
}

#[tokio::test]
async fn control_characters_reach_neither_ids_nor_answers() {
    let (app, server) = one_server(|_| {}).await;
    app.get("create", "name=x1&meetingID=%01%02").await.refused("missingParamMeetingID");
    let answer = app.get("getMeetingInfo", "meetingID=a%00%08%1b%c2%85b").await;
    answer.refused("notFound");
    let tracks = app.get("getRecordingTextTracks", "recordID=%00%1b%22%5C%0a").await;
    assert_eq!(tracks.json()["response"]["returncode"], "FAILED");
    let tag = "meetingID=m1&name=x1&meta_server-tag=%3Cb%3E%26%0b%01%21";
    let refused = app.get("create", tag).await;
    refused.refused("serverTagUnavailable");
    assert!(refused.field("message").contains("&lt;b&gt;&amp;"));
    let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    assert!(!refused.body().contains(odd), "{:?}", refused.body());
    untouched(&app, &server).await;
}

#[tokio::test]
async fn what_is_no_http_is_turned_away() {
    let (app, server) = one_server(|_| {}).await;
    let path = app.front_end().target("getMeetings", "");
    for request in [
        "\r\n\r\n\r\n\0\0\0".to_owned(),
        "GET\r\n\r\n".to_owned(),
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0 TLS hello\r\n\r\n".to_owned(),
        format!("GET {path} HTTP/9.9\r\n\r\n"),
        format!("GET {path} HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"),
        format!("GET {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
        format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n"),
        format!("GET {path} HTTP/1.1\r\nNo colon\r\n\r\n"),
        format!("GET {path}&x=<\"> HTTP/1.1\r\nHost: x\r\n\r\n"),
        format!("GET {path}&x=\u{e9} HTTP/1.1\r\nHost: x\r\n\r\n"),
        format!("GET {path}&x=a b HTTP/1.1\r\nHost: x\r\n\r\n"),
        format!("GET {path} HTTP/1.1\r\nHost: x\r\n{}\r\n", "X: y\r\n".repeat(500)),
        format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\
             Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
    ] {
        if let Some(answer) = send(app.address, &request).await {
            assert!((400..500).contains(&answer.status), "{} to {request:?}", answer.status);
        }
    }
    untouched(&app, &server).await;
}

#[tokio::test]
async fn broken_chunks_are_refused() {
    let (app, server) = one_server(|config| {
        config.http.body_timeout = Duration::from_millis(200);
    })
    .await;
    let target = app.front_end().target("create", "name=x1&meetingID=m1");
    for chunks in
        ["zz\r\nabc\r\n", "5\r\nabc", "ffffffffffffffffff\r\nabc\r\n", "3\r\nabcdef\r\n0\r\n\r\n"]
    {
        let request = format!(
            "POST {target} HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\n\
             Transfer-Encoding: chunked\r\n\r\n{chunks}"
        );
        if let Some(answer) = send(app.address, request).await
            && answer.status == 200
        {
            answer.refused("validationError");
        }
    }
    untouched(&app, &server).await;
}

#[tokio::test]
async fn queries_far_too_long_are_turned_away() {
    let (app, server) = one_server(|_| {}).await;
    let long = |bytes: usize| format!("meetingID=m1&name=x1&x={}", "y".repeat(bytes));
    app.get("isMeetingRunning", &long(30_000)).await.succeeded();
    for bytes in [100 << 10, 1 << 20, 3 << 20] {
        for signed in [true, false] {
            let query = long(bytes);
            let target = if signed {
                app.front_end().target("create", &query)
            } else {
                format!("/bigbluebutton/api/create?{query}")
            };
            let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n");
            if let Some(answer) = send(app.address, request).await {
                assert!((400..500).contains(&answer.status), "{}", answer.status);
            }
        }
    }
    untouched(&app, &server).await;
}

#[tokio::test]
async fn ids_too_long_to_be_stored_leave_nothing_behind() {
    let (app, server) = one_server(|_| {}).await;
    let query = format!("name=x1&meetingID={}", "m".repeat(5000));
    app.get("create", &query).await.refused("validationError");
    assert!(server.meetings().is_empty());
    app.get("getMeetings", "").await.succeeded();
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_however_it_comes() {
    let (app, server) = one_server(|config| config.http.body_limit = 64 << 10).await;
    let words = "The body of the request is too large; at most 65536 bytes are accepted.";
    let target = app.front_end().target("create", "name=x1&meetingID=m1");
    let head = |fields: &str| {
        format!(
            "POST {target} HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\n{fields}\r\n"
        )
    };
    // Announced: refused before anything of it came.
    let mut connection = Connection::open(app.address).await;
    connection.write(head("Content-Length: 65537\r\n")).await.expect("sent");
    let answer = connection.answer().await.expect("an answer");
    answer.refused_with("validationError", words);
    assert!(connection.rest().await.is_empty(), "and the connection is closed");
    // In chunks: refused as soon as it is too much, with more to come.
    let mut connection = Connection::open(app.address).await;
    connection.write(head("Transfer-Encoding: chunked\r\n")).await.expect("sent");
    let chunk = format!("2000\r\n{}\r\n", "x".repeat(0x2000));
    for _ in 0..9 {
        connection.write(&chunk).await.expect("sent");
    }
    let answer = connection.answer().await.expect("an answer");
    answer.refused_with("validationError", words);
    // Forms as well, and a body of exactly the limit is none too many.
    let form = format!("name=x1&meetingID=m1&x={}", "y".repeat(64 << 10));
    app.front_end().post("create", "", FORM, form).await.refused_with("validationError", words);
    untouched(&app, &server).await;
    let body = format!("<m>{}</m>", "x".repeat((64 << 10) - 7));
    app.front_end().post("create", "name=x1&meetingID=m1", XML, body).await.succeeded();
}

#[tokio::test]
async fn the_usual_limit_is_64_mib() {
    let (app, server) = one_server(|_| {}).await;
    let target = app.front_end().target("create", "name=x1&meetingID=m1");
    let request = format!(
        "POST {target} HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n",
        (64 << 20) + 1
    );
    send(app.address, request).await.expect("an answer").refused_with(
        "validationError",
        "The body of the request is too large; at most 64 MiB are accepted.",
    );
    untouched(&app, &server).await;
}

/// Strangers must not be able to fill the memory with bodies that nobody would read.
#[tokio::test]
async fn a_body_of_strangers_is_not_waited_for() {
    let (app, server) = one_server(|_| {}).await;
    let target = app.front_end().knowing("wrong").target("create", "name=x1&meetingID=m1");
    let request = format!(
        "POST {target} HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 60000000\r\n\r\n"
    );
    send(app.address, request).await.expect("an answer").refused("checksumError");
    untouched(&app, &server).await;
}

/// The bodies of all requests share one budget; whoever finds no room is told so.
#[tokio::test]
async fn all_bodies_together_are_bounded() {
    let (app, server) = one_server(|config| {
        config.http.body_limit = 1 << 20;
        config.http.body_memory = 1 << 20;
        config.http.body_timeout = Duration::from_millis(500);
    })
    .await;
    let target = app.front_end().target("create", "name=x1&meetingID=m1");
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 1000000\r\n\r\n"
    );
    let mut connections = Vec::new();
    for _ in 0..4 {
        let mut connection = Connection::open(app.address).await;
        connection.write([head.as_bytes(), &vec![b' '; 700_000]].concat()).await.expect("sent");
        connections.push(connection);
    }
    let (mut no_room, mut stopped) = (0, 0);
    for mut connection in connections {
        let answer = connection.answer().await.expect("an answer");
        match answer.field("messageKey") {
            "internalError" => no_room += 1,
            _ => stopped += 1,
        }
    }
    assert!(no_room >= 2 && stopped >= 1, "{no_room} {stopped}");
    untouched(&app, &server).await;
    // And the room is free again.
    let body = " ".repeat(900_000);
    app.front_end().post("create", "name=x1&meetingID=m1", XML, body).await.succeeded();
}
