//! The simulated BBB server, asked over TCP as any client would.

#![expect(clippy::expect_used, reason = "a failed expectation is a failed test")]

use std::io;
use std::time::{Duration, Instant};

use beadle::bbb::checksum::{Algorithm, Checksum};
use beadle::sim::{
    BbbVersion, Call, Fault, FaultOn, NewMeeting, NotCreated, People, SimMeeting, SimOptions,
    SimPool, SimServer,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

const SECRET: &str = "s3cr3t";
const FORM: &str = "application/x-www-form-urlencoded";
const SLIDES: &str = r#"<modules><module name="presentation">
    <document url="https://files.example.org/a.pdf"/><document name="b.png">aGFsbG8=</document>
    </module></modules>"#;

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    /// Everything that came, taken apart.
    fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).expect("a status").parse().expect("a number");
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// The text of the first element with this name.
    fn text(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.body.split_once(&format!("<{name}>"))?;
        Some(rest.split_once(&format!("</{name}>"))?.0)
    }

    /// The names of all elements that begin, in order.
    fn elements(&self) -> String {
        let begins = self.body.split('<').skip(1).filter(|rest| !rest.starts_with('/'));
        let names: Vec<_> = begins.filter_map(|rest| rest.split(['>', '/']).next()).collect();
        names.join(" ")
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.split("\r\n").filter_map(|line| line.split_once(": "));
        fields.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    fn succeeded(&self) -> bool {
        self.status == 200 && self.text("returncode") == Some("SUCCESS")
    }

    fn key(&self) -> &str {
        self.text("messageKey").unwrap_or("no key")
    }
}

async fn start(version: BbbVersion) -> SimServer {
    SimServer::start(SimOptions::new(SECRET, version)).await.expect("a server")
}

/// Sends bytes on a connection of its own and reads until it ends.
async fn send(server: &SimServer, request: &str) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server.address()).await?;
    stream.write_all(request.as_bytes()).await?;
    rest(&mut stream).await
}

/// Everything up to the end of a connection, which must not take for ever.
async fn rest(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut bytes)).await??;
    Ok(bytes)
}

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: sim\r\nConnection: close\r\n\r\n")
}

