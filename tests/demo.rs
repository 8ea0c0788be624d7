//! The demo, run as the command line runs it: what it prints works, what it shows is so, and it
//! starts again where it stopped.

#![expect(clippy::expect_used, reason = "a failed expectation is a failed test")]
#![expect(clippy::panic, reason = "a demo that ends too early is a failed test")]

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use beadle::api::ServerView;
use beadle::demo::{self, Options};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};

/// Until then everything has happened that should.
const PATIENCE: Duration = Duration::from_mins(1);

const SEED: u64 = 4_711;

/// What the demo has written so far.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Paper {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The rest of the first line that begins with this word.
    fn line(&self, word: &str) -> Option<String> {
        let text = self.text();
        let mut lines = text.lines().filter_map(|line| line.trim().split_once(' '));
        lines.find(|(first, _)| *first == word).map(|(_, rest)| rest.trim().to_owned())
    }

    /// How many of something there have been, by the last table.
    fn counted(&self, what: &str) -> Option<u64> {
        let text = self.text();
        let counts = text.lines().rev().find_map(|line| line.strip_prefix("so far: "))?;
        let mut counts = counts.split(", ").filter_map(|count| count.split_once(' '));
        counts.find(|(_, name)| name.starts_with(what))?.0.parse().ok()
    }

    /// The value of a line of the welcome.
    fn said(&self, word: &str) -> String {
        self.line(word).unwrap_or_else(|| panic!("no {word} in:\n{}", self.text()))
    }
}

/// Waits until something is so; what it is, is shown where it never is.
async fn until<T>(what: &str, paper: &Paper, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "never: {what}\n{}", paper.text());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A small demo on a free port, in which people live ten times as fast.
fn options(data_dir: Option<&Path>) -> Options {
    Options {
        people: 40,
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        data_dir: data_dir.map(Path::to_owned),
        seed: Some(SEED),
        tempo: 10.0,
        ..Options::default()
    }
}

/// Runs a demo while something is done with it, and stops it then; it must stop cleanly.
async fn during(options: Options, paper: &Paper, work: impl Future<Output = ()>) {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let mut out = paper.clone();
    let stopped = async {
        let _ = stopped.await;
    };
    let mut running = pin!(demo::run(options, &mut out, stopped));
    tokio::select! {
        result = &mut running => panic!("it ended by itself: {result:?}\n{}", paper.text()),
        () = work => {}
    }
    drop(stop);
    let ended = tokio::time::timeout(PATIENCE, running).await.expect("it stops");
    ended.expect("it stops cleanly");
}

/// A demo that must fail, and the sentence it fails with.
async fn failing(options: Options) -> String {
    let mut out = io::sink();
    let run = demo::run(options, &mut out, std::future::pending());
    let ended = tokio::time::timeout(PATIENCE, run).await.expect("it does not run");
    format!("{:#}", ended.expect_err("it fails"))
}

fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().redirect(Policy::none()).build().expect("a client")
}

async fn get(url: &str) -> Response {
    client().get(url).send().await.expect("an answer")
}

/// The text of the first element with this name in what an address answers.
async fn element(url: &str, name: &str) -> String {
    let body = get(url).await.text().await.expect("text");
    let text = body.split_once(&format!("<{name}>")).and_then(|(_, rest)| rest.split_once('<'));
    text.unwrap_or_else(|| panic!("no {name} in {body}")).0.to_owned()
}

fn location(answer: &Response) -> &str {
    assert_eq!(answer.status(), StatusCode::FOUND);
    answer.headers().get("location").expect("a redirect").to_str().expect("text")
}

/// What the operator asks through the socket.
struct Operator(Client);

impl Operator {
    fn at(data_dir: &Path) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let socket = data_dir.join("beadle.sock");
        Self(Client::builder().unix_socket(socket).build().expect("a client"))
    }

    async fn servers(&self) -> Vec<ServerView> {
        let answer = self.0.get("http://beadle/beadle/api/v1/servers").send().await;
        let body = answer.expect("an answer").bytes().await.expect("a body");
        serde_json::from_slice(&body).expect("servers")
    }

    async fn cordon(&self, id: &str) {
        let url = format!("http://beadle/beadle/api/v1/servers/{id}/state");
        let wish = self.0.post(url).header("content-type", "application/json");
        let answer = wish.body(r#"{"state":"cordoned"}"#).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
    }
}

fn ids(servers: &[ServerView]) -> Vec<&str> {
    servers.iter().map(|server| server.id.as_str()).collect()
}

/// The seven calls that it prints do what they say.
async fn try_examples(paper: &Paper) {
    let url = |name| paper.said(name);
    assert_eq!(element(&url("index"), "version").await, "2.0");
    assert_eq!(element(&url("create"), "returncode").await, "SUCCESS");
    let server = get(&url("join")).await;
    let room = get(location(&server)).await;
    assert!(location(&room).contains("sessionToken="), "{room:?}");
    assert_eq!(element(&url("isMeetingRunning"), "running").await, "true");
    assert_eq!(element(&url("getMeetingInfo"), "fullName").await, "Ada Lovelace");
    let all = get(&url("getMeetings")).await.text().await.expect("text");
    assert!(all.contains("<meetingID>room-42</meetingID>"), "{all}");
    assert_eq!(element(&url("end"), "returncode").await, "SUCCESS");
    assert_eq!(element(&url("getMeetingInfo"), "messageKey").await, "notFound");
}

