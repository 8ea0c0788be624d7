//! A beadle in a process of its own, as an operator runs it, and what it costs.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use beadle::sim::SimServer;

/// A running beadle; killed when it is dropped.
pub struct Beadle {
    /// Where it answers.
    pub address: SocketAddr,
    /// From its start to its first line that it listens.
    pub started_in: Duration,
    child: Child,
    data_dir: PathBuf,
}

impl Beadle {
    /// Starts one on a data directory. `poll` is the interval in seconds.
    pub fn start(data_dir: &Path, poll: &str) -> Self {
        let began = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_beadle"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data_dir)
            .env("BEADLE_API_SECRETS", format!("[\"{}\"]", super::SECRET))
            .env("BEADLE_POLL_INTERVAL", poll)
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("beadle starts");
        let mut lines = BufReader::new(child.stderr.take().expect("it has a log")).lines();
        let address = loop {
            let line = lines.next().expect("it says where it listens").expect("its log is text");
            let plain: String = line.replace('\u{1b}', "");
            if let Some(rest) = plain.split("address=").nth(1) {
                let text = rest.split_whitespace().next().unwrap_or_default();
                break text.trim_matches('"').parse().expect("an address");
            }
        };
        let started_in = began.elapsed();
        // Its log must be read on, or it would wait for room in the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { address, started_in, child, data_dir: data_dir.to_path_buf() }
    }

    /// Adds a server, enabled.
    pub fn add(&self, server: &SimServer) {
        self.cli(&["servers", "add", &server.url(), server.secret(), "--enable"]);
    }

    /// Runs a command of the CLI, which must succeed.
    pub fn cli(&self, arguments: &[&str]) {
        let socket = self.data_dir.join("beadle.sock");
        let output = Command::new(env!("CARGO_BIN_EXE_beadle"))
            .args(arguments)
            .arg("--socket")
            .arg(socket)
            .output()
            .expect("the CLI runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "beadle {arguments:?}: {said}");
    }

    /// The processor time it has used so far, in seconds.
    pub fn cpu(&self) -> f64 {
        cpu(self.child.id())
    }

    /// The memory it has now, in MiB.
    pub fn memory(&self) -> f64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).expect("the process is there");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("it has memory");
        let kibibytes = line.split_whitespace().nth(1).and_then(|text| text.parse::<f64>().ok());
        kibibytes.expect("a number of KiB") / 1024.0
    }
}

impl Drop for Beadle {
    fn drop(&mut self) {
        // It may be gone already; nothing is left to do then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The processor time of a process, in seconds (Linux counts it in hundredths).
pub fn cpu(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("it is there");
    // The name may hold blanks, so the fields are counted from its closing bracket.
    let fields: Vec<&str> =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |place: usize| fields.get(place).and_then(|text| text.parse::<f64>().ok());
    (ticks(11).unwrap_or_default() + ticks(12).unwrap_or_default()) / 100.0
}

/// Simulated servers on a thread of their own, so that they share nothing with the load.
pub fn servers(count: usize) -> Vec<SimServer> {
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        super::block_on(async move {
            let pool = beadle::sim::SimPool::start(count).await.expect("servers start");
            send.send(pool.servers().to_vec()).expect("the bench waits for them");
            std::future::pending::<()>().await;
        });
    });
    receive.recv().expect("servers start")
}
