//! Servers out of their mind, or not the ones that the operator takes them for.

use beadle::bbb::origin;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::support::{SECRET, TestApp, server};

const CREATE: &str = "name=Class&meetingID=class&moderatorPW=mp&attendeePW=ap";

/// The address of a server that answers every call with this list of meetings.
async fn listing(meetings: &str) -> String {
    let body = format!(
        "<response><returncode>SUCCESS</returncode><version>2.0</version>\
         <meetings>{meetings}</meetings></response>"
    );
    answering(body.clone(), body).await
}

/// The address of a server that gives this list, and answers every other call with that.
async fn answering(list: String, other: String) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 8192];
            // A head this small comes in one piece; who hangs up early wants no answer.
            let _ = stream.read(&mut request).await;
            let lists = request.starts_with(b"GET /bigbluebutton/api/getMeetings");
            let body = if lists { &list } else { &other };
            let length = body.len();
            let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}");
            let _ = stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).await;
        }
    });
    format!("http://{address}")
}

/// A meeting with a mark that is right.
fn marked(id: &str, internal_id: &str, people: u64) -> String {
    let mark = origin::mark("", id, SECRET);
    format!(
        "<meeting><meetingID>{id}</meetingID><internalMeetingID>{internal_id}</internalMeetingID>\
         <createTime>1700000000000</createTime><participantCount>{people}</participantCount>\
         <metadata><beadle-origin>{mark}</beadle-origin></metadata></meeting>"
    )
}

async fn app_with(meetings: &str) -> TestApp {
    let app = TestApp::start().await;
    let (url, server) = (listing(meetings).await, server(0).await);
    app.add(0, &server, |wish| (wish.url, wish.no_probe) = (url, true)).await;
    app.poll().await;
    app
}

/// A server that got a new name is easily added once more, and then the old name goes.
#[tokio::test]
async fn a_class_on_a_server_with_two_addresses_is_not_taken_for_a_lost_copy() {
    let app = TestApp::start_with(super::life::impatient).await;
    let one = server(0).await;
    let other_name = format!("http://localhost:{}", one.address().port());
    app.add(0, &one, |_| {}).await;
    app.get("create", CREATE).await.succeeded();
    app.add(1, &one, |wish| wish.url = other_name).await;
    app.set("bbb0", r#"{"url":"http://127.0.0.1:1","force":true}"#).await;
    app.poll().await;
    app.get("create", CREATE).await.succeeded();
    assert_eq!(app.server_of("class").await.as_deref(), Some("bbb1"));
    app.set("bbb0", &format!(r#"{{"url":"{}"}}"#, one.url())).await;
    for _ in 0..4 {
        app.poll().await;
    }
    assert!(one.meeting("class").is_some(), "nobody has come yet, and it runs");
    let list = app.get("getMeetings", "").await;
    assert_eq!(list.body().matches("<meeting>").count(), 1, "{}", list.body());
}

/// Whoever may create a meeting chooses its metadata.
#[tokio::test]
async fn metadata_that_looks_like_a_mark_does_not_spoil_the_list() {
    let mark = origin::mark("", "class", SECRET);
    let metadata = format!(
        "<a><![CDATA[<beadle-origin>]]></a><beadle-origin><![CDATA[{mark}]]></beadle-origin>"
    );
    let app = app_with(&format!(
        "<meeting><meetingID>class</meetingID><metadata>{metadata}</metadata></meeting>"
    ))
    .await;
    let list = app.get("getMeetings", "").await;
    let left = "<metadata><a><![CDATA[<beadle-origin>]]></a></metadata></meeting></meetings>";
    assert!(list.body().contains(left), "{}", list.body());
}

#[tokio::test]
async fn a_meeting_that_cannot_be_stored_hides_no_other() {
    let long = "x".repeat(5000);
    let meetings = [marked(&long, "i-1", 1), marked("class", &long, 1), marked("good", "i-2", 1)];
    let app = app_with(&meetings.concat()).await;
    assert_eq!(app.server_of("good").await.as_deref(), Some("bbb0"));
    assert_eq!(app.server_of("class").await, None);
}

#[tokio::test]
async fn more_people_than_can_be_counted_are_not_nobody() {
    let app = app_with(&marked("class", "i-1", 1 << 32)).await;
    assert_eq!(app.view("bbb0").await.users, u32::MAX);
}

/// Joins by internalMeetingID go on to lead to the meeting that had it first.
#[tokio::test]
async fn too_many_meetings_are_told_as_that() {
    let app = app_with(&"<meeting/>".repeat(20_000)).await;
    assert_eq!(app.view("bbb0").await.trouble, None);
    let app = app_with(&"<meeting/>".repeat(20_001)).await;
    let trouble = app.view("bbb0").await.trouble.expect("trouble");
    assert!(trouble.contains("more than 20000 meetings"), "{trouble}");
}

#[tokio::test]
async fn a_meeting_that_is_found_does_not_take_the_id_of_another() {
    let app = TestApp::start().await;
    let one = server(0).await;
    app.add(0, &one, |_| {}).await;
    app.get("create", CREATE).await.succeeded();
    let id = one.meeting("class").expect("the class").internal_id;
    let (url, two) = (listing(&marked("thief", &id, 1)).await, server(1).await);
    app.add(1, &two, |wish| (wish.url, wish.no_probe) = (url, true)).await;
    app.poll().await;
    let join = app.get("join", &format!("meetingID={id}&fullName=A&password=mp")).await;
    let location = join.header("location").expect("a location");
    assert!(location.starts_with(&one.url()), "{location}");
    assert_eq!(app.server_of("thief").await, None);
}

/// What stops in the middle may have lost what the meeting is called.
#[tokio::test]
async fn a_create_with_half_an_answer_is_not_acknowledged() {
    let app = TestApp::start().await;
    let list = "<response><returncode>SUCCESS</returncode><meetings/></response>".to_owned();
    let half = "<response><returncode>SUCCESS</returncode><meetingID>class</meetingID>".to_owned();
    let (url, server) = (answering(list, half).await, server(0).await);
    app.add(0, &server, |wish| (wish.url, wish.no_probe) = (url, true)).await;
    let answer = app.get("create", CREATE).await;
    answer.refused_with("internalError", "Unable to create meeting on server.");
}
