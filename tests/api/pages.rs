//! Pages: what people see who cannot join.

use std::time::Duration;

use beadle::config::Config;
use beadle::model::{Meeting, Phase, TenantId};
use beadle::sim::SimServer;

use super::support::{Answer, FORM, TestApp, browse, send, server};

/// What a browser sends.
const BROWSER: &str =
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

const CREATE: &str = "name=Class&meetingID=class&attendeePW=ap&moderatorPW=mp";

const CLASS: &str = "fullName=Ada+Lovelace&meetingID=class&password=ap";

/// A browser with its languages.
struct Browser<'a> {
    app: &'a TestApp,
    languages: &'a str,
}

impl Browser<'_> {
    /// Opens a link that a front end signed.
    async fn join(&self, query: &str) -> Answer {
        self.ask("GET", &self.app.front_end().target("join", query)).await
    }

    async fn ask(&self, method: &str, target: &str) -> Answer {
        let languages = self.languages;
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: beadle.test\r\nConnection: close\r\n\
             Accept: {BROWSER}\r\nAccept-Language: {languages}\r\n\r\n"
        );
        send(self.app.address, request).await.expect("an answer")
    }
}

fn browser(app: &TestApp) -> Browser<'_> {
    Browser { app, languages: "en" }
}

/// An application where a server that failed twice is offline, and dead after this time.
async fn class_with(
    dead_after: Duration,
    change: impl FnOnce(&mut Config),
) -> (TestApp, SimServer) {
    let (app, mut servers) = TestApp::with_servers_and(1, |config| {
        config.health.bad_polls = 2;
        config.health.offline_after = Duration::ZERO;
        config.health.dead_after = dead_after;
        change(config);
    })
    .await;
    app.get("create", CREATE).await.succeeded();
    (app, servers.remove(0))
}

async fn class() -> (TestApp, SimServer) {
    class_with(Duration::from_mins(2), |_| {}).await
}

/// What follows this in the page, up to the next tag or quote.
#[track_caller]
fn after<'a>(answer: &'a Answer, mark: &str) -> Option<&'a str> {
    let (_, rest) = answer.body().split_once(mark)?;
    rest.split(['<', '"']).next()
}

