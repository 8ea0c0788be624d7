//! The real program: started, killed, started again on the same data and the same port.

use std::fs::{self, OpenOptions};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::{TcpSocket, UnixStream};

use crate::DEAD_AFTER;
use crate::call::{Answer, SECRET, exchange, get};
use crate::school::School;

/// Longer than any start takes.
const START: Duration = Duration::from_mins(1);

/// beadle with its folder. It is killed when this is dropped.
pub(crate) struct Beadle {
    folder: TempDir,
    /// Bound and never listening: keeps the port while beadle is dead.
    _port: TcpSocket,
    address: SocketAddr,
    child: Option<Child>,
}

impl Beadle {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let port = TcpSocket::new_v4().expect("a socket");
        port.set_reuseaddr(true).expect("an option");
        port.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port");
        let address = port.local_addr().expect("an address");
        let dead_after = DEAD_AFTER.as_secs();
        let toml = format!(
            "http.listen = \"{address}\"\n\
             api.secrets = [\"{SECRET}\"]\n\
             poll.interval = \"300ms\"\n\
             health.offline_after = \"1s\"\n\
             health.dead_after = \"{dead_after}s\"\n\
             servers.connect_timeout = \"1s\"\n\
             servers.response_timeout = \"2s\"\n\
             servers.create_timeout = \"3s\"\n"
        );
        fs::write(folder.path().join("beadle.toml"), toml).expect("a file");
        Self { folder, _port: port, address, child: None }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts it and waits until it answers.
    pub(crate) async fn start(&mut self) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_beadle"));
        command.env_clear().arg("serve");
        command.arg("--config").arg(self.folder.path().join("beadle.toml"));
        command.arg("--data-dir").arg(self.data());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log());
        let child = self.child.insert(command.spawn().expect("a process"));
        let deadline = Instant::now() + START;
        while get(self.address, "/bigbluebutton/api").await.is_err() {
            assert!(child.try_wait().expect("a state").is_none(), "beadle does not start");
            assert!(Instant::now() < deadline, "beadle does not answer");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        assert!(child.try_wait().expect("a state").is_none(), "beadle has ended by itself");
        child.kill().expect("a kill");
        child.wait().expect("its end");
    }

    /// Kills it, removes its data directory and starts it.
    pub(crate) async fn lose_data(&mut self) {
        self.kill();
        fs::remove_dir_all(self.data()).expect("a folder that can be removed");
        self.start().await;
    }

    /// Stops it as an init system does.
    pub(crate) fn stop(mut self) {
        let mut child = self.child.take().expect("it runs");
        let id = Pid::from_raw(child.id().cast_signed()).expect("an id");
        kill_process(id, Signal::TERM).expect("a signal");
        assert!(child.wait().expect("its end").success(), "it stops in good order");
    }

    /// Makes the servers known, as an operator does.
    pub(crate) async fn add_servers(&self, school: &School) {
        for (place, site) in school.sites.iter().enumerate() {
            let (url, secret) = (site.server.url(), site.server.secret());
            let wish = json!({"id": format!("bbb{place}"), "url": url, "secret": secret,
                              "enable": true});
            let answer = self.operate("POST", "/servers", &wish.to_string()).await;
            assert_eq!(answer.status, 201, "{}", answer.body);
        }
    }

    /// One round of polls, and what beadle then says of itself.
    pub(crate) async fn poll(&self) -> Value {
        let answer = self.operate("POST", "/poll", "").await;
        serde_json::from_str(&answer.body).expect("a status")
    }

    async fn operate(&self, method: &str, path: &str, body: &str) -> Answer {
        let socket = self.data().join("beadle.sock");
        let stream = UnixStream::connect(socket).await.expect("the operator's socket");
        let request = format!(
            "{method} /beadle/api/v1{path} HTTP/1.1\r\nHost: beadle\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        exchange(stream, &request).await.expect("an answer")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}

impl Drop for Beadle {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Where the log goes.
fn log() -> Stdio {
    match std::env::var_os("CHAOS_LOG") {
        Some(path) => {
            let file = OpenOptions::new().create(true).append(true).open(path);
            file.expect("a file for the log").into()
        }
        None => Stdio::null(),
    }
}
