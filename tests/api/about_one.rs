//! The calls about one meeting: isMeetingRunning, getMeetingInfo, insertDocument, sendChatMessage.

use beadle::sim::{BbbVersion, Call, Fault, FaultOn, SimOptions, SimServer};

use super::support::{FORM, Signed, TestApp, XML};

const NOT_FOUND: &str = "We could not find a meeting with that meeting ID - perhaps the meeting \
                         is not yet running?";

/// The application and its one server, with the meeting `a b` on it.
async fn class() -> (TestApp, SimServer) {
    let (app, mut servers) = TestApp::with_servers(1).await;
    app.get("create", "name=Class&meetingID=a+b&attendeePW=ap&moderatorPW=mp").await.succeeded();
    let server = servers.remove(0);
    server.record_requests(true);
    (app, server)
}

/// What the server would answer to the same question.
fn own(server: &SimServer) -> Signed {
    Signed::new(server.address(), server.secret())
}

#[tokio::test]
async fn is_meeting_running_asks_the_server() {
    let (app, server) = class().await;
    let running = async |query: &str| {
        let answer = app.get("isMeetingRunning", query).await;
        assert_eq!(
            answer.body(),
            own(&server).get("isMeetingRunning", "meetingID=a+b").await.body()
        );
        answer.succeeded().field("running").to_owned()
    };
    assert_eq!(running("meetingID=a%20b").await, "false");
    server.add_people("a b", 1, 0);
    assert_eq!(running("meetingID=a+b").await, "true");
    let internal = server.meeting("a b").expect("a meeting").internal_id;
    assert_eq!(running(&format!("meetingID={internal}")).await, "true");
    let form = app.front_end().post_form("isMeetingRunning", "meetingID=a b").await;
    assert_eq!(form.succeeded().field("running"), "true");
}

#[tokio::test]
async fn unknown_meetings_are_not_running_and_no_server_is_asked() {
    let (app, server) = class().await;
    // A front end checks its connection with an id that it makes up.
    let answer = app.get("isMeetingRunning", "meetingID=foobar").await;
    assert_eq!(answer.succeeded().field("running"), "false");
    assert_eq!(server.request_count(Call::IsMeetingRunning), 0);
    app.get("isMeetingRunning", "x=1").await.refused("missingParamMeetingID");
}

#[tokio::test]
async fn get_meeting_info_is_the_servers_answer_to_the_byte() {
    let (app, server) = class().await;
    server.add_people("a b", 3, 1);
    let whole = own(&server).get("getMeetingInfo", "meetingID=a+b").await;
    let expected = without_mark(whole.body());
    let internal = server.meeting("a b").expect("a meeting").internal_id;
    server.record_requests(true);
    for query in ["meetingID=a%20b&password=wrong&x=1", &format!("meetingID={internal}")] {
        let answer = app.get("getMeetingInfo", query).await;
        assert_eq!(answer.succeeded().body(), expected);
    }
    for request in server.requests() {
        assert!(request.query.starts_with("meetingID=a+b&checksum="), "{}", request.query);
    }
    let form = app.front_end().post("getMeetingInfo", "meetingID=a+b", FORM, "x=1").await;
    assert_eq!(form.body(), expected);
    app.get("getMeetingInfo", "").await.refused("missingParamMeetingID");
    app.get("getMeetingInfo", "meetingID=a+c").await.refused_with("notFound", NOT_FOUND);
}

/// BBB ends meetings with some delay and may not know a new one at once: whether a meeting is
/// forgotten is the poller's business.
#[tokio::test]
async fn a_servers_not_found_is_relayed_and_the_meeting_kept() {
    let (app, server) = class().await;
    server.fault(Call::GetMeetingInfo, Fault::ForgetMeeting, Some(1));
    let answer = app.get("getMeetingInfo", "meetingID=a+b").await;
    answer.refused_with("notFound", "A meeting with that ID does not exist");
    assert_eq!(app.server_of("a b").await.as_deref(), Some("bbb0"));
}

#[tokio::test]
async fn a_server_that_cannot_be_asked_is_a_clear_refusal() {
    let (app, server) = class().await;
    let faults = [
        (Fault::Refuse, "Unable to access meeting on server."),
        (Fault::Reset, "Unable to access meeting on server."),
        (Fault::Truncate, "Unable to access meeting on server."),
        (Fault::Garbage, "Unable to access meeting on server."),
        (Fault::Empty, "Response did not include returncode"),
        (Fault::Status(502), "Response did not include returncode"),
    ];
    for (fault, message) in faults {
        for call in ["isMeetingRunning", "getMeetingInfo"] {
            server.fault(FaultOn::All, fault.clone(), None);
            let answer = app.get(call, "meetingID=a+b").await;
            answer.refused_with("internalError", message);
            server.clear_faults();
            app.get(call, "meetingID=a+b").await.succeeded();
        }
    }
    // The front end's own secret is right.
    server.fault(FaultOn::All, Fault::WrongChecksum, Some(1));
    let answer = app.get("getMeetingInfo", "meetingID=a+b").await;
    answer.refused_with("internalError", "Unable to access meeting on server.");
    server.stop().await;
    let answer = app.get("isMeetingRunning", "meetingID=a+b").await;
    answer.refused_with("internalError", "Unable to access meeting on server.");
    assert_eq!(app.server_of("a b").await.as_deref(), Some("bbb0"));
}