/// The answer is a page for this reason; how many seconds it waits before it asks again.
#[track_caller]
fn page(answer: &Answer, reason: &str) -> Option<u32> {
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(after(answer, "data-reason=\""), Some(reason));
    for (name, value) in [
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    assert_eq!(answer.header("x-frame-options"), None, "front ends show it in frames");
    let policy = answer.header("content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("frame-ancestors"), "{policy}");
    let wait = after(answer, "http-equiv=\"refresh\" content=\"");
    wait.map(|seconds| seconds.parse().expect("a number and no address"))
}

#[track_caller]
fn reference(answer: &Answer) -> &str {
    let reference = after(answer, "class=\"reference\">").expect("a reference");
    assert_eq!(reference.len(), 9, "{reference}");
    assert!(reference.chars().all(|c| c == '-' || c.is_ascii_alphanumeric()), "{reference}");
    reference
}

/// Changes what is stored of a meeting.
async fn change(app: &TestApp, change: impl FnOnce(&mut Meeting) + Send + 'static) {
    let stored = app.pool.store().change(move |draft| {
        let stored = draft.state().meeting_of_id(&TenantId::none(), "class");
        let mut meeting = Meeting::clone(stored.expect("a meeting"));
        change(&mut meeting);
        draft.put_meeting(meeting);
        Ok::<(), std::convert::Infallible>(())
    });
    stored.await.expect("stored");
}

#[tokio::test]
async fn a_meeting_that_has_not_started_is_waited_for() {
    let (app, _server) = class().await;
    let query = "fullName=Ada&meetingID=later&password=ap";
    let answer = browser(&app).join(query).await;
    assert_eq!(page(&answer, "not-started"), Some(10));
    assert!(answer.body().contains("<h1>The meeting has not started yet</h1>"));
    assert!(answer.body().contains("tries again by itself every 10 seconds"));
    app.get("create", "name=Later&meetingID=later&attendeePW=ap").await.succeeded();
    assert_eq!(browser(&app).join(query).await.status, 302, "the page asks again and is let in");
    change(&app, |meeting| meeting.phase = Phase::Creating).await;
    assert_eq!(page(&browser(&app).join(CLASS).await, "not-started"), Some(10));
    app.get("join", CLASS).await.refused("notFound");
}

#[tokio::test]
async fn a_meeting_whose_server_is_gone_is_waited_for() {
    let (app, server) = class_with(Duration::ZERO, |_| {}).await;
    server.stop().await;
    app.poll().await;
    assert_eq!(browser(&app).join(CLASS).await.status, 302, "unstable");
    app.poll().await;
    assert_eq!(page(&browser(&app).join(CLASS).await, "moved"), Some(10));
    app.get("join", CLASS).await.refused("notFound");
    let query = format!("{CLASS}&logoutURL=https://f.example/");
    let elsewhere = browser(&app).join(&query).await;
    assert!(elsewhere.header("location").expect("a location").contains("notFound"));
    assert_eq!(app.server_of("class").await.as_deref(), Some("bbb0"), "a join moves nothing");
}

#[tokio::test]
async fn a_server_that_is_offline_or_disabled_is_waited_for() {
    let (app, server) = class().await;
    app.set_state("bbb0", "disabled").await;
    assert_eq!(page(&browser(&app).join(CLASS).await, "repair"), Some(10));
    app.get("join", CLASS).await.refused("serverUnavailable");
    app.set_state("bbb0", "enabled").await;
    assert_eq!(browser(&app).join(CLASS).await.status, 302);
    server.stop().await;
    app.poll().await;
    app.poll().await;
    assert_eq!(page(&browser(&app).join(CLASS).await, "repair"), Some(10));
    app.get("join", CLASS).await.refused("serverUnavailable");
}

#[tokio::test]
async fn a_meeting_without_room_or_server_is_waited_for() {
    let (app, _server) = class().await;
    let other = "fullName=Ada&meetingID=other&password=ap";
    app.set("bbb0", r#"{"max_meetings":1}"#).await;
    app.get("create", "name=Other&meetingID=other").await.refused("maxConcurrent");
    assert_eq!(page(&browser(&app).join(other).await, "full"), Some(10));
    app.get("join", other).await.refused("notFound");
    app.set_state("bbb0", "disabled").await;
    app.get("create", "name=Other&meetingID=other").await.refused("internalError");
    assert_eq!(page(&browser(&app).join(other).await, "trouble"), Some(10));
    app.get("join", other).await.refused("notFound");
    app.set_state("bbb0", "enabled").await;
    app.set("bbb0", r#"{"max_meetings":0}"#).await;
    app.poll().await;
    app.get("create", "name=Other&meetingID=other&attendeePW=ap").await.succeeded();
    app.get("end", "meetingID=other").await.succeeded();
    assert_eq!(page(&browser(&app).join(other).await, "not-started"), Some(10));
}

/// A join with the time of a create, as several front ends put it into their links.
fn link(create: &Answer) -> String {
    let time = create.succeeded().field("createTime");
    format!("fullName=Ada&createTime={time}&meetingID=class&password=ap")
}

#[track_caller]
fn location(answer: &Answer) -> &str {
    assert_eq!(answer.status, 302, "{}", String::from_utf8_lossy(&answer.body));
    answer.header("location").expect("a location")
}

#[tokio::test]
async fn a_link_of_an_earlier_sitting_is_named_as_such() {
    let (app, _server) = class().await;
    let first = link(&app.get("create", CREATE).await);
    assert!(location(&browser(&app).join(&first).await).contains(&first));
    app.get("end", "meetingID=class").await.succeeded();
    assert_eq!(page(&browser(&app).join(&first).await, "not-started"), Some(10));
    let second = link(&app.get("create", CREATE).await);
    assert_ne!(first, second);
    assert!(location(&browser(&app).join(&second).await).contains(&second));
    assert_eq!(page(&browser(&app).join(&first).await, "expired"), None, "it would be in vain");
    for more in ["", "&redirect=false"] {
        let query = format!("{first}{more}");
        assert!(location(&app.get("join", &query).await).contains(&query), "a program");
    }
    // The server sends people there itself.
    let query = format!("{first}&errorRedirectUrl=https://f.example/");
    assert!(location(&browser(&app).join(&query).await).contains(&query));
    // Nobody but the server can judge a time after the one that is known.
    let later = "fullName=Ada&createTime=9999999999999&meetingID=class&password=ap";
    assert!(location(&browser(&app).join(later).await).contains(later));
}

#[tokio::test]
async fn a_link_goes_on_working_when_its_meeting_was_moved() {
    let (app, first) = class_with(Duration::ZERO, |_| {}).await;
    let link = link(&app.get("create", CREATE).await);
    let second = server(1).await;
    app.add(1, &second, |_| {}).await;
    first.stop().await;
    app.poll().await;
    app.poll().await;
    assert_eq!(page(&browser(&app).join(&link).await, "moved"), Some(10));
    app.get("create", CREATE).await.succeeded();
    assert_eq!(app.server_of("class").await.as_deref(), Some("bbb1"));
    for answer in [browser(&app).join(&link).await, app.get("join", &link).await] {
        assert!(!location(&answer).contains("createTime"));
        assert!(location(&browse(location(&answer)).await).contains("/html5client/"));
    }
    assert_eq!(second.meeting("class").expect("a meeting").joined, ["Ada", "Ada"]);
}

#[tokio::test]
async fn a_link_that_was_changed_or_lacks_something_does_not_work() {
    let (app, _server) = class().await;
    let target = app.front_end().target("join", CLASS).replace("Ada", "Eve");
    assert_eq!(page(&browser(&app).ask("GET", &target).await, "altered"), None);
    let cut = target.split("&checksum=").next().expect("a link");
    assert_eq!(page(&browser(&app).ask("GET", cut).await, "altered"), None);
    assert_eq!(page(&browser(&app).join("fullName=Ada&password=ap").await, "invalid"), None);
    assert_eq!(page(&browser(&app).join("meetingID=%ff").await, "invalid"), None);
    let no_such = browser(&app).ask("DELETE", "/bigbluebutton/api/join").await;
    assert_eq!(page(&no_such, "invalid"), None);
    // Whoever cannot sign cannot send people elsewhere.
    let elsewhere = format!("{target}&errorRedirectUrl=https://f.example/");
    assert_eq!(page(&browser(&app).ask("GET", &elsewhere).await, "altered"), None);
}

#[tokio::test]
async fn programs_get_xml_as_ever() {
    let (app, _server) = class().await;
    let unknown = app.front_end().target("join", "fullName=x&meetingID=nobody&password=ap");
    let wrong = app.front_end().knowing("wrong").target("join", CLASS);
    let nameless = app.front_end().target("join", "fullName=x");
    for accept in [
        "",
        "Accept: */*\r\n",
        "Accept: application/xml\r\n",
        "Accept: text/xml, */*; q=0.1\r\n",
        "Accept: application/json\r\n",
        "Accept: text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2\r\n",
        "Accept: text/html;q=0\r\n",
        "Accept: \u{fffd}\r\n",
    ] {
        for (target, key) in [
            (&unknown, "notFound"),
            (&wrong, "checksumError"),
            (&nameless, "missingParamMeetingID"),
        ] {
            let request = format!(
                "GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
                 Accept-Language: de\r\n{accept}\r\n"
            );
            send(app.address, request).await.expect("an answer").refused(key);
        }
    }
}

#[tokio::test]
async fn other_calls_are_never_answered_with_a_page() {
    let (app, _server) = class().await;
    let browser = browser(&app);
    for call in ["create", "isMeetingRunning", "getMeetingInfo", "end", "getMeetings", "nonsense"] {
        let answer = browser.ask("GET", &format!("/bigbluebutton/api/{call}?meetingID=x")).await;
        assert_eq!(answer.header("content-type"), Some("application/xml; charset=utf-8"), "{call}");
    }
}

#[tokio::test]
async fn who_reads_answers_itself_or_wants_errors_elsewhere_gets_no_page() {
    let (app, _server) = class().await;
    let browser = browser(&app);
    let unknown = "fullName=x&meetingID=nobody&password=ap";
    for no in ["false", "FALSE"] {
        browser.join(&format!("{unknown}&redirect={no}")).await.refused("notFound");
        let wrong = app.front_end().knowing("wrong");
        let wrong = wrong.target("join", &format!("{unknown}&redirect={no}"));
        browser.ask("GET", &wrong).await.refused("checksumError");
    }
    for name in ["errorRedirectUrl", "logoutURL"] {
        let answer = browser.join(&format!("{unknown}&{name}=https://f.example/bye")).await;
        assert_eq!(answer.status, 302);
        let location = answer.header("location").expect("a location");
        assert!(location.starts_with("https://f.example/bye?errors="), "{location}");
        let answer = browser.join(&format!("{unknown}&{name}=javascript:alert(1)")).await;
        assert_eq!(page(&answer, "not-started"), Some(10));
    }
}

#[tokio::test]
async fn a_page_is_in_the_language_of_its_reader() {
    let (app, _server) = class().await;
    for (languages, tag, title) in [
        ("en", "en", "The meeting has not started yet"),
        ("de-AT,de;q=0.9,en;q=0.8", "de", "Die Konferenz hat noch nicht begonnen"),
        ("fr-FR", "fr", "La réunion n&apos;a pas encore commencé"),
        ("tlh, es-MX;q=0.5, en;q=0.4", "es", "La reunión todavía no ha comenzado"),
        ("pt", "pt-BR", "A reunião ainda não começou"),
        ("zh-CN, *;q=0.1", "en", "The meeting has not started yet"),
        ("", "en", "The meeting has not started yet"),
    ] {
        let answer = Browser { app: &app, languages }.join("fullName=x&meetingID=none").await;
        page(&answer, "not-started");
        assert_eq!(answer.header("content-language"), Some(tag), "{languages}");
        assert!(answer.body().contains(&format!("<html lang=\"{tag}\" dir=\"ltr\">")));
        assert!(answer.body().contains(&format!("<h1>{title}</h1>")), "{}", answer.body());
    }
}

#[tokio::test]
async fn the_operator_chooses_the_other_language_the_name_and_whom_to_ask() {
    let page_with = async |contact: Option<&str>| {
        let contact = contact.map(str::to_owned);
        let app = TestApp::start_with(|config| {
            config.pages.language = "pt_BR".to_owned();
            config.pages.title = Some("Uni <b>& Co</b>".to_owned());
            config.pages.contact = contact;
        })
        .await;
        let answer =
            Browser { app: &app, languages: "tlh" }.join("fullName=x&meetingID=none").await;
        page(&answer, "not-started");
        answer
    };
    let answer = page_with(Some("help@example.org")).await;
    assert_eq!(answer.header("content-language"), Some("pt-BR"));
    assert!(answer.body().contains("Uni &lt;b&gt;&amp; Co&lt;/b&gt;</p>"), "{}", answer.body());
    let mail = format!("href=\"mailto:help@example.org?subject={}\"", reference(&answer));
    assert!(answer.body().contains(&mail), "{}", answer.body());
    let answer = page_with(Some("https://help.example.org/?a=1&b=\"2\"")).await;
    assert!(answer.body().contains("href=\"https://help.example.org/?a=1&amp;b=&quot;2&quot;\""));
    let answer = page_with(Some("Room 5, <script>alert(1)</script>")).await;
    assert!(answer.body().contains("Room 5, &lt;script&gt;alert(1)&lt;/script&gt;"));
    let answer = page_with(Some("javascript:alert(1)")).await;
    assert!(!answer.body().contains("href=\"javascript"), "words are no link");
    assert!(!page_with(None).await.body().contains("Ajuda:"));
}

/// What somebody writes into a link does not come back in the page, escaped or not.
#[tokio::test]
async fn nothing_of_a_link_is_in_its_page() {
    let (app, _server) = class().await;
    let evil = "%3Cscript%3Eevil%281%29%3C%2Fscript%3E%22%27%7Btitle%7D";
    let query = format!("fullName={evil}&meetingID={evil}&password={evil}&{evil}={evil}");
    let front_end = app.front_end();
    for target in [front_end.target("join", &query), format!("/bigbluebutton/api/join?{query}")] {
        let languages = "<script>evil(1)</script>, en\"'";
        let answer = Browser { app: &app, languages }.ask("GET", &target).await;
        assert_eq!(answer.header("content-language"), Some("en"));
        for part in ["evil", "script", "%3C", "checksum", "{"] {
            let (_, shown) = answer.body().split_once("</style>").expect("a style");
            assert!(!shown.contains(part), "{part} in {shown}");
        }
    }
}

/// A page is complete in itself: it loads nothing and runs nothing.
#[tokio::test]
async fn a_page_stands_alone() {
    let (app, _server) = class().await;
    let answer = browser(&app).join("fullName=x&meetingID=none").await;
    for part in ["<script", "<link", "<img", "src=", "url(", "@import", "style=\"", "onload"] {
        assert!(!answer.body().contains(part), "{part}");
    }
    assert!(answer.body().contains("name=\"viewport\""));
    assert!(answer.body().contains("role=\"status\""));
    assert!(answer.body().len() < 8 << 10, "{} bytes", answer.body().len());
}

#[tokio::test]
async fn the_reference_stays_while_one_waits() {
    let (app, _server) = class().await;
    let one = "fullName=One&meetingID=none";
    let first = browser(&app).join(one).await;
    let again = browser(&app).join(one).await;
    let other = browser(&app).join("fullName=Other&meetingID=none").await;
    assert_eq!(reference(&first), reference(&again));
    assert_ne!(reference(&first), reference(&other));
}

#[tokio::test]
async fn a_head_has_the_same_fields() {
    let (app, _server) = class().await;
    let target = app.front_end().target("join", "fullName=x&meetingID=none");
    let head = browser(&app).ask("HEAD", &target).await;
    assert_eq!(head.status, 200);
    let get = browser(&app).ask("GET", &target).await;
    page(&get, "not-started");
    for name in [
        "content-type",
        "content-language",
        "content-security-policy",
        "cache-control",
        "referrer-policy",
        "x-content-type-options",
    ] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
}

/// Asking again would lose what the form brought.
#[tokio::test]
async fn a_form_is_not_sent_again_by_itself() {
    let (app, _server) = class().await;
    let form = "fullName=x&meetingID=none";
    let checksum = app.front_end().checksum("join", "");
    let body = format!("{form}&checksum={checksum}");
    let request = format!(
        "POST /bigbluebutton/api/join HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Accept: {BROWSER}\r\nContent-Type: {FORM}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = send(app.address, request).await.expect("an answer");
    assert_eq!(page(&answer, "not-started"), None);
    assert!(answer.body().contains("Please go back and try again"));
    assert!(!answer.body().contains("href"));
}