fn post(target: &str, content_type: &str, body: &str) -> String {
    format!(
        "POST {target} HTTP/1.1\r\nHost: sim\r\nConnection: close\r\n\
         Content-Type: {content_type}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Path and signed query of a call.
fn signed(call: &str, query: &str) -> String {
    let checksum = Checksum::of(Algorithm::Sha1, call, query, SECRET);
    let joint = if query.is_empty() { "" } else { "&" };
    format!("/bigbluebutton/api/{call}?{query}{joint}checksum={}", checksum.as_str())
}

async fn ask(server: &SimServer, request: &str) -> Answer {
    Answer::read(&send(server, request).await.expect("an answer"))
}

async fn call(server: &SimServer, call: &str, query: &str) -> Answer {
    ask(server, &get(&signed(call, query))).await
}

// --- the protocol ---

#[tokio::test]
async fn the_index_tells_the_version_to_everybody() {
    for (version, number, graphql) in
        [(BbbVersion::V27, "2.7.9", false), (BbbVersion::V30, "3.0.10", true)]
    {
        let server = start(version).await;
        for path in ["", "/", "/api", "/api/", "/api?&checksum=nonsense"] {
            let answer = ask(&server, &get(&format!("/bigbluebutton{path}"))).await;
            assert!(answer.succeeded(), "{path}");
            assert_eq!(answer.text("version"), Some("2.0"));
            assert_eq!(answer.text("bbbVersion"), Some(number));
            assert_eq!(answer.text("graphqlApiUrl").is_some(), graphql);
            assert_eq!(answer.header("Content-Type"), Some("text/xml;charset=utf-8"));
            assert_eq!(answer.header("Cache-Control"), Some("no-cache"));
        }
    }
}

#[tokio::test]
async fn what_bbb_does_not_have_is_an_http_error() {
    let server = start(BbbVersion::V30).await;
    assert_eq!(ask(&server, &get("/")).await.status, 404);
    assert_eq!(call(&server, "setPollXML", "").await.status, 404);
    assert_eq!(call(&server, "getmeetings", "").await.status, 404);
    assert_eq!(call(&server, "insertDocument", "meetingID=m1").await.status, 405);
    let old = start(BbbVersion::V27).await;
    assert_eq!(call(&old, "sendChatMessage", "meetingID=m1&message=x").await.status, 404);
}

#[tokio::test]
async fn checksums_of_all_algorithms_are_verified_over_the_raw_query() {
    let server = start(BbbVersion::V30).await;
    let sha1 = "46cf608d2b96da8e287911640412c8a08d0ee33e";
    let sha256 = "df63a2630b483579adbc0a0f13d583b4fb5ce3c5dbf5643662cb0603f83c1b10";
    let query = "name=a+b&meetingID=r%6Fom%2d1&record=";
    let mut targets = vec![
        format!("getMeetings?checksum={sha1}"),
        format!("getMeetings?&checksum={sha1}"),
        format!("getMeetings?checksum={}", sha1.to_uppercase()),
        format!("isMeetingRunning?meetingID=room%201&checksum={sha256}"),
        format!("isMeetingRunning?checksum={sha256}&meetingID=room%201"),
    ];
    for algorithm in Algorithm::ALL {
        let checksum = Checksum::of(algorithm, "create", query, SECRET);
        targets.push(format!("create?{query}&checksum={}", checksum.as_str()));
        targets.push(format!("create?checksum={}&{query}", checksum.as_str()));
        let (first, rest) = query.split_once('&').expect("two parameters");
        targets.push(format!("create?{first}&checksum={}&{rest}", checksum.as_str()));
    }
    for target in &targets {
        let path = format!("/bigbluebutton/api/{target}");
        assert!(ask(&server, &get(&path)).await.succeeded(), "GET {target}");
        assert!(ask(&server, &post(&path, FORM, "")).await.succeeded(), "POST {target}");
    }
    assert_eq!(server.meetings().len(), 1);
}

#[tokio::test]
async fn wrong_checksums_are_refused() {
    let server = start(BbbVersion::V30).await;
    let good = signed("create", "name=One&meetingID=m1");
    let digest = good.rsplit('=').next().expect("a checksum").to_owned();
    for target in [
        good.replace("One", "Two"),
        good.replace("create", "end"),
        good.replace(&digest, &digest.replace(|c: char| c.is_ascii_digit(), "0")),
        good.replace(&digest, ""),
        good.replace(&format!("&checksum={digest}"), ""),
        good.replace(&digest, &digest[..39]),
    ] {
        let answer = ask(&server, &get(&target)).await;
        assert_eq!((answer.status, answer.key()), (200, "checksumError"), "{target}");
        assert_eq!(answer.text("returncode"), Some("FAILED"));
    }
    assert!(server.meetings().is_empty());
}

#[tokio::test]
async fn the_first_of_two_checksums_counts_only_for_bbb_27() {
    let query = "a=1&checksum=nonsense";
    let first = Checksum::of(Algorithm::Sha1, "getMeetings", query, SECRET);
    let target = format!("/bigbluebutton/api/getMeetings?checksum={}&{query}", first.as_str());
    for (version, key) in [(BbbVersion::V27, "noMeetings"), (BbbVersion::V30, "checksumError")] {
        assert_eq!(ask(&start(version).await, &get(&target)).await.key(), key);
    }
}

#[tokio::test]
async fn forms_in_the_body_are_signed_by_the_query_alone() {
    let server = start(BbbVersion::V30).await;
    let checksum = Checksum::of(Algorithm::Sha256, "create", "", SECRET);
    let body = format!("meetingID=m1&name=In+the+body&checksum={}", checksum.as_str());
    let request = post("/bigbluebutton/api/create", &format!("{FORM}; charset=utf-8"), &body);
    assert!(ask(&server, &request).await.succeeded());
    assert_eq!(server.meeting("m1").expect("a meeting").name, "In the body");
    // A parameter in both places is taken from the query.
    let request = post(&signed("create", "meetingID=m2&name=Query"), FORM, "name=Body");
    assert!(ask(&server, &request).await.succeeded());
    assert_eq!(server.meeting("m2").expect("a meeting").name, "Query");
}

#[tokio::test]
async fn content_types_that_bbb_refuses_are_refused() {
    let server = start(BbbVersion::V30).await;
    let create = signed("create", "meetingID=m1&name=One");
    let insert = signed("insertDocument", "meetingID=m1");
    for (target, content_type) in [
        (&create, "application/json"),
        (&create, "text/plain"),
        (&insert, "text/xml"),
        (&insert, FORM),
        (&signed("getMeetings", ""), "application/xml"),
    ] {
        let answer = ask(&server, &post(target, content_type, SLIDES)).await;
        assert_eq!(answer.key(), "unsupportedContentType", "{target} {content_type}");
    }
    // Without a body nobody asks what it is.
    assert!(ask(&server, &post(&create, "application/json", "")).await.succeeded());
    let answer = ask(&start(BbbVersion::V27).await, &post(&create, "text/xml", SLIDES)).await;
    assert_eq!(answer.key(), "unsupportedContentType");
}

#[tokio::test]
async fn bodies_come_with_a_length_in_chunks_or_when_invited() {
    let server = start(BbbVersion::V30).await;
    server.record_requests(true);
    for (id, content_type) in [("m1", "application/xml; charset=utf-8"), ("m2", "text/xml")] {
        let target = signed("create", &format!("meetingID={id}&name=One"));
        assert!(ask(&server, &post(&target, content_type, SLIDES)).await.succeeded());
    }
    let head = |id: &str, fields: &str| {
        let target = signed("create", &format!("meetingID={id}&name=One"));
        format!("POST {target} HTTP/1.1\r\nContent-Type: application/xml\r\n{fields}\r\n\r\n")
    };
    let (first, second) = SLIDES.split_at(71);
    let chunks = format!(
        "{}{:x}\r\n{first}\r\n{:X};ext=1\r\n{second}\r\n0\r\nTrailer: x\r\n\r\n{}",
        head("m3", "Transfer-Encoding: chunked"),
        first.len(),
        second.len(),
        get(&signed("getMeetingInfo", "meetingID=m3")),
    );
    let both = send(&server, &chunks).await.expect("two answers");
    assert_eq!(both.windows(7).filter(|part| part == b"SUCCESS").count(), 2);

    let mut stream = TcpStream::connect(server.address()).await.expect("a connection");
    let expecting = head(
        "m4",
        &format!("Expect: 100-continue\r\nConnection: close\r\nContent-Length: {}", SLIDES.len()),
    );
    stream.write_all(expecting.as_bytes()).await.expect("sent");
    let mut invitation = [0; 25];
    stream.read_exact(&mut invitation).await.expect("an invitation");
    assert_eq!(&invitation, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(SLIDES.as_bytes()).await.expect("sent");
    let answer = rest(&mut stream).await.expect("an answer");
    assert!(Answer::read(&answer).succeeded());
    for id in ["m1", "m2", "m3", "m4"] {
        assert_eq!(server.meeting(id).expect("a meeting").documents, 2, "{id}");
    }
    let bodies: Vec<_> = server.requests().into_iter().map(|request| request.body).collect();
    assert_eq!(bodies.iter().filter(|body| *body == SLIDES.as_bytes()).count(), 4);
}

#[tokio::test]
async fn connections_are_kept_and_answer_in_order() {
    let server = start(BbbVersion::V30).await;
    let mut stream = TcpStream::connect(server.address()).await.expect("a connection");
    let request = |call: &str, query: &str| {
        format!("GET {} HTTP/1.1\r\nHost: sim\r\n\r\n", signed(call, query))
    };
    // Three at once, the last one in two parts.
    let last = get(&signed("isMeetingRunning", "meetingID=m1"));
    let (begin, end) = last.split_at(20);
    let first = request("create", "meetingID=m1&name=One") + &request("getMeetings", "") + begin;
    stream.write_all(first.as_bytes()).await.expect("sent");
    let mut bytes = vec![0; 15];
    stream.read_exact(&mut bytes).await.expect("an answer before all is sent");
    stream.write_all(end.as_bytes()).await.expect("sent");
    bytes.extend(rest(&mut stream).await.expect("answers"));
    let text = String::from_utf8(bytes).expect("text");
    let places: Vec<_> = ["<messageKey></messageKey>", "<meetings>", "<running>false</running>"]
        .map(|part| text.find(part).expect("each answer"))
        .into();
    assert!(places.is_sorted());
    assert_eq!(text.matches("Connection: close").count(), 1);
}

#[tokio::test]
async fn what_is_no_request_gets_a_status() {
    let server = start(BbbVersion::V30).await;
    assert_eq!(ask(&server, "hello\r\n\r\n").await.status, 400);
    assert_eq!(ask(&server, &get(&format!("/{}", "x".repeat(70_000)))).await.status, 414);
    let huge = "POST /x HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n";
    assert_eq!(ask(&server, huge).await.status, 413);
    let chunked = "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n";
    assert_eq!(ask(&server, chunked).await.status, 400);
}

// --- create ---

#[tokio::test]
async fn create_answers_what_front_ends_read() {
    let server = start(BbbVersion::V30).await;
    let query = "meetingID=room-42&name=Physics&attendeePW=ap&moderatorPW=mp&record=true\
                 &duration=90&maxParticipants=7&voiceBridge=71234&meta_Gl-Listed=no\
                 &meta_gl-listed=yes&meta_9x=dropped&meta_a%3Cb=dropped&unknown=1";
    let answer = call(&server, "create", query).await;
    assert!(answer.succeeded());
    assert_eq!(
        answer.elements(),
        "response returncode meetingID internalMeetingID parentMeetingID attendeePW \
             moderatorPW createTime voiceBridge dialNumber createDate hasUserJoined duration \
             hasBeenForciblyEnded messageKey message"
    );
    let meeting = server.meeting("room-42").expect("a meeting");
    assert_eq!(
        meeting.internal_id,
        format!("6fea8cf5c91f71a844862ead37a54d70198c664e-{}", meeting.create_time)
    );
    assert_eq!(answer.text("internalMeetingID"), Some(meeting.internal_id.as_str()));
    assert_eq!(answer.text("createTime"), Some(meeting.create_time.to_string().as_str()));
    assert_eq!(answer.text("parentMeetingID"), Some("bbb-none"));
    assert_eq!((answer.text("attendeePW"), answer.text("moderatorPW")), (Some("ap"), Some("mp")));
    assert_eq!((meeting.duration, meeting.max_participants, meeting.record), (90, 7, true));
    assert_eq!(meeting.voice_bridge, "71234");
    assert_eq!(meeting.metadata, [("gl-listed".to_owned(), "yes".to_owned())]);
    assert!(!meeting.has_user_joined);
}

#[tokio::test]
async fn create_again_is_a_warning_unless_the_passwords_differ() {
    let server = start(BbbVersion::V30).await;
    let both = "&attendeePW=ap&moderatorPW=mp";
    let create = |more: &str| format!("meetingID=room-42&name=Physics{more}");
    let first = call(&server, "create", &create(both)).await;
    for more in [both, ""] {
        let again = call(&server, "create", &create(more)).await;
        assert!(again.succeeded());
        assert_eq!(again.key(), "duplicateWarning");
        assert_eq!(again.text("createTime"), first.text("createTime"));
    }
    for more in
        ["&attendeePW=ap&moderatorPW=other", "&attendeePW=other&moderatorPW=mp", "&moderatorPW=mp"]
    {
        let again = call(&server, "create", &create(more)).await;
        assert_eq!((again.text("returncode"), again.key()), (Some("FAILED"), "idNotUnique"));
    }
    assert_eq!(server.meetings().len(), 1);
}

#[tokio::test]
async fn a_meeting_made_again_is_another_one() {
    let server = start(BbbVersion::V30).await;
    let mut ids = Vec::new();
    // Much faster than one in a millisecond.
    for _ in 0..100 {
        ids.push(server.put_meeting(NewMeeting::new("m1")).expect("a meeting").internal_id);
        assert!(server.forget("m1"));
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 100);
}

#[tokio::test]
async fn create_refuses_what_bbb_refuses() {
    let server = start(BbbVersion::V30).await;
    let long = "x".repeat(257);
    for (query, key) in [
        ("name=One".to_owned(), "missingParamMeetingID"),
        ("meetingID=&name=One".to_owned(), "missingParamMeetingID"),
        ("meetingID=%20%01+&name=One".to_owned(), "missingParamMeetingID"),
        ("meetingID=m&name=One".to_owned(), "validationError"),
        (format!("meetingID={long}&name=One"), "validationError"),
        ("meetingID=a%2Cb&name=One".to_owned(), "validationError"),
        ("meetingID=m1".to_owned(), "validationError"),
        ("meetingID=m1&name=O".to_owned(), "validationError"),
        (format!("meetingID=m1&name={long}"), "validationError"),
        ("meetingID=m1&name=One&attendeePW=x".to_owned(), "validationError"),
        ("meetingID=m1&name=One&voiceBridge=x1".to_owned(), "validationError"),
        ("meetingID=m1&name=One&isBreakout=true".to_owned(), "parentMeetingIDMissing"),
        (
            "meetingID=m1&name=One&isBreakout=true&parentMeetingID=none".to_owned(),
            "parentMeetingDoesNotExist",
        ),
    ] {
        let answer = call(&server, "create", &query).await;
        assert_eq!((answer.text("returncode"), answer.key()), (Some("FAILED"), key), "{query}");
        assert!(answer.text("message").is_some_and(|message| !message.is_empty()));
    }
    assert!(server.meetings().is_empty());
    let longest = &long[1..];
    assert!(
        call(&server, "create", &format!("meetingID={longest}&name={longest}")).await.succeeded()
    );
}

#[tokio::test]
async fn a_taken_voice_bridge_is_refused_in_the_other_form() {
    let server = start(BbbVersion::V30).await;
    assert!(call(&server, "create", "meetingID=m1&name=One&voiceBridge=70001").await.succeeded());
    let answer = call(&server, "create", "meetingID=m2&name=Two&voiceBridge=70001").await;
    assert_eq!(answer.elements(), "response returncode errors error key message");
    assert_eq!(answer.text("key"), Some("nonUniqueVoiceBridge"));
    // Once it is free, it can be had.
    server.forget("m1");
    assert!(call(&server, "create", "meetingID=m2&name=Two&voiceBridge=70001").await.succeeded());
}

#[tokio::test]
async fn values_are_cleaned_when_read_and_escaped_when_written() {
    let server = start(BbbVersion::V30).await;
    let query = "meetingID=+m%0A1%7F+&name=%3CA%26B%3E+%22%C3%A9%22&meta_x=%00a%3C+";
    assert!(call(&server, "create", query).await.succeeded());
    let meeting = server.meeting("m1").expect("a meeting");
    assert_eq!(meeting.name, "<A&B> \"é\"");
    assert_eq!(meeting.metadata, [("x".to_owned(), "a<".to_owned())]);
    let info = call(&server, "getMeetingInfo", "meetingID=%09m1").await;
    assert_eq!(info.text("meetingName"), Some("&lt;A&amp;B&gt; &quot;é&quot;"));
    assert_eq!(info.text("x"), Some("a&lt;"));
}

// --- breakouts ---

#[tokio::test]
async fn breakouts_have_the_ids_that_bbb_gives_them() {
    let server = start(BbbVersion::V30).await;
    call(&server, "create", "meetingID=parent&name=Parent").await;
    let parent = server.meeting("parent").expect("a meeting").internal_id;
    let info = call(&server, "getMeetingInfo", "meetingID=parent").await;
    assert_eq!((info.text("isBreakout"), info.text("breakoutRooms")), (Some("false"), None));
    let mut children = Vec::new();
    for (sequence, named) in [(1, "parent"), (2, parent.as_str())] {
        let requested = format!("child{sequence}-1760000000123");
        let query = format!(
            "meetingID={requested}&name=Room&isBreakout=true&parentMeetingID={named}\
             &sequence={sequence}"
        );
        let answer = call(&server, "create", &query).await;
        assert_eq!(answer.text("internalMeetingID"), Some(requested.as_str()));
        assert_eq!(answer.text("parentMeetingID"), Some(parent.as_str()));
        let seed = format!("{parent}-1760000000123-{sequence}");
        let hash = Checksum::of(Algorithm::Sha1, "", &seed, "");
        let id = format!("{}-1760000000123", hash.as_str());
        assert_eq!(answer.text("meetingID"), Some(id.as_str()));
        assert_eq!(call(&server, "create", &query).await.key(), "duplicateWarning");
        let info = call(&server, "getMeetingInfo", &format!("meetingID={id}")).await;
        assert_eq!(info.text("isBreakout"), Some("true"));
        assert_eq!(info.text("sequence"), Some(sequence.to_string().as_str()));
        assert_eq!(info.text("freeJoin"), Some("false"));
        children.push(requested);
    }
    let info = call(&server, "getMeetingInfo", "meetingID=parent").await;
    let rooms =
        format!("\n<breakout>{}</breakout>\n<breakout>{}</breakout>\n", children[0], children[1]);
    assert_eq!(info.text("breakoutRooms"), Some(rooms.as_str()));
    // One ends alone, the other one with its parent.
    assert!(call(&server, "end", &format!("meetingID={}", children[0])).await.succeeded());
    let info = call(&server, "getMeetingInfo", "meetingID=parent").await;
    assert!(!info.body.contains(&children[0]) && info.body.contains(&children[1]));
    assert!(call(&server, "end", "meetingID=parent").await.succeeded());
    assert!(server.meetings().is_empty());
}

// --- join ---

#[tokio::test]
async fn join_lets_people_in_and_sends_them_to_the_client() {
    for (version, client) in
        [(BbbVersion::V27, "html5client/join?"), (BbbVersion::V30, "html5client/?")]
    {
        let server = start(version).await;
        call(&server, "create", "meetingID=m1&name=One&attendeePW=ap&moderatorPW=mp").await;
        for query in
            ["fullName=Ada&role=moderator&userID=u1&userdata-lang=de", "fullName=Bob&password=ap"]
        {
            let answer = call(&server, "join", &format!("meetingID=m1&{query}")).await;
            assert_eq!((answer.status, answer.body.as_str()), (302, ""));
            let start = format!("http://{}/{client}sessionToken=", server.address());
            assert!(answer.header("Location").is_some_and(|url| url.starts_with(&start)));
            assert!(answer.header("Set-Cookie").is_some_and(|it| it.starts_with("JSESSIONID=")));
        }
        let meeting = server.meeting("m1").expect("a meeting");
        assert_eq!(meeting.people, People { viewers: 1, moderators: 1, ..People::default() });
        assert_eq!(meeting.joined, ["Ada", "Bob"]);
        assert!(meeting.has_user_joined);
        let info = call(&server, "getMeetingInfo", "meetingID=m1").await;
        assert_eq!(info.text("running"), Some("true"));
        assert_eq!(info.text("participantCount"), Some("2"));
        assert_eq!(info.text("userID"), Some("u1"));
        assert_eq!(info.text("customdata"), Some("\n<lang>de</lang>\n"));
    }
}

#[tokio::test]
async fn join_without_redirect_answers_in_xml() {
    let server = start(BbbVersion::V30).await;
    call(&server, "create", "meetingID=m1&name=One&moderatorPW=mp").await;
    let meeting = server.meeting("m1").expect("a meeting");
    let query = format!(
        "meetingID={}&fullName=Ada&password=mp&redirect=false&createTime={}",
        meeting.internal_id, meeting.create_time
    );
    let answer = call(&server, "join", &query).await;
    assert!(answer.succeeded());
    assert_eq!(
        answer.elements(),
        "response returncode messageKey message meeting_id user_id auth_token \
             session_token guestStatus url"
    );
    assert_eq!(answer.text("meeting_id"), Some(meeting.internal_id.as_str()));
    let token = answer.text("session_token").expect("a token");
    assert!(answer.text("url").is_some_and(|url| url.ends_with(token)));
    let failed = call(&server, "join", "meetingID=none&fullName=Ada&redirect=false").await;
    assert_eq!((failed.status, failed.key()), (200, "notFound"));
}

#[tokio::test]
async fn join_tells_browsers_at_another_address_why_they_are_not_let_in() {
    let server = start(BbbVersion::V30).await;
    let home = format!("http://{}/", server.address());
    let logout = "http%3A%2F%2Ffe%2Fout%3Fa%3D1";
    call(&server, "create", &format!("meetingID=m1&name=One&logoutURL={logout}&maxParticipants=1"))
        .await;
    call(&server, "create", "meetingID=m2&name=Two").await;
    call(&server, "join", "meetingID=m1&fullName=Ada&role=VIEWER").await;
    for (query, start, key) in [
        ("meetingID=none&fullName=Ada&role=VIEWER", format!("{home}?"), "notFound"),
        ("fullName=Ada&role=VIEWER", format!("{home}?"), "missingParamMeetingID"),
        ("meetingID=m2&role=VIEWER", format!("{home}?"), "missingParamFullName"),
        (
            "meetingID=m2&fullName=Ada&role=VIEWER&createTime=1",
            format!("{home}?"),
            "mismatchCreateTimeParam",
        ),
        (
            "meetingID=m1&fullName=Ada&role=VIEWER",
            "http://fe/out?a=1&".to_owned(),
            "maxParticipantsReached",
        ),
        (
            "meetingID=m1&fullName=Ada&role=VIEWER&logoutURL=http://other/%C3%A9",
            "http://other/%C3%A9?".to_owned(),
            "maxParticipantsReached",
        ),
        (
            "meetingID=none&fullName=Ada&logoutURL=http://a/&errorRedirectUrl=http://b/",
            "http://b/?".to_owned(),
            "notFound",
        ),
    ] {
        let answer = call(&server, "join", query).await;
        assert_eq!(answer.status, 302, "{query}");
        let location = answer.header("Location").expect("an address");
        assert!(location.starts_with(&format!("{start}errors=%5B%7B")), "{query}: {location}");
        assert!(location.contains(&format!("%22{key}%22")), "{query}: {location}");
    }
    assert_eq!(server.meeting("m2").expect("a meeting").people.total(), 0);
}

#[tokio::test]
async fn join_needs_a_role_or_a_password_of_the_meeting() {
    let server = start(BbbVersion::V30).await;
    call(&server, "create", "meetingID=m1&name=One&attendeePW=ap&moderatorPW=mp").await;
    for more in ["", "&password=wrong", "&role=KING", "&role=KING&password=wrong"] {
        let answer = call(&server, "join", &format!("meetingID=m1&fullName=Ada{more}")).await;
        assert_eq!((answer.status, answer.key()), (200, "Params required"), "{more}");
    }
    let answer = call(&server, "join", "meetingID=m1&fullName=Ada&role=VIEWER&password=mp").await;
    assert_eq!(answer.status, 302);
    let people = server.meeting("m1").expect("a meeting").people;
    assert_eq!(people, People { viewers: 1, ..People::default() });
}

// --- looking ---

/// What BBB shows of a meeting with three people and one entry of metadata.
const SHOWN: &str = "meetingName meetingID internalMeetingID createTime createDate voiceBridge \
    dialNumber attendeePW moderatorPW running duration hasUserJoined recording \
    hasBeenForciblyEnded startTime endTime participantCount listenerCount voiceParticipantCount \
    videoCount maxUsers moderatorCount attendees \
    attendee userID fullName role isPresenter isListeningOnly hasJoinedVoice hasVideo clientType \
    attendee userID fullName role isPresenter isListeningOnly hasJoinedVoice hasVideo clientType \
    attendee userID fullName role isPresenter isListeningOnly hasJoinedVoice hasVideo clientType \
    metadata bbb-origin isBreakout";

/// A server with one meeting of three people.
async fn with_people() -> (SimServer, SimMeeting) {
    let server = start(BbbVersion::V30).await;
    let new = NewMeeting {
        metadata: vec![("bbb-origin".to_owned(), "demo".to_owned())],
        people: People { viewers: 2, moderators: 1, cameras: 2, voice: 1, listeners: 1 },
        ..NewMeeting::new("room-42")
    };
    let meeting = server.put_meeting(new).expect("a meeting");
    (server, meeting)
}

#[tokio::test]
async fn meetings_are_shown_in_bbbs_order_of_elements() {
    let (server, meeting) = with_people().await;
    for id in [&meeting.meeting_id, &meeting.internal_id] {
        let info = call(&server, "getMeetingInfo", &format!("meetingID={id}")).await;
        assert_eq!(info.elements(), format!("response returncode {SHOWN}"));
    }
    let all = call(&server, "getMeetings", "").await;
    assert_eq!(all.elements(), format!("response returncode meetings meeting {SHOWN}"));
}

#[tokio::test]
async fn people_are_counted_and_shown_alike() {
    let (server, _) = with_people().await;
    let info = call(&server, "getMeetingInfo", "meetingID=room-42").await;
    for (element, count) in [
        ("participantCount", "3"),
        ("moderatorCount", "1"),
        ("videoCount", "2"),
        ("voiceParticipantCount", "1"),
        ("listenerCount", "1"),
    ] {
        assert_eq!(info.text(element), Some(count), "{element}");
    }
    for (part, count) in [
        ("<role>MODERATOR</role>", 1),
        ("<isPresenter>true</isPresenter>", 1),
        ("<hasVideo>true</hasVideo>", 2),
        ("<hasJoinedVoice>true</hasJoinedVoice>", 1),
        ("<isListeningOnly>true</isListeningOnly>", 1),
    ] {
        assert_eq!(info.body.matches(part).count(), count, "{part}");
    }
}

#[tokio::test]
async fn get_meetings_follows_every_change() {
    let server = start(BbbVersion::V30).await;
    let empty = call(&server, "getMeetings", "").await;
    assert!(empty.succeeded());
    assert_eq!(empty.elements(), "response returncode meetings messageKey message");
    assert_eq!(empty.key(), "noMeetings");
    for id in ["m2", "m1", "m3"] {
        server.put_meeting(NewMeeting::new(id)).expect("a meeting");
    }
    let shown = async |part: &str| call(&server, "getMeetings", "").await.body.contains(part);
    let answer = call(&server, "getMeetings", "").await;
    let places = ["m2", "m1", "m3"].map(|id| answer.body.find(&format!("<meetingID>{id}<")));
    assert!(places.is_sorted() && places[0].is_some());
    assert!(!shown("<running>true</running>").await);
    assert!(server.add_people("m1", 3, 1));
    assert!(shown("<participantCount>4</participantCount>").await);
    assert!(server.set_cameras("m1", 99));
    assert!(shown("<videoCount>4</videoCount>").await);
    assert!(server.set_voice("m1", 1, 99));
    assert!(shown("<listenerCount>3</listenerCount>").await);
    assert!(server.remove_people("m1", 3));
    assert!(shown("<videoCount>1</videoCount>").await);
    assert!(server.remove_people("m1", 9));
    assert!(!shown("<running>true</running>").await);
    assert!(shown("<hasUserJoined>true</hasUserJoined>").await);
    assert!(server.forget("m2"));
    assert!(!shown("<meetingID>m2</meetingID>").await);
    server.forget_all();
    assert!(shown("noMeetings").await);
    assert!(!server.forget("m1") && !server.add_people("m1", 1, 1) && !server.set_cameras("m1", 1));
}

#[tokio::test]
async fn people_who_joined_leave_last() {
    let server = start(BbbVersion::V30).await;
    server.put_meeting(NewMeeting::new("m1")).expect("a meeting");
    call(&server, "join", "meetingID=m1&fullName=Ada&role=MODERATOR").await;
    call(&server, "join", "meetingID=m1&fullName=Bob&role=VIEWER").await;
    server.add_people("m1", 2, 1);
    server.remove_people("m1", 3);
    assert_eq!(server.meeting("m1").expect("a meeting").joined, ["Ada", "Bob"]);
    server.remove_people("m1", 1);
    let meeting = server.meeting("m1").expect("a meeting");
    assert_eq!(meeting.joined, ["Ada"]);
    assert_eq!(meeting.people, People { moderators: 1, ..People::default() });
}

#[tokio::test]
async fn bbb_27_groups_the_digits_of_counts() {
    for (version, count) in [(BbbVersion::V27, "1,024"), (BbbVersion::V30, "1024")] {
        let server = start(version).await;
        let people = People { viewers: 1_024, ..People::default() };
        server.put_meeting(NewMeeting { people, ..NewMeeting::new("m1") }).expect("a meeting");
        let info = call(&server, "getMeetingInfo", "meetingID=m1").await;
        assert_eq!(info.text("participantCount"), Some(count));
        assert!(!info.text("createTime").expect("a time").contains(','));
    }
}

#[tokio::test]
async fn is_meeting_running_means_that_somebody_is_in_it() {
    let server = start(BbbVersion::V30).await;
    let running = async |id: &str| {
        let answer = call(&server, "isMeetingRunning", &format!("meetingID={id}")).await;
        assert!(answer.succeeded());
        answer.text("running").map(str::to_owned)
    };
    assert_eq!(running("m1").await.as_deref(), Some("false"));
    server.put_meeting(NewMeeting::new("m1")).expect("a meeting");
    assert_eq!(running("m1").await.as_deref(), Some("false"));
    server.add_people("m1", 1, 0);
    assert_eq!(running("m1").await.as_deref(), Some("true"));
    assert_eq!(call(&server, "isMeetingRunning", "").await.key(), "missingParamMeetingID");
}

#[tokio::test]
async fn get_sessions_names_who_joined() {
    let server = start(BbbVersion::V30).await;
    assert_eq!(call(&server, "getSessions", "").await.key(), "noSessions");
    call(&server, "create", "meetingID=m1&name=Physics").await;
    assert_eq!(call(&server, "getSessions", "").await.key(), "noSessions");
    call(&server, "join", "meetingID=m1&fullName=Ada&role=VIEWER").await;
    let answer = call(&server, "getSessions", "").await;
    assert_eq!(
        answer.elements(),
        "response returncode sessions meeting meetingID meetingName userName"
    );
    let internal = server.meeting("m1").expect("a meeting").internal_id;
    assert_eq!(answer.text("meetingID"), Some(internal.as_str()));
    assert_eq!(answer.text("userName"), Some("Ada"));
}

// --- inside a meeting ---

#[tokio::test]
async fn end_takes_either_id_and_the_right_password_or_none() {
    let server = start(BbbVersion::V30).await;
    for more in ["", "&password=mp"] {
        for internal in [false, true] {
            call(&server, "create", "meetingID=m1&name=One&moderatorPW=mp").await;
            let meeting = server.meeting("m1").expect("a meeting");
            let id = if internal { meeting.internal_id } else { meeting.meeting_id };
            let wrong = call(&server, "end", &format!("meetingID={id}&password=ap")).await;
            assert_eq!(wrong.key(), "invalidPassword");
            assert_eq!(server.meetings().len(), 1);
            let ended = call(&server, "end", &format!("meetingID={id}{more}")).await;
            assert_eq!((ended.succeeded(), ended.key()), (true, "sentEndMeetingRequest"));
            let again = call(&server, "end", &format!("meetingID={id}{more}")).await;
            assert_eq!((again.text("returncode"), again.key()), (Some("FAILED"), "notFound"));
            assert!(server.meetings().is_empty());
        }
    }
    assert_eq!(call(&server, "end", "").await.key(), "missingParamMeetingID");
    assert_eq!(call(&server, "getMeetingInfo", "meetingID=m1").await.key(), "notFound");
}

#[tokio::test]
async fn documents_are_inserted_unless_the_meeting_has_none() {
    let server = start(BbbVersion::V30).await;
    let insert = |id: &str| signed("insertDocument", &format!("meetingID={id}"));
    let send = async |id: &str, body: &str| {
        ask(&server, &post(&insert(id), "application/xml", body)).await
    };
    call(&server, "create", "meetingID=m1&name=One").await;
    call(&server, "create", "meetingID=m2&name=Two&disabledFeatures=chat,presentation").await;
    let answer = send("m1", SLIDES).await;
    assert!(answer.succeeded());
    assert_eq!(answer.elements(), "response returncode message");
    assert_eq!(server.meeting("m1").expect("a meeting").documents, 2);
    assert_eq!(send("m1", "<modules><documents/></modules>").await.key(), "validationError");
    assert_eq!(send("m2", SLIDES).await.key(), "presentationDisabled");
    assert_eq!(send("m3", SLIDES).await.key(), "notFound");
}

#[tokio::test]
async fn chat_messages_reach_only_running_meetings() {
    let server = start(BbbVersion::V30).await;
    let chat =
        async |more: &str| call(&server, "sendChatMessage", &format!("meetingID=m1&{more}")).await;
    assert_eq!(chat("message=hello").await.key(), "meetingNotFound");
    server.put_meeting(NewMeeting::new("m1")).expect("a meeting");
    assert_eq!(chat("message=hello").await.key(), "meetingNotFound");
    server.add_people("m1", 1, 0);
    let answer = chat("message=hello&userName=System").await;
    assert!(answer.succeeded());
    assert_eq!((answer.key(), answer.text("message")), ("", Some("")));
    assert_eq!(chat("message=").await.key(), "validationError");
    assert_eq!(chat(&format!("message={}", "x".repeat(501))).await.key(), "validationError");
    let long_name = format!("message=x&userName={}", "x".repeat(256));
    assert_eq!(chat(&long_name).await.key(), "validationError");
    assert_eq!(server.meeting("m1").expect("a meeting").chat_messages, 1);
}

#[tokio::test]
async fn the_recording_library_is_empty() {
    let server = start(BbbVersion::V30).await;
    let list = call(&server, "getRecordings", "meetingID=m1").await;
    assert_eq!((list.succeeded(), list.key()), (true, "noRecordings"));
    assert_eq!(list.text("recordings"), Some(""));
    for (name, query, key) in [
        ("publishRecordings", "publish=true", "missingParamRecordID"),
        ("publishRecordings", "recordID=r1", "missingParamPublish"),
        ("publishRecordings", "recordID=r1&publish=true", "notFound"),
        ("deleteRecordings", "", "missingParamRecordID"),
        ("deleteRecordings", "recordID=r1", "notFound"),
        ("updateRecordings", "recordID=r1&meta_x=1", "notFound"),
    ] {
        let answer = call(&server, name, query).await;
        assert_eq!(
            (answer.text("returncode"), answer.key()),
            (Some("FAILED"), key),
            "{name} {query}"
        );
    }
    let tracks = call(&server, "getRecordingTextTracks", "recordID=r1").await;
    assert_eq!(tracks.header("Content-Type"), Some("application/json;charset=utf-8"));
    assert!(tracks.body.contains(r#""messageKey":"noRecordings""#));
    let target = signed("putRecordingTextTrack", "recordID=r1&kind=subtitles&lang=de");
    let put = ask(&server, &post(&target, "multipart/form-data; boundary=x", "--x--")).await;
    assert!(put.body.contains(r#""returncode":"FAILED""#));
}

/// A front end that hears of ended meetings: the first line of each request.
async fn hears(listener: &TcpListener) -> String {
    let waited = tokio::time::timeout(Duration::from_secs(20), listener.accept()).await;
    let (mut stream, _) = waited.expect("a call in time").expect("a connection");
    let mut request = vec![0; 2048];
    let length = stream.read(&mut request).await.expect("a request");
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.expect("sent");
    request.truncate(length);
    let request = String::from_utf8_lossy(&request);
    request.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn front_ends_are_told_that_a_meeting_has_ended() {
    let front_end = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let url = format!("http://{}", front_end.local_addr().expect("an address"));
    let server = start(BbbVersion::V30).await;
    let create = |id: &str, more: &str| {
        let query = format!("meetingID={id}&name=Physics&{more}");
        let server = server.clone();
        async move { assert!(call(&server, "create", &query).await.succeeded()) }
    };
    create("m+1", &format!("meetingEndedURL={url}/ended%3Fsalt%3D1")).await;
    assert!(call(&server, "end", "meetingID=m+1").await.succeeded());
    let heard = hears(&front_end).await;
    assert_eq!(heard, "GET /ended?salt=1&recordingmarks=false&meetingID=m+1 HTTP/1.1");

    create("m2", &format!("meta_endCallbackUrl={url}/gone&meetingEndedURL={url}/too")).await;
    let ended = tokio::spawn({
        let server = server.clone();
        async move { server.end_meeting("m2").await }
    });
    let heard = hears(&front_end).await;
    assert_eq!(heard, "GET /gone?recordingmarks=false&meetingID=m2 HTTP/1.1");
    assert!(hears(&front_end).await.starts_with("GET /too?"));
    assert!(ended.await.expect("an end"), "there was such a meeting");
    assert!(!server.end_meeting("m2").await, "it is gone");

    // A server that loses its meetings tells nobody.
    create("m3", &format!("meetingEndedURL={url}/lost")).await;
    server.forget("m3");
    create("m4", &format!("meetingEndedURL={url}/last")).await;
    assert!(call(&server, "end", "meetingID=m4").await.succeeded());
    assert!(hears(&front_end).await.starts_with("GET /last?"));
}

#[tokio::test]
async fn an_ended_meeting_lingers_when_told_so() {
    let server = start(BbbVersion::V30).await;
    server.linger(Duration::from_mins(10));
    server.record_requests(true);
    assert!(call(&server, "create", "meetingID=m1&name=One&voiceBridge=71234").await.succeeded());
    server.add_people("m1", 3, 1);
    let first = server.meeting("m1").expect("a meeting");
    assert!(call(&server, "end", "meetingID=m1").await.succeeded());
    assert_eq!(server.ended(), std::slice::from_ref(&first));
    assert!(server.meeting("m1").is_none() && server.meetings().is_empty());
    assert!(!server.add_people("m1", 1, 0));
    for question in ["getMeetings", "getMeetingInfo"] {
        let answer = call(&server, question, "meetingID=m1").await;
        assert_eq!(answer.text("hasBeenForciblyEnded"), Some("true"), "{question}");
        assert_eq!(answer.text("running"), Some("false"), "{question}");
    }
    let join = call(&server, "join", "meetingID=m1&fullName=Ada&role=viewer&redirect=false").await;
    assert_eq!(join.key(), "meetingForciblyEnded");
    assert!(call(&server, "end", "meetingID=m1").await.succeeded());
    assert_eq!(server.ended().len(), 2, "the second end hit a meeting that had ended");

    // Its successor has its id and its number, and is the one that is asked for.
    assert!(call(&server, "create", "meetingID=m1&name=One&voiceBridge=71234").await.succeeded());
    let second = server.meeting("m1").expect("a meeting");
    assert_ne!(second.internal_id, first.internal_id);
    let info = call(&server, "getMeetingInfo", "meetingID=m1").await;
    assert_eq!(info.text("hasBeenForciblyEnded"), Some("false"));
    let list = call(&server, "getMeetings", "").await;
    assert_eq!(list.body.matches("<meeting>").count(), 2);

    server.linger(Duration::from_millis(1));
    assert!(call(&server, "end", "meetingID=m1").await.succeeded());
    let mut left = 2;
    while left > 1 {
        let list = call(&server, "getMeetings", "").await;
        left = list.body.matches("<meeting>").count();
    }
}

// --- faults ---

/// A server with the meeting `m1` and this fault on everything.
async fn faulty(fault: Fault) -> SimServer {
    let server = start(BbbVersion::V30).await;
    server.put_meeting(NewMeeting::new("m1")).expect("a meeting");
    server.fault(FaultOn::All, fault, None);
    server
}

#[tokio::test]
async fn fault_answers_are_as_told_and_nothing_is_done() {
    let text = |text: &str| text.to_owned();
    let failed = Fault::Failed { key: text("busy"), message: text("come <back>") };
    for (fault, status, key) in [
        (Fault::Status(500), 500, None),
        (Fault::Status(503), 503, None),
        (Fault::Empty, 200, None),
        (failed, 200, Some("busy")),
        (Fault::WrongChecksum, 200, Some("checksumError")),
    ] {
        let server = faulty(fault).await;
        let answer = call(&server, "create", "meetingID=m2&name=Two").await;
        assert_eq!((answer.status, answer.text("messageKey")), (status, key));
        assert_eq!(server.meetings().len(), 1);
        server.clear_faults();
        assert!(call(&server, "create", "meetingID=m2&name=Two").await.succeeded());
    }
    let server = faulty(Fault::Empty).await;
    assert_eq!(call(&server, "getMeetings", "").await.body, "");
    let server = faulty(Fault::ErrorsForm { key: text("k"), message: text("m") }).await;
    let answer = call(&server, "getMeetings", "").await;
    assert_eq!(answer.elements(), "response returncode errors error key message");
    let server = faulty(Fault::Garbage).await;
    let bytes = send(&server, &get(&signed("getMeetings", ""))).await.expect("an answer");
    assert!(bytes.starts_with(b"HTTP/1.1 200 OK"));
    assert!(!String::from_utf8_lossy(&bytes).contains("<response>"));
}

#[tokio::test]
async fn fault_slow_does_at_once_and_answers_late() {
    let delay = Duration::from_millis(150);
    let server = faulty(Fault::Slow(delay)).await;
    let begin = Instant::now();
    let answer = tokio::spawn({
        let server = server.clone();
        async move { call(&server, "create", "meetingID=m2&name=Two").await }
    });
    server.wait_for_requests(Call::Create, 1).await;
    assert!(server.meeting("m2").is_some());
    assert!(!answer.is_finished());
    assert!(answer.await.expect("an answer").succeeded());
    assert!(begin.elapsed() >= delay);
    // It adds to another fault.
    server.fault(Call::GetMeetings, Fault::Status(502), Some(1));
    let begin = Instant::now();
    assert_eq!(call(&server, "getMeetings", "").await.status, 502);
    assert!(begin.elapsed() >= delay);
}

#[tokio::test]
async fn fault_late_does_it_late_also_for_those_who_have_left() {
    let delay = Duration::from_millis(150);
    let server = faulty(Fault::Late(delay)).await;
    let begin = Instant::now();
    let mut stream = TcpStream::connect(server.address()).await.expect("a connection");
    let request = get(&signed("create", "meetingID=m2&name=Two"));
    stream.write_all(request.as_bytes()).await.expect("a request");
    server.wait_for_requests(Call::Create, 1).await;
    let at_once = server.meeting("m2");
    assert!(at_once.is_none() || begin.elapsed() >= delay, "it was made at once");
    drop(stream);
    // Asked later and for longer, so it is answered after the deed.
    server.fault(Call::GetMeetingInfo, Fault::Late(delay), Some(1));
    assert!(call(&server, "getMeetingInfo", "meetingID=m2").await.succeeded());
    assert!(begin.elapsed() >= delay);
    // It adds to another fault.
    server.fault(Call::GetMeetings, Fault::Status(502), Some(1));
    let begin = Instant::now();
    assert_eq!(call(&server, "getMeetings", "").await.status, 502);
    assert!(begin.elapsed() >= delay);
    // What a server has not done when it stops stays undone.
    server.clear_faults();
    server.fault(Call::Create, Fault::Late(Duration::from_hours(1)), Some(1));
    let mut stream = TcpStream::connect(server.address()).await.expect("a connection");
    let request = get(&signed("create", "meetingID=m3&name=Three"));
    stream.write_all(request.as_bytes()).await.expect("a request");
    server.wait_for_requests(Call::Create, 2).await;
    server.stop().await;
    assert_eq!(rest(&mut stream).await.unwrap_or_default(), b"");
    assert!(server.meeting("m3").is_none());
}

#[tokio::test]
async fn fault_refuse_closes_without_an_answer() {
    let server = faulty(Fault::Refuse).await;
    let mut stream = TcpStream::connect(server.address()).await.expect("a connection");
    // Nothing was sent, and still it ends.
    assert_eq!(rest(&mut stream).await.expect("an end in good order"), b"");
    server.clear_faults();
    server.fault(Call::GetMeetings, Fault::Refuse, None);
    let bytes = send(&server, &get(&signed("getMeetings", ""))).await.unwrap_or_default();
    assert!(bytes.is_empty());
    assert_eq!(server.request_count(Call::GetMeetings), 1);
    assert!(call(&server, "getMeetingInfo", "meetingID=m1").await.succeeded());
}

#[tokio::test]
async fn fault_reset_breaks_the_connection_after_the_deed() {
    let server = faulty(Fault::Reset).await;
    let request = get(&signed("create", "meetingID=m2&name=Two"));
    let error = send(&server, &request).await.expect_err("no end in good order");
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert!(server.meeting("m2").is_some());
}

#[tokio::test]
async fn fault_truncate_ends_early_after_the_deed() {
    let server = faulty(Fault::Truncate).await;
    let answer = call(&server, "create", "meetingID=m2&name=Two").await;
    let promised: usize =
        answer.header("Content-Length").expect("a length").parse().expect("a number");
    assert_eq!(answer.body.len(), promised / 2);
    assert!(answer.body.starts_with("<response>"));
    assert!(server.meeting("m2").is_some());
}

#[tokio::test]
async fn fault_hang_holds_the_connection_until_the_server_stops() {
    let server = faulty(Fault::Hang).await;
    let answer = tokio::spawn({
        let server = server.clone();
        async move { send(&server, &get(&signed("create", "meetingID=m2&name=Two"))).await }
    });
    server.wait_for_requests(Call::Create, 1).await;
    assert!(!answer.is_finished());
    server.stop().await;
    assert_eq!(answer.await.expect("the client's end").unwrap_or_default(), b"");
    assert!(server.meeting("m2").is_none());
}

#[tokio::test]
async fn fault_forget_loses_the_meeting_that_is_named() {
    for (name, key) in [
        ("getMeetingInfo", "notFound"),
        ("end", "notFound"),
        ("sendChatMessage", "meetingNotFound"),
    ] {
        let server = faulty(Fault::ForgetMeeting).await;
        server.put_meeting(NewMeeting::new("m2")).expect("a meeting");
        let answer = call(&server, name, "meetingID=m1&message=x").await;
        assert_eq!((answer.status, answer.key()), (200, key));
        server.clear_faults();
        let left: Vec<_> = server.meetings().into_iter().map(|it| it.meeting_id).collect();
        assert_eq!(left, ["m2"]);
    }
}

#[tokio::test]
async fn faults_strike_as_often_as_told_and_only_their_call() {
    let server = start(BbbVersion::V30).await;
    server.fault(Call::GetMeetings, Fault::Status(500), Some(2));
    server.fault(FaultOn::All, Fault::Status(503), Some(2));
    server.fault(FaultOn::All, Fault::Status(501), Some(0));
    let mut statuses = Vec::new();
    for name in ["getMeetings", "getSessions", "getMeetings", "getMeetings", "getMeetings"] {
        statuses.push(call(&server, name, "").await.status);
    }
    assert_eq!(statuses, [500, 503, 500, 503, 200]);
}

// --- the handle ---

#[tokio::test]
async fn a_stopped_server_refuses_contact_and_comes_back_as_it_was() {
    let server = start(BbbVersion::V30).await;
    server.put_meeting(NewMeeting::new("m1")).expect("a meeting");
    let url = server.url();
    let mut kept = TcpStream::connect(server.address()).await.expect("a connection");
    let request = format!("GET {} HTTP/1.1\r\n\r\n", signed("getMeetings", ""));
    kept.write_all(request.as_bytes()).await.expect("sent");
    server.wait_for_requests(Call::GetMeetings, 1).await;
    server.stop().await;
    server.stop().await;
    rest(&mut kept).await.expect("an end");
    for _ in 0..3 {
        let error = TcpStream::connect(server.address()).await.expect_err("no connection");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }
    // Nobody else gets the port meanwhile.
    let other = TcpSocket::new_v4().expect("a socket");
    let taken = other.bind(server.address()).expect_err("a taken address");
    assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
    server.resume().await.expect("listening again");
    server.resume().await.expect("listening still");
    assert_eq!(server.url(), url);
    assert!(call(&server, "getMeetingInfo", "meetingID=m1").await.succeeded());
}

#[tokio::test]
async fn a_server_ends_with_its_last_handle() {
    let server = start(BbbVersion::V30).await;
    let address = server.address();
    let mut kept = TcpStream::connect(address).await.expect("a connection");
    drop(server.clone());
    kept.write_all(b"GET /bigbluebutton/api HTTP/1.1\r\n\r\n").await.expect("sent");
    kept.read_exact(&mut [0; 15]).await.expect("an answer");
    drop(server);
    rest(&mut kept).await.expect("an end");
    let error = TcpStream::connect(address).await.expect_err("no connection");
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn a_server_does_not_start_without_a_secret_or_on_a_taken_address() {
    let empty = SimServer::start(SimOptions::new("", BbbVersion::V30)).await;
    assert_eq!(empty.err().map(|error| error.kind()), Some(io::ErrorKind::InvalidInput));
    let server = start(BbbVersion::V30).await;
    let options =
        SimOptions { address: server.address(), ..SimOptions::new(SECRET, BbbVersion::V30) };
    let taken = SimServer::start(options).await;
    assert_eq!(taken.err().map(|error| error.kind()), Some(io::ErrorKind::AddrInUse));
}

#[tokio::test]
async fn requests_are_counted_always_and_recorded_on_demand() {
    let server = start(BbbVersion::V30).await;
    call(&server, "getMeetings", "").await;
    assert!(server.requests().is_empty());
    server.record_requests(true);
    let target = signed("create", "meetingID=m%201&name=One");
    ask(&server, &post(&target, "application/xml", SLIDES)).await;
    call(&server, "getMeetings", "").await;
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    let create = &requests[0];
    assert_eq!((create.call, create.method.as_str()), (Call::Create, "POST"));
    assert_eq!(Some(create.query.as_str()), target.split('?').nth(1));
    assert_eq!(create.content_type.as_deref(), Some("application/xml"));
    assert_eq!(create.body, SLIDES.as_bytes());
    assert_eq!(create.parameter("meetingID").as_deref(), Some("m 1"));
    assert_eq!(create.parameter("none"), None);
    assert_eq!(server.request_count(Call::GetMeetings), 2);
    assert_eq!(server.request_count(Call::Join), 0);
    server.record_requests(false);
    call(&server, "getMeetings", "").await;
    assert!(server.requests().is_empty());
    assert_eq!(server.request_count(Call::GetMeetings), 3);
}

#[tokio::test]
async fn meetings_are_put_only_where_they_can_be() {
    let server = start(BbbVersion::V30).await;
    let new =
        |id: &str| NewMeeting { voice_bridge: Some("70001".to_owned()), ..NewMeeting::new(id) };
    server.put_meeting(new("m1")).expect("a meeting");
    assert_eq!(server.put_meeting(new("m1")), Err(NotCreated::Exists));
    assert_eq!(server.put_meeting(new("m2")), Err(NotCreated::VoiceBridgeTaken));
    let child = NewMeeting { parent: Some("none".to_owned()), ..NewMeeting::new("m3") };
    assert_eq!(server.put_meeting(child), Err(NotCreated::NoSuchParent));
    let child = NewMeeting { parent: Some("m1".to_owned()), ..NewMeeting::new("m3-1") };
    let child = server.put_meeting(child).expect("a breakout");
    let parent = server.meeting("m1").expect("a meeting");
    assert_eq!(child.parent, Some(parent.internal_id));
    assert_eq!(parent.breakouts, [child.internal_id]);
}

#[tokio::test]
async fn the_servers_of_a_pool_have_different_secrets() {
    let pool = SimPool::start(3).await.expect("a pool");
    let [first, second, _] = pool.servers() else { panic!("not three servers") };
    assert_ne!(first.address(), second.address());
    let checksum = Checksum::of(Algorithm::Sha1, "getMeetings", "", first.secret());
    let request = get(&format!("/bigbluebutton/api/getMeetings?checksum={}", checksum.as_str()));
    assert_eq!(ask(first, &request).await.key(), "noMeetings");
    assert_eq!(ask(second, &request).await.key(), "checksumError");
    pool.stop().await;
    for server in pool.servers() {
        assert!(TcpStream::connect(server.address()).await.is_err());
    }
}
