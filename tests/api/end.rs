//! end: a meeting is forgotten once its server ends it, and not before.

use std::time::Duration;

use beadle::sim::{Call, Fault, SimServer};

use super::support::{Connection, Signed, TestApp, eventually, within};

async fn class() -> (TestApp, SimServer) {
    let (app, mut servers) = TestApp::with_servers(1).await;
    app.get("create", "name=Class&meetingID=class&moderatorPW=m%21p").await.succeeded();
    let server = servers.remove(0);
    server.record_requests(true);
    (app, server)
}

async fn is_known(app: &TestApp) -> bool {
    app.server_of("class").await.is_some()
}

#[tokio::test]
async fn a_meeting_that_ended_is_forgotten() {
    let (app, server) = class().await;
    let answer = app.get("end", "meetingID=class&password=m!p&x=1").await;
    assert_eq!(answer.succeeded().field("messageKey"), "sentEndMeetingRequest");
    let query = &server.requests()[0].query;
    assert!(query.starts_with("meetingID=class&password=m%21p&checksum="), "{query}");
    assert!(!is_known(&app).await);
    app.get("getMeetingInfo", "meetingID=class").await.refused("notFound");
    app.get("end", "meetingID=class&password=m!p").await.refused("notFound");
    assert_eq!(server.request_count(Call::End), 1);
}

#[tokio::test]
async fn no_password_is_sent_where_none_was_given() {
    let (app, server) = class().await;
    app.front_end().post_form("end", "meetingID=class").await.succeeded();
    let query = &server.requests()[0].query;
    assert!(query.starts_with("meetingID=class&checksum="), "{query}");
    assert!(!is_known(&app).await);
}

#[tokio::test]
async fn a_wrong_password_ends_nothing() {
    let (app, server) = class().await;
    let answer = app.get("end", "meetingID=class&password=wrong").await;
    answer.refused("invalidPassword");
    let own = Signed::new(server.address(), server.secret());
    assert_eq!(answer.body(), own.get("end", "meetingID=class&password=wrong").await.body());
    assert!(is_known(&app).await);
    app.get("getMeetingInfo", "meetingID=class").await.succeeded();
}

#[tokio::test]
async fn a_meeting_that_its_server_does_not_know_is_forgotten() {
    let (app, server) = class().await;
    assert!(server.forget("class"));
    let answer = app.get("end", "meetingID=class&password=m!p").await;
    answer.refused_with("notFound", "A meeting with that ID does not exist");
    assert!(!is_known(&app).await);
}

#[tokio::test]
async fn a_server_that_cannot_be_asked_ends_nothing() {
    let (app, server) = class().await;
    for fault in [Fault::Refuse, Fault::Status(500), Fault::Garbage, Fault::Empty] {
        server.fault(Call::End, fault.clone(), Some(1));
        app.get("end", "meetingID=class").await.refused("internalError");
        assert!(is_known(&app).await, "{fault:?}");
    }
    server.stop().await;
    let answer = app.get("end", "meetingID=class").await;
    answer.refused_with("internalError", "Unable to access meeting on server.");
    assert!(is_known(&app).await);
    server.resume().await.expect("a server");
    app.get("end", "meetingID=class").await.succeeded();
    assert!(!is_known(&app).await);
}

/// The answer got lost after the meeting had ended; asked again, the server knows nothing of it.
#[tokio::test]
async fn an_end_whose_answer_was_lost_can_be_asked_again() {
    let (app, server) = class().await;
    server.fault(Call::End, Fault::Reset, Some(1));
    app.get("end", "meetingID=class").await.refused("internalError");
    assert!(is_known(&app).await);
    app.get("end", "meetingID=class").await.refused("notFound");
    assert!(!is_known(&app).await);
}

#[tokio::test]
async fn the_internal_id_and_a_form_end_it_too_but_a_head_does_not() {
    let (app, server) = class().await;
    let internal = server.meeting("class").expect("a meeting").internal_id;
    app.front_end().head("end", "meetingID=class").await;
    assert!(is_known(&app).await);
    app.front_end().post_form("end", &format!("meetingID={internal}")).await.succeeded();
    assert!(server.requests()[0].query.starts_with("meetingID=class&"));
    assert!(!is_known(&app).await);
    app.get("end", "").await.refused("missingParamMeetingID");
    app.get("end", "meetingID=+").await.refused("missingParamMeetingID");
}

/// Otherwise the server would have ended what beadle goes on to send people to.
#[tokio::test]
async fn an_end_goes_on_when_whoever_asked_hangs_up() {
    for operator in [false, true] {
        let (app, server) = class().await;
        server.fault(Call::End, Fault::Slow(Duration::from_millis(300)), Some(1));
        let target = app.front_end().target("end", "meetingID=class&password=m!p");
        if operator {
            let body = r#"{"id":"class"}"#;
            let call = app.operate("POST", "/meetings/end", body);
            // The connection is dropped as soon as the server was asked.
            tokio::select! {
                _ = call => unreachable!("the server is slow"),
                () = within(10, server.wait_for_requests(Call::End, 1)) => {}
            }
        } else {
            let mut connection = Connection::open(app.address).await;
            let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n");
            connection.write(request).await.expect("sent");
            within(10, server.wait_for_requests(Call::End, 1)).await;
            // Gone at once and for good: a reset, where a mere end would let an answer through.
            connection.stream.set_zero_linger().expect("a socket");
        }
        eventually("the meeting is forgotten", async || !is_known(&app).await).await;
    }
}
