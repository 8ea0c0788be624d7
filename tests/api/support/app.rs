//! The application, built as `serve` builds it, on a thread of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use beadle::api::{AddServer, ServerView, Status};
use beadle::app::{Application, Reloader};
use beadle::config::Config;
use beadle::model::Secret;
use beadle::pool::Pool;
use beadle::sim::{BbbVersion, SimOptions, SimServer};
use tempfile::TempDir;
use tokio::net::UnixStream;
use tokio::sync::oneshot;

use super::http::{Answer, Connection};
use super::signed::Signed;

/// What front ends sign with.
pub(crate) const SECRET: &str = "s3cr3t";

/// The application on a free port with a data directory of its own; it stops when dropped.
pub(crate) struct TestApp {
    pub(crate) address: SocketAddr,
    pub(crate) pool: Pool,
    pub(crate) reloader: Reloader,
    pub(crate) config: Config,
    socket: PathBuf,
    data_dir: Arc<TempDir>,
    running: Option<Running>,
}

struct Running {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// What a built application says of itself.
struct Built {
    address: SocketAddr,
    socket: PathBuf,
    pool: Pool,
    reloader: Reloader,
}

impl TestApp {
    /// The application without servers, polling only when told to.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// The same with changes of its configuration.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let data_dir = Arc::new(tempfile::tempdir().expect("a folder"));
        let mut config = Config { data_dir: data_dir.path().to_owned(), ..Config::default() };
        config.http.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        config.http.workers = 1;
        config.http.shutdown_timeout = Duration::from_secs(1);
        config.api.secrets = vec![Secret::new(SECRET).expect("a secret")];
        config.poll.interval = Duration::ZERO;
        change(&mut config);
        Self::run(config, data_dir).await
    }

    /// The application in front of so many servers, which are called `bbb0`, `bbb1` and so on.
    pub(crate) async fn with_servers(count: usize) -> (Self, Vec<SimServer>) {
        Self::with_servers_and(count, |_| {}).await
    }

    /// The same with changes of its configuration.
    pub(crate) async fn with_servers_and(
        count: usize,
        change: impl FnOnce(&mut Config),
    ) -> (Self, Vec<SimServer>) {
        let app = Self::start_with(change).await;
        let mut servers = Vec::new();
        for place in 0..count {
            let server = server(place).await;
            app.add(place, &server, |_| {}).await;
            servers.push(server);
        }
        (app, servers)
    }

    /// Stops, and starts again on the same data.
    pub(crate) async fn restart(mut self) -> Self {
        let (config, data_dir) = (self.config.clone(), Arc::clone(&self.data_dir));
        // Elsewhere, because what still runs may wait for the servers of this thread.
        tokio::task::spawn_blocking(move || self.stop()).await.expect("a stop");
        Self::run(config, data_dir).await
    }

    /// A front end that knows the secret.
    pub(crate) fn front_end(&self) -> Signed {
        Signed::new(self.address, SECRET)
    }

    /// A call of that front end by GET.
    pub(crate) async fn get(&self, call: &str, query: &str) -> Answer {
        self.front_end().get(call, query).await
    }

    /// Adds a server as the operator does, enabled and polled unless the wish is changed.
    pub(crate) async fn add(
        &self,
        place: usize,
        server: &SimServer,
        change: impl FnOnce(&mut AddServer),
    ) -> ServerView {
        let mut wish = AddServer {
            url: server.url(),
            secret: server.secret().to_owned(),
            id: Some(format!("bbb{place}")),
            enable: true,
            ..AddServer::default()
        };
        change(&mut wish);
        let body = serde_json::to_string(&wish).expect("JSON");
        let answer = self.operate("POST", "/servers", &body).await;
        assert_eq!(answer.status, 201, "{}", answer.body());
        serde_json::from_slice(&answer.body).expect("a server")
    }

    /// Changes a server as the operator does.
    pub(crate) async fn set(&self, id: &str, change: &str) {
        let answer = self.operate("PATCH", &format!("/servers/{id}"), change).await;
        assert_eq!(answer.status, 200, "{}", answer.body());
    }

    /// Puts a server into a state, whatever is on it.
    pub(crate) async fn set_state(&self, id: &str, state: &str) {
        let body = format!(r#"{{"state":"{state}","force":true}}"#);
        let answer = self.operate("POST", &format!("/servers/{id}/state"), &body).await;
        assert_eq!(answer.status, 200, "{}", answer.body());
    }

    /// A server as the operator sees it.
    pub(crate) async fn view(&self, id: &str) -> ServerView {
        let answer = self.operate("GET", &format!("/servers/{id}"), "").await;
        serde_json::from_slice(&answer.body).expect("a server")
    }

    /// One full round of polls now.
    pub(crate) async fn poll(&self) -> Status {
        let answer = self.operate("POST", "/poll", "").await;
        serde_json::from_slice(&answer.body).expect("a status")
    }

    /// A call of the operator's API.
    pub(crate) async fn operate(&self, method: &str, path: &str, body: &str) -> Answer {
        let stream = UnixStream::connect(&self.socket).await.expect("the operator's socket");
        let mut connection = Connection::new(stream);
        let request = format!(
            "{method} /beadle/api/v1{path} HTTP/1.1\r\nHost: beadle\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        connection.write(&request).await.expect("sent");
        connection.answer().await.expect("an answer")
    }

    /// Where a meeting runs; none where it is not known.
    pub(crate) async fn server_of(&self, meeting: &str) -> Option<String> {
        let meetings = self.operate("GET", "/meetings", "").await.json();
        let meetings = meetings.as_array().expect("a list");
        let found = meetings.iter().find(|known| known["id"] == meeting)?;
        Some(found["server"].as_str().expect("a server").to_owned())
    }

    pub(crate) fn data_dir(&self) -> &Path {
        self.data_dir.path()
    }

    async fn run(config: Config, data_dir: Arc<TempDir>) -> Self {
        let (built, is_built) = oneshot::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let asked = config.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let app = Application::build(asked).expect("an application");
                let (address, socket) = (app.address(), app.socket().to_owned());
                let (pool, reloader) = (app.pool().clone(), app.reloader());
                let _ = built.send(Built { address, socket, pool, reloader });
                let stop = async {
                    let _ = stopped.await;
                };
                app.run_until(stop).await.expect("a clean stop");
            });
        });
        let Built { address, socket, pool, reloader } = is_built.await.expect("a start");
        let running = Some(Running { stop, thread });
        Self { address, pool, reloader, config, socket, data_dir, running }
    }

    fn stop(&mut self) {
        let Some(Running { stop, thread }) = self.running.take() else { return };
        drop(stop);
        let ended = thread.join();
        if !std::thread::panicking() {
            ended.expect("a clean end");
        }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A simulated server like BBB 3.0 with a secret of its own.
pub(crate) async fn server(place: usize) -> SimServer {
    let options = SimOptions::new(format!("secret of bbb{place}"), BbbVersion::V30);
    SimServer::start(options).await.expect("a server")
}

/// Waits until something is so; it must become so soon.
pub(crate) async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so().await {
        assert!(Instant::now() < deadline, "{what}: not in time");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits for something that must come soon.
pub(crate) async fn within<T>(seconds: u64, coming: impl Future<Output = T>) -> T {
    let limit = Duration::from_secs(seconds);
    tokio::time::timeout(limit, coming).await.expect("something in time")
}
