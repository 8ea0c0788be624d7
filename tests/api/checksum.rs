//! Who passes and who does not.

use beadle::bbb::checksum::Algorithm;
use beadle::model::Secret;
use beadle::sim::Call;

use super::support::{Answer, FORM, SECRET, Signed, TestApp, XML};

/// Sends an unsigned GET of everything after `/api/`.
async fn raw(front_end: &Signed, target: &str) -> Answer {
    front_end.send("GET", &format!("/bigbluebutton/api/{target}"), None, b"").await
}

/// Checksums that were computed elsewhere, for the secret `s3cr3t`.
#[tokio::test]
async fn known_checksums_pass() {
    let (app, _servers) = TestApp::with_servers(1).await;
    let front_end = app.front_end();
    let list = "46cf608d2b96da8e287911640412c8a08d0ee33e";
    let running = "00f9998526b42149dd8db80c3406f2fbb0e2340a";
    let running_256 = "df63a2630b483579adbc0a0f13d583b4fb5ce3c5dbf5643662cb0603f83c1b10";
    let create = "87fbb1b0b94ac6a16270c0afe6d857fc09e8f6f956a90bc7a70004fd361aae3b";
    for target in [
        format!("getMeetings?checksum={list}"),
        format!("getMeetings?&checksum={list}"),
        format!("getMeetings?checksum={list}&"),
        format!("isMeetingRunning?meetingID=room%201&checksum={running}"),
        format!("isMeetingRunning?checksum={running}&meetingID=room%201"),
        format!("isMeetingRunning?meetingID=room%201&checksum={running_256}"),
        format!("isMeetingRunning?meetingID=room%201&checksum={}", running_256.to_uppercase()),
        format!("create?name=a+b&meetingID=room-42&record=&checksum={create}"),
        format!("create?name=a+b&checksum={create}&meetingID=room-42&record="),
        format!("create?checksum={create}&name=a+b&meetingID=room-42&record="),
    ] {
        raw(&front_end, &target).await.succeeded();
    }
}

/// The same for Scalelite's management API.
#[tokio::test]
async fn known_checksums_open_the_management_api() {
    let app = TestApp::start_with(|config| config.management.accept_frontend_secret = true).await;
    let servers = "4996747b71703be7304c482ff009fff72a9a64482adcbf9a9456474965698834";
    let target = format!("/scalelite/api/getServers?checksum={servers}");
    assert_eq!(app.front_end().send("GET", &target, None, b"").await.status, 404);
    let add = "787241099cbc37860c58d537feb98f617fa36253";
    let target = format!("/scalelite/api/addServer?checksum={add}");
    let body = br#"{"server":{"url":"https://x/bigbluebutton/api","secret":"s"}}"#;
    let added = app.front_end().send("POST", &target, Some("application/json"), body).await;
    assert_eq!(added.status, 201);
    assert_eq!(app.front_end().managing().get("getServers", "").await.status, 200);
}

#[tokio::test]
async fn all_algorithms_pass_in_any_letter_case_and_place() {
    let (app, _servers) = TestApp::with_servers(1).await;
    for algorithm in Algorithm::ALL {
        let front_end = app.front_end().with(algorithm);
        let checksum = front_end.checksum("isMeetingRunning", "meetingID=a&x=%c3%bc+1");
        assert_eq!(checksum.len(), algorithm.digits());
        let mixed: String = checksum
            .chars()
            .enumerate()
            .map(|(place, c)| if place % 2 == 0 { c.to_ascii_uppercase() } else { c })
            .collect();
        for checksum in [&checksum, &checksum.to_uppercase(), &mixed] {
            for target in [
                format!("isMeetingRunning?meetingID=a&x=%c3%bc+1&checksum={checksum}"),
                format!("isMeetingRunning?meetingID=a&checksum={checksum}&x=%c3%bc+1"),
                format!("isMeetingRunning?checksum={checksum}&meetingID=a&x=%c3%bc+1"),
            ] {
                raw(&front_end, &target).await.succeeded();
                let path = format!("/bigbluebutton/api/{target}");
                front_end.send("POST", &path, None, b"").await.succeeded();
                front_end.send("POST", &path, Some(FORM), b"z=1").await.succeeded();
            }
        }
    }
}

