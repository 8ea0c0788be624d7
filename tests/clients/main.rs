//! Two client libraries that people really use, against the real binary.
//!
//! They are installed from their registries, so these tests are asked for by name:
//! `tests/clients/run` installs both into a temporary folder and runs this.
#![expect(clippy::expect_used, reason = "a failed expectation is a failed test")]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use beadle::sim::SimPool;

const SECRET: &str = "clients' secret";

/// A beadle in front of two simulated servers.
struct Beadle {
    child: Child,
    url: String,
    data_dir: tempfile::TempDir,
}

impl Drop for Beadle {
    fn drop(&mut self) {
        // It may have ended; then there is nothing to stop.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Beadle {
    fn start() -> Self {
        let data_dir = tempfile::tempdir().expect("a directory");
        let mut child = Command::new(env!("CARGO_BIN_EXE_beadle"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data_dir.path())
            .env("LOADBALANCER_SECRET", SECRET)
            .stderr(Stdio::piped())
            .spawn()
            .expect("beadle starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a log")).lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| Some(line.split_once("address=")?.1.to_owned()))
            .expect("it says where it listens");
        let address = address.split_whitespace().next().expect("an address");
        let url = format!("http://{address}");
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url, data_dir }
    }

    fn add(&self, url: &str, secret: &str) {
        let status = Command::new(env!("CARGO_BIN_EXE_beadle"))
            .args(["servers", "add", url, secret, "--enable", "--data-dir"])
            .arg(self.data_dir.path())
            .stdout(Stdio::null())
            .status();
        assert!(status.expect("the CLI runs").success());
    }
}

/// The folder that the packages were installed into.
fn installed() -> PathBuf {
    let folder = std::env::var_os("CLIENT_PACKAGES");
    PathBuf::from(folder.expect("CLIENT_PACKAGES names the folder with the packages"))
}

fn with_beadle(run: impl FnOnce(&Beadle) -> Command) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let pool = runtime.block_on(SimPool::start(2)).expect("servers");
    let beadle = Beadle::start();
    for server in pool.servers() {
        beadle.add(&server.url(), server.secret());
    }
    let status = run(&beadle).status().expect("the client runs");
    assert!(status.success(), "the client found something wrong");
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(name)
}

#[test]
#[ignore = "needs bigbluebutton-api-python: tests/clients/run"]
fn python_package_holds_a_class() {
    with_beadle(|beadle| {
        let mut command = Command::new(installed().join("python/bin/python"));
        command.arg(script("client.py")).args([&beadle.url, SECRET]);
        command
    });
}

#[test]
#[ignore = "needs bigbluebutton-js: tests/clients/run"]
fn npm_package_holds_a_class() {
    with_beadle(|beadle| {
        let mut command = Command::new("node");
        command.env("NODE_PATH", installed().join("node_modules"));
        command.arg(script("client.js")).args([&beadle.url, SECRET]);
        command
    });
}