/// All servers get meetings, and the last one, which is weaker, fewer people than the others.
async fn watch_placement(paper: &Paper, operator: &Operator) {
    let (mut people, mut meetings) = ([0_u32; 3], [0_u32; 3]);
    until("the weaker server has fewer people", paper, async || {
        let servers = operator.servers().await;
        for (server, (people, meetings)) in servers.iter().zip(people.iter_mut().zip(&mut meetings))
        {
            *people += server.users;
            *meetings = server.meetings.max(*meetings);
        }
        let [first, second, weak] = people;
        let all = meetings.iter().all(|most| *most > 0) && weak > 0;
        (all && weak < first && weak < second).then_some(())
    })
    .await;
}

#[tokio::test]
async fn people_meet_on_all_servers_and_the_next_run_carries_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let data_dir = folder.path().join("demo");
    let operator = Operator::at(&data_dir);
    let paper = Paper::default();
    let mut before = Vec::new();
    during(options(Some(&data_dir)), &paper, async {
        until("it is there", &paper, async || paper.line("bbb3")).await;
        try_examples(&paper).await;
        watch_placement(&paper, &operator).await;
        before = operator.servers().await;
        operator.cordon("bbb2").await;
        let cordoned = async || paper.text().contains("bbb2  cordoned").then_some(());
        until("the table shows the cordoned server", &paper, cordoned).await;
        let ends = async || paper.counted("ends").filter(|ends| *ends > 0);
        until("classes end", &paper, ends).await;
        assert_eq!(paper.counted("failures"), Some(0), "{}", paper.text());
    })
    .await;
    assert_eq!(ids(&before), ["bbb1", "bbb2", "bbb3"]);
    let [first, _, third] = before.as_slice() else { panic!("three servers: {before:?}") };
    assert!(third.weight < first.weight);
    assert!(!data_dir.join("beadle.sock").exists());
    assert!(client().get(paper.said("index")).send().await.is_err(), "it still answers");

    let authority = first.url.split('/').nth(2).expect("an address");
    let _taken = TcpListener::bind(authority).expect("the port of bbb1 is free again");
    let again = Paper::default();
    during(options(Some(&data_dir)), &again, async {
        until("it is there again", &again, async || again.line("bbb3")).await;
        let after = operator.servers().await;
        assert_eq!(ids(&after), ids(&before));
        for (server, old) in after.iter().zip(&before) {
            assert_eq!((server.weight, server.health.as_str()), (old.weight, "online"));
            assert_ne!(server.url, first.url, "its port is taken");
            let state = if server.id == "bbb2" { "cordoned" } else { "enabled" };
            assert_eq!(server.state.as_str(), state, "{}", server.id);
        }
        let joins = async || again.counted("joins").filter(|joins| *joins > 0);
        until("people come again", &again, joins).await;
    })
    .await;
    assert_eq!(again.said("secret"), paper.said("secret"));
}

#[tokio::test]
async fn a_temporary_directory_is_removed_at_the_end() {
    let paper = Paper::default();
    during(options(None), &paper, async {
        until("it is there", &paper, async || paper.line("bbb3")).await;
        let (path, _) = paper.said("data").split_once(' ').map(own).expect("a path");
        assert!(Path::new(&path).join("beadle.sock").exists());
    })
    .await;
    let (path, fate) = paper.said("data").split_once(' ').map(own).expect("a path");
    assert_eq!(fate, "(removed at the end)");
    assert!(!Path::new(&path).exists());
}

fn own((a, b): (&str, &str)) -> (String, String) {
    (a.to_owned(), b.to_owned())
}

#[tokio::test]
async fn a_taken_address_and_a_foreign_directory_are_explained() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    let error = failing(Options { listen: address, ..options(None) }).await;
    assert!(error.contains(&address.to_string()) && error.contains("--listen"), "{error}");

    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("format"), "1\n").expect("a file");
    let error = failing(options(Some(folder.path()))).await;
    assert!(error.contains("holds no demo") && error.contains("--data-dir"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 1);
}

/// A pipe whose reader goes away after the welcome.
struct Head(usize);

impl Write for Head {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.checked_sub(1) {
            Some(left) => {
                self.0 = left;
                Ok(bytes.len())
            }
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn it_stops_when_nobody_reads_any_more() {
    for writes in [0, 1] {
        let mut out = Head(writes);
        let run = demo::run(options(None), &mut out, std::future::pending());
        tokio::time::timeout(PATIENCE, run).await.expect("it stops").expect("cleanly");
    }
}