const CALLS: [&str; 13] = [
    "create",
    "join",
    "isMeetingRunning",
    "getMeetingInfo",
    "getMeetings",
    "end",
    "sendChatMessage",
    "getSessions",
    "getRecordings",
    "publishRecordings",
    "deleteRecordings",
    "updateRecordings",
    "getRecordingTextTracks",
];

#[tokio::test]
async fn no_call_is_open_to_strangers() {
    let (app, servers) = TestApp::with_servers(1).await;
    let front_end = app.front_end();
    let words = "You did not pass the checksum security check";
    let before: u64 = Call::ALL.iter().map(|call| servers[0].request_count(*call)).sum();
    for call in CALLS {
        let query = "name=x1&meetingID=m1&recordID=r";
        let good = front_end.checksum(call, query);
        for checksum in [
            String::new(),
            "checksum".to_owned(),
            "checksum=".to_owned(),
            format!("checksum={}", "0".repeat(40)),
            format!("checksum={}", "0".repeat(64)),
            format!("checksum={}x", &good[..63]),
            format!("checksum={}", &good[..63]),
            format!("checksum={good}0"),
            format!("checksum=+{good}"),
            format!("Checksum={good}"),
            format!("checksum%3D{good}"),
            format!("%63hecksum={good}"),
            format!("checksum={good}&checksum={good}"),
            format!("checksum=0&checksum={good}"),
            format!("checksum={good}&%63hecksum={good}"),
            format!("checksum={}", front_end.knowing("other").checksum(call, query)),
            format!("checksum={}", front_end.knowing("").checksum(call, query)),
            format!("checksum={}", front_end.checksum("getMeetingInf", query)),
            format!("checksum={}", front_end.checksum(call, "")),
            format!("checksum={}", "é".repeat(32)),
            format!("checksum={}", "%00".repeat(32)),
        ] {
            if !checksum.is_ascii() {
                continue;
            }
            let answer = raw(&front_end, &format!("{call}?{query}&{checksum}")).await;
            answer.refused_with("checksumError", words);
        }
        let changed = format!("{call}?{}&checksum={good}", query.replace("m1", "m2"));
        raw(&front_end, &changed).await.refused("checksumError");
    }
    let stranger = front_end.knowing("other");
    let insert = stranger.post("insertDocument", "meetingID=m1", XML, "<m/>").await;
    insert.refused("checksumError");
    let after: u64 = Call::ALL.iter().map(|call| servers[0].request_count(*call)).sum();
    assert_eq!(before, after, "no server heard of any of this");
}

