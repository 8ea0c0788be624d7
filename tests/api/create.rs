//! create: what a front end sends, what it is answered, what the server was sent.

use beadle::sim::{Call, Fault, NewMeeting, SimRequest, SimServer};

use super::support::{FORM, Signed, TestApp, XML, eventually, within};

const SLIDES: &str = "<modules><module name=\"presentation\">\r\n <document name=\"a b.png\">\
                      aGFsbG8=</document>\n</module>\u{fc}\t</modules>\n";

/// The last create that reached a server.
pub(crate) fn last_create(server: &SimServer) -> SimRequest {
    let mut requests = server.requests();
    requests.retain(|request| request.call == Call::Create);
    requests.pop().expect("a create")
}

/// The query of a request as it was before the checksum was added.
pub(crate) fn unsigned(request: &SimRequest) -> &str {
    let (query, checksum) = request.query.rsplit_once("checksum=").expect("a checksum");
    assert_eq!(checksum.len(), 64, "sha256 unless configured otherwise");
    query.trim_end_matches('&')
}

#[tokio::test]
async fn a_meeting_is_made_and_the_servers_answer_relayed_to_the_byte() {
    let (app, servers) = TestApp::with_servers(1).await;
    let created = app.get("create", "name=R%C3%A4ume+%26+co&meetingID=room-42").await;
    created.succeeded();
    let meeting = servers[0].meeting("room-42").expect("a meeting");
    assert_eq!(created.field("internalMeetingID"), meeting.internal_id);
    assert_eq!(created.field("createTime"), meeting.create_time.to_string());
    assert_eq!(meeting.name, "Räume & co");
    // The second answer is one that the server gives again and again.
    let again = app.get("create", "name=R%C3%A4ume+%26+co&meetingID=room-42").await;
    let own = Signed::new(servers[0].address(), servers[0].secret());
    let own = own.get("create", "name=x1&meetingID=room-42").await;
    assert_eq!(again.succeeded().field("messageKey"), "duplicateWarning");
    assert_eq!(again.body(), own.body());
}

#[tokio::test]
async fn a_form_is_sent_on_in_the_url() {
    let (app, servers) = TestApp::with_servers(1).await;
    servers[0].record_requests(true);
    let form = "name=Form+%C3%A9&meetingID=form-1&record=";
    app.front_end().post_form("create", form).await.succeeded();
    let request = last_create(&servers[0]);
    assert_eq!((request.method.as_str(), request.body.len()), ("GET", 0));
    assert!(request.query.starts_with(&format!("{form}&")), "{}", request.query);
    let halves = app.front_end().post("create", "meetingID=form-2", FORM, "name=Halves").await;
    halves.succeeded();
    assert!(last_create(&servers[0]).query.starts_with("meetingID=form-2&name=Halves&"));
}

#[tokio::test]
async fn a_form_in_raw_utf_8_is_sent_on_in_percent() {
    let (app, servers) = TestApp::with_servers(1).await;
    servers[0].record_requests(true);
    app.front_end().post_form("create", "name=Größe '1'&meetingID=raw-1").await.succeeded();
    assert_eq!(servers[0].meeting("raw-1").expect("a meeting").name, "Größe '1'");
    let query = last_create(&servers[0]).query;
    assert!(query.starts_with("name=Gr%C3%B6%C3%9Fe%20%271%27&meetingID=raw-1&"), "{query}");
}

#[tokio::test]
async fn a_multipart_body_is_a_form_without_its_files() {
    let (app, servers) = TestApp::with_servers(1).await;
    servers[0].record_requests(true);
    let front_end = app.front_end();
    let checksum = front_end.checksum("create", "");
    let part = |head: &str, value: &str| {
        format!("--sep\r\nContent-Disposition: form-data; {head}\r\n\r\n{value}\r\n")
    };
    let body = [
        part("name=\"name\"", "Parts & more=ü"),
        part("name=\"meetingID\"", "parts-1"),
        part("name=\"slides\"; filename=\"a.pdf\"", "%PDF"),
        part("name=\"checksum\"", &checksum),
        "--sep--\r\n".to_owned(),
    ]
    .concat();
    let multipart = Some("multipart/form-data; boundary=sep");
    let path = "/bigbluebutton/api/create";
    front_end.send("POST", path, multipart, body.as_bytes()).await.succeeded();
    assert_eq!(servers[0].meeting("parts-1").expect("a meeting").name, "Parts & more=ü");
    assert_eq!(last_create(&servers[0]).parameter("slides"), None);
    for (broken, key) in [
        (body.replace("--sep--\r\n", ""), "validationError"),
        ("nothing of the kind".to_owned(), "validationError"),
        (body.replace(&checksum, "0000"), "checksumError"),
    ] {
        let answer = front_end.send("POST", path, multipart, broken.as_bytes()).await;
        answer.refused(key);
    }
}