#[tokio::test]
async fn a_server_that_hangs_is_not_waited_for_for_ever() {
    let (app, servers) = TestApp::with_servers_and(1, |config| {
        config.servers.response_timeout = std::time::Duration::from_millis(200);
    })
    .await;
    app.get("create", "name=Class&meetingID=a+b").await.succeeded();
    servers[0].fault(FaultOn::All, Fault::Hang, None);
    for call in ["isMeetingRunning", "getMeetingInfo", "end"] {
        let answer = app.get(call, "meetingID=a+b").await;
        answer.refused_with("internalError", "Unable to access meeting on server.");
    }
}

#[tokio::test]
async fn documents_go_to_the_meetings_server_to_the_byte() {
    let (app, server) = class().await;
    let body = "<modules><module name=\"presentation\">\r\n<document url=\"https://x/ü\"/>\
                </module></modules>";
    for content_type in [XML, "text/xml; charset=utf-8", "application/x-xml"] {
        server.record_requests(true);
        let query = "pretty=%7e&meetingID=a%20b";
        let answer = app.front_end().post("insertDocument", query, content_type, body).await;
        assert_eq!(answer.succeeded().field("message"), "Presentation is being uploaded");
        assert_eq!(answer.text("messageKey"), None, "relayed as it is");
        let request = &server.requests()[0];
        assert_eq!(request.body, body.as_bytes());
        assert_eq!(request.content_type.as_deref(), Some("application/xml"));
        assert!(request.query.starts_with("pretty=%7e&meetingID=a%20b&checksum="));
    }
    assert_eq!(server.meeting("a b").expect("a meeting").documents, 3);
    let nothing = app.front_end().post("insertDocument", "meetingID=a+b", XML, "<modules/>").await;
    nothing.refused("validationError");
}

#[tokio::test]
async fn documents_for_nobody_are_refused() {
    let (app, server) = class().await;
    let front_end = app.front_end();
    let unknown = front_end.post("insertDocument", "meetingID=b", XML, "<modules/>").await;
    unknown.refused_with("notFound", NOT_FOUND);
    let nameless = front_end.post("insertDocument", "", XML, "<modules/>").await;
    nameless.refused("missingParamMeetingID");
    front_end.get("insertDocument", "meetingID=a+b").await.refused("unsupportedRequest");
    for content_type in [FORM, "multipart/form-data; boundary=x", "application/json", "text/plain"]
    {
        let wrong = front_end.post("insertDocument", "meetingID=a+b", content_type, "x=1").await;
        wrong.refused("unsupportedContentType");
    }
    assert_eq!(server.request_count(Call::InsertDocument), 0);
    server.fault(Call::InsertDocument, Fault::Garbage, Some(1));
    let broken = front_end.post("insertDocument", "meetingID=a+b", XML, "<modules/>").await;
    broken.refused_with("internalError", "Unable to insert document on server.");
}

#[tokio::test]
async fn chat_messages_go_to_the_meetings_server() {
    let (app, server) = class().await;
    server.add_people("a b", 1, 0);
    let query = "meetingID=a+b&message=Hi%20there%21&userName=%C3%9C";
    let answer = app.get("sendChatMessage", query).await;
    assert_eq!(answer.succeeded().field("messageKey"), "");
    assert!(server.requests()[0].query.starts_with(&format!("{query}&checksum=")));
    assert_eq!(server.meeting("a b").expect("a meeting").chat_messages, 1);
    // Both suites of the PHP library want this key here and not notFound.
    let unknown = app.get("sendChatMessage", "meetingID=b&message=Hi").await;
    unknown.refused_with("meetingNotFound", "Meeting not found or not active");
    app.get("sendChatMessage", "message=Hi").await.refused("missingParamMeetingID");
    app.get("sendChatMessage", "meetingID=a+b").await.refused("validationError");
    let post = app.front_end().post("sendChatMessage", query, FORM, "x=1").await;
    post.refused("unsupportedRequest");
    app.front_end().head("sendChatMessage", query).await;
    assert_eq!(server.meeting("a b").expect("a meeting").chat_messages, 1);
}

/// BBB 2.7 knows no such call and answers with a page.
#[tokio::test]
async fn chat_on_an_old_server_is_a_clear_refusal() {
    let app = TestApp::start().await;
    let old = SimServer::start(SimOptions::new("old", BbbVersion::V27)).await.expect("a server");
    app.add(0, &old, |_| {}).await;
    app.get("create", "name=Class&meetingID=old-1").await.succeeded();
    let answer = app.get("sendChatMessage", "meetingID=old-1&message=Hi").await;
    answer.refused("internalError");
    assert_eq!(app.view("bbb0").await.health, "online");
}

/// A server's document as front ends may see it.
fn without_mark(document: &str) -> String {
    let (before, rest) = document.split_once("<beadle-origin>").expect("beadle's mark");
    let (_, after) = rest.split_once("</beadle-origin>").expect("its end");
    format!("{before}{after}")
}
