//! Forms, plain and multipart: how large they may be, and from whom.

use std::time::{Duration, Instant};

use super::support::{Connection, FORM, TestApp, send};

const MULTIPART: &str = "multipart/form-data; boundary=sep";
const PATH: &str = "/bigbluebutton/api/isMeetingRunning";
const MIB: usize = 1 << 20;

const TOO_LARGE: &str = "The parameters of the request are too large; at most 1 MiB are accepted.";
const TOO_LARGE_UNSIGNED: &str = "The body of the request is too large; without a checksum in the \
                                  URL at most 1 MiB are accepted.";
const TOO_MANY: &str = "The request has too many parameters; at most 2000 are accepted.";

fn part(head: &str, value: &str) -> String {
    format!("--sep\r\nContent-Disposition: form-data; {head}\r\n\r\n{value}\r\n")
}

fn head(target: &str, content_type: &str, bytes: usize) -> String {
    format!(
        "POST {target} HTTP/1.1\r\nHost: x\r\nContent-Type: {content_type}\r\n\
         Content-Length: {bytes}\r\n\r\n"
    )
}

/// Whose URL has a checksum is known before anything else came.
#[tokio::test]
async fn no_body_is_read_after_a_wrong_checksum_in_the_url() {
    let app = TestApp::start().await;
    let target = app.front_end().knowing("wrong").target("isMeetingRunning", "meetingID=m1");
    for content_type in [FORM, MULTIPART] {
        let answer = send(app.address, head(&target, content_type, 60_000_000)).await;
        answer.expect("an answer").refused("checksumError");
    }
}

#[tokio::test]
async fn without_a_checksum_in_the_url_little_is_read() {
    let app = TestApp::start().await;
    for content_type in [FORM, MULTIPART] {
        let announced = send(app.address, head(PATH, content_type, MIB + 1)).await;
        let announced = announced.expect("an answer");
        announced.refused_with("validationError", TOO_LARGE_UNSIGNED);
        let mut connection = Connection::open(app.address).await;
        let head = format!(
            "POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: {content_type}\r\n\
             Transfer-Encoding: chunked\r\n\r\n100001\r\n"
        );
        connection.write(head).await.expect("sent");
        let file = part("name=\"f\"; filename=\"f\"", &"x".repeat(MIB));
        // It may be refused before all of it was sent.
        let _ = connection.write(&file.as_bytes()[..=MIB]).await;
        let answer = connection.answer().await.expect("an answer");
        answer.refused_with("validationError", TOO_LARGE_UNSIGNED);
    }
    let form = |filler: usize| format!("meetingID=m1&x={}", "y".repeat(filler));
    app.front_end().post_form("isMeetingRunning", &form(MIB - 200)).await.succeeded();
}

#[tokio::test]
async fn parameters_have_a_limit_of_their_own_even_when_signed() {
    let app = TestApp::start().await;
    let front_end = app.front_end();
    let post = async |content_type: &str, body: &str| {
        front_end.post("isMeetingRunning", "meetingID=m1", content_type, body).await
    };
    post(FORM, &format!("x={}", "y".repeat(MIB - 2))).await.succeeded();
    let refused = post(FORM, &format!("x={}", "y".repeat(MIB))).await;
    refused.refused_with("validationError", TOO_LARGE);
    let half = "y".repeat(MIB / 2);
    let file = part("name=\"f\"; filename=\"a.pdf\"", &"f".repeat(8 * MIB));
    let end = "--sep--\r\nand what nobody reads";
    let within = [part("name=\"a\"", &half), file.clone(), part("name=\"b\"", "1"), end.to_owned()];
    post(MULTIPART, &within.concat()).await.succeeded();
    let much = [part("name=\"a\"", &half), file, part("name=\"b\"", &half), end.to_owned()];
    post(MULTIPART, &much.concat()).await.refused_with("validationError", TOO_LARGE);
}

/// The next request on the connection comes after all of the body.
#[tokio::test]
async fn a_connection_goes_on_after_files_were_skipped() {
    let app = TestApp::start().await;
    let target = app.front_end().target("isMeetingRunning", "meetingID=m1");
    let file = part("name=\"f\"; filename=\"a.pdf\"", &"f".repeat(3 * MIB));
    let body = format!("{file}--sep--\r\n{}", "epilogue".repeat(100_000));
    let mut connection = Connection::open(app.address).await;
    for _ in 0..3 {
        let request = format!("{}{body}", head(&target, MULTIPART, body.len()));
        connection.write(request).await.expect("sent");
        connection.answer().await.expect("an answer").succeeded();
    }
}

/// Files of signed requests are skipped and take no memory.
#[tokio::test]
async fn files_need_no_room() {
    let app = TestApp::start_with(|config| {
        config.http.body_memory = 1 << 20;
        config.http.body_timeout = Duration::from_millis(500);
    })
    .await;
    let body = part("name=\"f\"; filename=\"a.pdf\"", &"f".repeat(8 * MIB)) + "--sep--\r\n";
    app.front_end().post("isMeetingRunning", "meetingID=m1", MULTIPART, body).await.succeeded();
}

#[tokio::test]
async fn parameters_are_counted() {
    let app = TestApp::start().await;
    let front_end = app.front_end();
    let form =
        |count: usize| (0..count).map(|n| format!("&p{n}=%c3%bc")).collect::<Vec<_>>().concat();
    let parts = |count: usize| -> String {
        let parts: Vec<_> = (0..count).map(|n| part(&format!("name=\"p{n}\""), "1")).collect();
        parts.concat() + "--sep--\r\n"
    };
    let post = async |content_type: &str, body: String| {
        front_end.post("isMeetingRunning", "meetingID=m1", content_type, body).await
    };
    let began = Instant::now();
    post(FORM, form(1999)).await.succeeded();
    post(MULTIPART, parts(1999)).await.succeeded();
    app.get("isMeetingRunning", &format!("meetingID=m1{}", form(1999))).await.succeeded();
    post(FORM, form(2000)).await.refused_with("validationError", TOO_MANY);
    post(MULTIPART, parts(2000)).await.refused_with("validationError", TOO_MANY);
    post(FORM, form(60_000)).await.refused_with("validationError", TOO_MANY);
    let url = app.get("isMeetingRunning", &format!("meetingID=m1{}", form(2000))).await;
    url.refused_with("validationError", TOO_MANY);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

/// Nobody holds memory for ever by sending a byte now and then.
#[tokio::test]
async fn a_body_that_drips_is_not_waited_for() {
    let app = TestApp::start_with(|config| {
        config.http.body_timeout = Duration::from_millis(400);
    })
    .await;
    let target = app.front_end().target("create", "meetingID=m1&name=x1");
    let mut connection = Connection::open(app.address).await;
    connection.write(head(&target, "text/xml", 100_000)).await.expect("sent");
    let (mut read, mut write) = tokio::io::split(connection.stream);
    let drip = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt as _;
        while write.write_all(b" ").await.is_ok() {
            // Not to wait for something, but to be slow.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let began = Instant::now();
    let mut answer = String::new();
    // The end may be a reset, because there is more that was not read.
    let _ = tokio::io::AsyncReadExt::read_to_string(&mut read, &mut answer).await;
    assert!(answer.contains("The body of the request comes too slowly."), "{answer}");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    drip.await.expect("an end");
}