#[tokio::test]
async fn an_xml_body_is_relayed_to_the_byte_and_always_as_application_xml() {
    let (app, servers) = TestApp::with_servers(1).await;
    servers[0].record_requests(true);
    let types = ["application/xml", "application/xml; charset=utf-8", "text/xml", "Text/XML;x=y"];
    for (place, content_type) in types.into_iter().chain(["application/x-xml"]).enumerate() {
        let query = format!("name=Slides&meetingID=xml-{place}");
        app.front_end().post("create", &query, content_type, SLIDES).await.succeeded();
        let request = last_create(&servers[0]);
        assert_eq!(request.method, "POST");
        assert_eq!(request.content_type.as_deref(), Some("application/xml"), "{content_type}");
        assert_eq!(request.body, SLIDES.as_bytes());
        assert!(request.query.starts_with(&query), "{}", request.query);
    }
    assert_eq!(servers[0].meeting("xml-4").expect("a meeting").documents, 1);
    // Bytes that are no UTF-8 are not beadle's business.
    let bytes = b"<modules>\xff\xfe</modules>";
    app.front_end().post("create", "name=Bytes&meetingID=xml-9", XML, bytes).await.succeeded();
    assert_eq!(last_create(&servers[0]).body, bytes);
}

#[tokio::test]
async fn a_body_in_chunks_is_read_whole() {
    let (app, servers) = TestApp::with_servers(1).await;
    servers[0].record_requests(true);
    let target = app.front_end().target("create", "name=Chunks&meetingID=chunks-1");
    let request = format!(
        "POST {target} HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\n\
         Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n\
         9\r\n<modules>\r\nb\r\n</modules>\n\r\n0\r\n\r\n"
    );
    super::support::send(app.address, request).await.expect("an answer").succeeded();
    assert_eq!(last_create(&servers[0]).body, b"<modules></modules>\n");
}

#[tokio::test]
async fn create_is_idempotent_and_only_the_first_one_brings_a_password() {
    let (app, servers) = TestApp::with_servers(2).await;
    for server in &servers {
        server.record_requests(true);
    }
    let query = "name=Twice&meetingID=twice";
    let first = app.get("create", query).await;
    let password = first.succeeded().field("moderatorPW");
    assert_eq!(password.len(), 8);
    assert!(password.chars().all(|letter| letter.is_ascii_alphanumeric()));
    let second = app.get("create", query).await;
    assert_eq!(second.succeeded().field("messageKey"), "duplicateWarning");
    for name in ["createTime", "internalMeetingID", "moderatorPW", "voiceBridge"] {
        assert_eq!(second.field(name), first.field(name), "{name}");
    }
    let requests: Vec<_> = servers.iter().flat_map(SimServer::requests).collect();
    let creates: Vec<_> = requests.iter().filter(|r| r.call == Call::Create).collect();
    assert_eq!(creates.len(), 2, "one server was asked twice");
    assert_eq!(creates[0].parameter("moderatorPW").as_deref(), Some(password));
    assert_eq!(creates[1].parameter("moderatorPW"), None);
}

#[tokio::test]
async fn given_passwords_go_through_and_other_ones_are_the_servers_refusal() {
    let (app, servers) = TestApp::with_servers(1).await;
    let with = |passwords: &str| format!("name=Pass&meetingID=pass-1{passwords}");
    app.get("create", &with("&attendeePW=ap&moderatorPW=m%21p")).await.succeeded();
    let meeting = servers[0].meeting("pass-1").expect("a meeting");
    assert_eq!((&*meeting.attendee_password, &*meeting.moderator_password), ("ap", "m!p"));
    let again = app.get("create", &with("&attendeePW=ap&moderatorPW=m%21p")).await;
    assert_eq!(again.succeeded().field("messageKey"), "duplicateWarning");
    let other = app.get("create", &with("&attendeePW=ap&moderatorPW=other")).await;
    let own = Signed::new(servers[0].address(), servers[0].secret());
    let own = own.get("create", &with("&attendeePW=ap&moderatorPW=other")).await;
    assert_eq!(other.refused("idNotUnique").body(), own.body());
    app.get("getMeetingInfo", "meetingID=pass-1").await.succeeded();
}