#[tokio::test]
async fn a_checksum_in_a_form_covers_the_query_only() {
    let (app, servers) = TestApp::with_servers(1).await;
    let front_end = app.front_end();
    let path = "/bigbluebutton/api/create";
    let post = async |query: &str, body: &str| {
        let target = format!("{path}{query}");
        front_end.send("POST", &target, Some(FORM), body.as_bytes()).await
    };
    let empty = front_end.checksum("create", "");
    let of_url = front_end.checksum("create", "meetingID=f2");
    post("", &format!("name=x1&meetingID=f1&checksum={empty}")).await.succeeded();
    post("?meetingID=f2", &format!("checksum={of_url}&name=x1")).await.succeeded();
    post(&format!("?meetingID=f2&checksum={of_url}"), "name=x1").await.succeeded();
    for (query, body) in [
        // Over the body, as BBB before 2.6.18 did it.
        (
            String::new(),
            format!(
                "name=x1&meetingID=f3&checksum={}",
                front_end.checksum("create", "meetingID=f3&name=x1")
            ),
        ),
        (String::new(), "name=x1&meetingID=f3".to_owned()),
        (String::new(), format!("name=x1&meetingID=f3&checksum={empty}&checksum={empty}")),
        (String::new(), format!("name=x1&meetingID=f3&%63hecksum={empty}")),
        (format!("?checksum={empty}"), format!("name=x1&meetingID=f3&checksum={empty}")),
        (format!("?checksum={empty}"), "name=x1&meetingID=f3&checksum=".to_owned()),
        // One name in both: the signature covers the URL only.
        (format!("?meetingID=f2&checksum={of_url}"), "name=x1&meetingID=f3".to_owned()),
        (format!("?meetingID=f2&checksum={of_url}"), "name=x1&meeting%49D=f2".to_owned()),
    ] {
        post(&query, &body).await.refused("checksumError");
    }
    let meta = front_end.checksum("create", "meetingID=f2&meta_a=1");
    post(&format!("?meetingID=f2&meta_a=1&checksum={meta}"), "name=x1&META_A=2")
        .await
        .refused("checksumError");
    assert_eq!(servers[0].meeting("f3"), None);
}

/// An XML body cannot bring a checksum.
#[tokio::test]
async fn xml_is_signed_by_the_url() {
    let (app, servers) = TestApp::with_servers(1).await;
    let target = "/bigbluebutton/api/create?name=x1&meetingID=x1";
    let checksum = app.front_end().checksum("create", "name=x1&meetingID=x1");
    let body = format!("<m/>&checksum={checksum}");
    let answer = app.front_end().send("POST", target, Some(XML), body.as_bytes()).await;
    answer.refused("checksumError");
    assert!(servers[0].meetings().is_empty());
}

#[tokio::test]
async fn each_of_several_secrets_passes() {
    let secrets = ["one", "two words", "drei=ü&x"];
    let app = TestApp::start_with(|config| {
        config.api.secrets =
            secrets.iter().map(|text| Secret::new(*text).expect("a secret")).collect();
    })
    .await;
    for secret in secrets {
        for algorithm in Algorithm::ALL {
            let front_end = app.front_end().knowing(secret).with(algorithm);
            front_end.get("getMeetings", "").await.succeeded();
        }
    }
    for secret in [SECRET, "", "one:two words", "ONE"] {
        app.front_end().knowing(secret).get("getMeetings", "").await.refused("checksumError");
    }
}

#[tokio::test]
async fn without_a_secret_nobody_passes() {
    let app = TestApp::start_with(|config| config.api.secrets.clear()).await;
    for secret in ["", SECRET] {
        app.front_end().knowing(secret).get("getMeetings", "").await.refused("checksumError");
    }
    app.front_end().send("GET", "/bigbluebutton/api", None, b"").await.succeeded();
    let status = app.poll().await;
    assert!(!status.ok && status.troubles[0].contains("secret"), "{:?}", status.troubles);
}

#[tokio::test]
async fn only_allowed_algorithms_pass() {
    let allowed = [Algorithm::Sha256, Algorithm::Sha512];
    let app = TestApp::start_with(|config| config.api.checksum_algorithms = allowed.to_vec()).await;
    for algorithm in Algorithm::ALL {
        let answer = app.front_end().with(algorithm).get("getMeetings", "").await;
        if allowed.contains(&algorithm) {
            answer.succeeded();
        } else {
            answer.refused("checksumError");
        }
    }
}

#[tokio::test]
async fn new_secrets_count_after_a_reload() {
    let app = TestApp::start().await;
    let mut config = app.config.clone();
    config.api.secrets = vec![Secret::new("fresh").expect("a secret")];
    config.http.body_limit = 1;
    assert_eq!(app.reloader.reload(config), ["http"], "only a restart can change that");
    app.get("getMeetings", "").await.refused("checksumError");
    app.front_end().knowing("fresh").get("getMeetings", "").await.succeeded();
}
