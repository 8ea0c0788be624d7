//! Which paths, methods, bodies and hosts lead where.

use super::support::{Answer, FORM, Signed, TestApp, XML, send};

const MULTIPART: &str = "multipart/form-data; boundary=x";

async fn ask(front_end: &Signed, method: &str, target: &str) -> Answer {
    front_end.send(method, target, None, b"").await
}

#[tokio::test]
async fn outside_the_api_there_is_nothing() {
    let app = TestApp::start().await;
    for path in [
        "/favicon.ico",
        "/bigbluebutton/ap",
        "/bigbluebutton/apis",
        "/bigbluebutton/html5client",
        "/BigBlueButton/api",
        "/api/create",
        "/playback/presentation/2.3/x",
        "/scalelite",
        "/scalelite/api",
        "/scalelite/api/a/b",
        "/beadle/api/v1/status",
        "/beadle/api/v1/servers",
        "/health_check/x",
        "/..%2f..%2fetc/passwd",
        "/bigbluebutton/../beadle/api/v1/status",
        "/%62igbluebutton/api",
    ] {
        for method in ["GET", "POST", "HEAD", "DELETE"] {
            let answer = ask(&app.front_end(), method, path).await;
            assert_eq!(answer.status, 404, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn inside_the_api_everything_is_answered() {
    let app = TestApp::start().await;
    let words = "This request is not supported.";
    for call in [
        "Create",
        "getmeetings",
        "create.xml",
        "create/x",
        "hooks/create",
        "%63reate",
        "creat",
        "getDefaultConfigXML",
        "setConfigXML",
        "enter",
        "x",
    ] {
        for method in ["GET", "POST", "PUT", "OPTIONS"] {
            let target = app.front_end().target(call, "");
            ask(&app.front_end(), method, &target).await.refused_with("unsupportedRequest", words);
        }
    }
}

#[tokio::test]
async fn slashes_too_many_do_not_matter() {
    let app = TestApp::start().await;
    let target = app.front_end().target("getMeetings", "");
    let (path, query) = target.split_once('?').expect("a query");
    for path in [
        format!("{path}/"),
        format!("{path}//"),
        path.replace("/api/", "//api//"),
        path.replace("/bigbluebutton", "//bigbluebutton"),
    ] {
        ask(&app.front_end(), "GET", &format!("{path}?{query}")).await.succeeded();
    }
    ask(&app.front_end(), "GET", "//bigbluebutton//api//").await.succeeded();
}

#[tokio::test]
async fn an_absolute_target_is_one_like_any_other() {
    let app = TestApp::start().await;
    let target = format!("http://beadle.test{}", app.front_end().target("getMeetings", ""));
    ask(&app.front_end(), "GET", &target).await.succeeded();
}

/// Every call by every method: `true` where it is taken.
#[tokio::test]
async fn methods_are_those_of_the_contract() {
    let app = TestApp::start().await;
    for (call, get, post) in [
        ("create", true, true),
        ("join", true, true),
        ("isMeetingRunning", true, true),
        ("end", true, true),
        ("getMeetingInfo", true, true),
        ("getMeetings", true, true),
        ("getSessions", true, true),
        ("insertDocument", false, true),
        ("sendChatMessage", true, false),
        ("getRecordings", true, true),
        ("publishRecordings", true, true),
        ("deleteRecordings", true, true),
        ("updateRecordings", true, true),
        ("getRecordingTextTracks", true, true),
        ("putRecordingTextTrack", false, true),
    ] {
        let target = app.front_end().target(call, "meetingID=m1&recordID=r1");
        for (method, taken) in
            [("GET", get), ("POST", post), ("PUT", false), ("DELETE", false), ("PATCH", false)]
        {
            let answer = ask(&app.front_end(), method, &target).await;
            let refused = answer.body().contains("unsupportedRequest");
            assert_eq!(refused, !taken, "{method} {call}: {}", answer.body());
        }
    }
}

/// Every call with every kind of body: F form, M multipart, X XML, in the order of the contract.
#[tokio::test]
async fn bodies_are_those_of_the_contract() {
    let app = TestApp::start().await;
    let kinds = [
        ('F', FORM, "z=1"),
        ('F', "Application/X-WWW-Form-Urlencoded ; charset=UTF-8", "z=1"),
        ('M', MULTIPART, "--x\r\nContent-Disposition: form-data; name=\"z\"\r\n\r\n1\r\n--x--\r\n"),
        ('X', XML, "<m/>"),
        ('X', "application/xml; charset=utf-8", "<m/>"),
        ('X', "text/xml", "<m/>"),
        ('X', "application/x-xml", "<m/>"),
        ('-', "application/json", "{}"),
        ('-', "text/plain", "z=1"),
        ('-', "application/xmlx", "z=1"),
        ('-', "", "z=1"),
        ('-', ";", "z=1"),
    ];
    for (call, taken) in [
        ("create", "FMX"),
        ("join", "FM"),
        ("isMeetingRunning", "FM"),
        ("end", "FM"),
        ("getMeetingInfo", "FM"),
        ("getMeetings", "FM"),
        ("getSessions", "FM"),
        ("insertDocument", "X"),
        ("getRecordings", "FM"),
        ("publishRecordings", "FM"),
        ("deleteRecordings", "FM"),
        ("updateRecordings", "FM"),
        ("putRecordingTextTrack", "M"),
    ] {
        let target = app.front_end().target(call, "meetingID=m1&recordID=r1");
        for (kind, content_type, body) in kinds {
            let answer =
                app.front_end().send("POST", &target, Some(content_type), body.as_bytes()).await;
            let refused = answer.body().contains("unsupportedContentType");
            let expected = !taken.contains(kind);
            assert_eq!(refused, expected, "{call} {content_type:?}: {}", answer.body());
        }
        let none = app.front_end().send("POST", &target, None, b"z=1").await;
        none.refused_with(
            "unsupportedContentType",
            "POST request Content-Type is missing or unsupported",
        );
    }
}

#[tokio::test]
async fn without_a_body_no_content_type_is_wrong() {
    let app = TestApp::start().await;
    let target = app.front_end().target("getMeetings", "");
    for method in ["GET", "POST"] {
        // The PHP library names one on every GET.
        for content_type in [XML, "application/json", "nonsense"] {
            app.front_end().send(method, &target, Some(content_type), b"").await.succeeded();
        }
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        send(app.address, request).await.expect("an answer").succeeded();
    }
}

/// The content type comes first, then the checksum, then the parameters.
#[tokio::test]
async fn checks_come_in_the_order_of_the_contract() {
    let app = TestApp::start().await;
    let stranger = app.front_end().knowing("wrong");
    stranger.post("create", "", "text/plain", "x=1").await.refused("unsupportedContentType");
    stranger.post("create", "", FORM, "x=1").await.refused("checksumError");
    app.front_end().post("create", "", FORM, "x=1").await.refused("missingParamMeetingID");
}

#[tokio::test]
async fn only_the_known_host_is_served_where_one_is_set() {
    let app = TestApp::start_with(|config| {
        config.public_url = Some("https://bbb.example.org".into());
        config.api.build = Some("x".into());
    })
    .await;
    let ask = async |path: &str, fields: &str| {
        let request = format!("GET {path} HTTP/1.1\r\n{fields}Connection: close\r\n\r\n");
        send(app.address, request).await.expect("an answer")
    };
    let signed = app.front_end().target("getMeetings", "");
    for host in ["bbb.example.org", "BBB.Example.ORG", "bbb.example.org:8443"] {
        for path in ["/bigbluebutton/api", &signed, "/"] {
            assert_eq!(ask(path, &format!("Host: {host}\r\n")).await.status, 200, "{host} {path}");
        }
    }
    let forwarded = "Host: bbb.example.org\r\nX-Forwarded-Host: bbb.example.org\r\n";
    assert_eq!(ask("/", forwarded).await.status, 200);
    for fields in [
        "Host: other.example.org\r\n",
        "Host: x.bbb.example.org\r\n",
        "Host: bbb.example.org.evil\r\n",
        "Host: \r\n",
        "Host: bbb.example.org\r\nX-Forwarded-Host: evil\r\n",
        "Host: bbb.example.org\r\nX-Forwarded-Host: bbb.example.org, evil\r\n",
        "Host: evil\r\nX-Forwarded-Host: bbb.example.org\r\n",
    ] {
        for path in ["/bigbluebutton/api", &signed, "/", "/scalelite/api/getServers", "/nowhere"] {
            let answer = ask(path, fields).await;
            assert_eq!((answer.status, answer.body.len()), (403, 0), "{fields:?} {path}");
        }
        assert_eq!(ask("/health_check", fields).await.body(), "success");
    }
}

#[tokio::test]
async fn any_host_is_served_where_none_is_set_or_the_check_is_off() {
    let off = TestApp::start_with(|config| {
        config.public_url = Some("https://bbb.example.org".into());
        config.http.check_host = false;
    })
    .await;
    for app in [off, TestApp::start().await] {
        app.get("getMeetings", "").await.succeeded();
    }
}

#[tokio::test]
async fn the_health_check_says_success() {
    let app = TestApp::start_with(|config| config.api.secrets.clear()).await;
    for path in ["/health_check", "/health_check/", "/", "//", "/health_check?x=1"] {
        let answer = ask(&app.front_end(), "GET", path).await;
        assert_eq!((answer.status, answer.body()), (200, "success"), "{path}");
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
        assert_eq!(ask(&app.front_end(), "HEAD", path).await.status, 200);
        ask(&app.front_end(), "POST", path).await.refused("unsupportedRequest");
    }
}