#[tokio::test]
async fn a_meeting_id_is_needed() {
    let (app, servers) = TestApp::with_servers(1).await;
    for query in ["", "name=x1", "meetingID=", "meetingID=+%20&name=x1", "meetingID=%00%1f%20"] {
        app.get("create", query).await.refused_with(
            "missingParamMeetingID",
            "You must specify a meeting ID for the meeting.",
        );
    }
    assert_eq!(servers[0].request_count(Call::Create), 0);
}

/// Servers drop control characters and trim. If beadle read another id than the server, one
/// meeting could have two names, or two meetings one.
#[tokio::test]
async fn ids_are_read_and_sent_as_servers_read_them() {
    let (app, servers) = TestApp::with_servers(1).await;
    servers[0].record_requests(true);
    app.get("create", "name=Odd&meetingID=%20od%00d%0A%20").await.succeeded();
    assert_eq!(last_create(&servers[0]).query.split('&').nth(1), Some("meetingID=odd"));
    let again = app.get("create", "name=Odd&meetingID=odd").await;
    assert_eq!(again.succeeded().field("messageKey"), "duplicateWarning");
    app.get("getMeetingInfo", "meetingID=++odd%7F").await.succeeded();
    assert_eq!(app.server_of("odd").await.as_deref(), Some("bbb0"));
}

#[tokio::test]
async fn a_breakout_room_goes_to_the_server_of_its_parent() {
    let (app, servers) = TestApp::with_servers(2).await;
    app.set("bbb0", r#"{"tag":"lab"}"#).await;
    let parent = "name=Parent&meetingID=parent&meta_server-tag=lab%21&\
                  meta_bbb-meeting-size-hint=500";
    app.get("create", parent).await.succeeded();
    assert_eq!(app.server_of("parent").await.as_deref(), Some("bbb0"));
    let internal = servers[0].meeting("parent").expect("a meeting").internal_id;
    // A full or cordoned server still takes the rooms of the class that is on it.
    app.set("bbb0", r#"{"max_meetings":1}"#).await;
    app.set_state("bbb0", "cordoned").await;
    for (place, parent) in ["parent", &internal].into_iter().enumerate() {
        let query = format!(
            "name=Group&meetingID=room-{place}&isBreakout=true&parentMeetingID={parent}&sequence=1"
        );
        let created = app.get("create", &query).await;
        created.succeeded();
        let id = created.field("meetingID");
        assert_ne!(id, format!("room-{place}"), "servers give rooms an id of their own");
        for id in [id, &format!("room-{place}")] {
            let info = app.get("getMeetingInfo", &format!("meetingID={id}")).await;
            assert_eq!(info.succeeded().field("isBreakout"), "true");
        }
    }
    assert_eq!(servers[0].meetings().len(), 3);
    assert!(servers[1].meetings().is_empty());
    let query = "name=Group&meetingID=room-9&isBreakout=true&parentMeetingID=nobody";
    app.get("create", query).await.refused("parentMeetingDoesNotExist");
}

#[tokio::test]
async fn a_create_goes_on_when_the_front_end_hangs_up() {
    let (app, servers) = TestApp::with_servers(1).await;
    let slow = Fault::Slow(std::time::Duration::from_millis(300));
    servers[0].fault(Call::Create, slow, Some(1));
    let target = app.front_end().target("create", "name=Gone&meetingID=gone");
    let mut connection = super::support::Connection::open(app.address).await;
    connection.write(format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n")).await.expect("sent");
    within(10, servers[0].wait_for_requests(Call::Create, 1)).await;
    drop(connection);
    eventually("the meeting is known", async || app.server_of("gone").await.is_some()).await;
}

/// A meeting that was made on a server behind beadle's back has no place in the pool.
#[tokio::test]
async fn what_beadle_did_not_create_it_does_not_know() {
    let (app, servers) = TestApp::with_servers(1).await;
    servers[0].put_meeting(NewMeeting::new("foreign")).expect("a meeting");
    app.poll().await;
    app.get("getMeetingInfo", "meetingID=foreign").await.refused("notFound");
}

#[tokio::test]
async fn a_head_creates_nothing() {
    let (app, servers) = TestApp::with_servers(1).await;
    let answer = app.front_end().head("create", "name=Head&meetingID=head").await;
    assert_eq!(answer.status, 200);
    assert_eq!(servers[0].request_count(Call::Create), 0);
    assert_eq!(app.server_of("head").await, None);
}
