//! Calls about one meeting through beadle, held against the same clients asking the server itself,
//! and against nginx in front of the same server.
#![expect(clippy::expect_used, reason = "a failed expectation is a failed bench")]
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

mod support;

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use beadle::bbb::checksum::{Algorithm, Checksum};
use beadle::sim::SimServer;
use support::process::{Beadle, cpu, servers};
use support::{load, only_started, report, round_time, signed, take_turns};

const BUSY: usize = 32;

fn main() {
    if only_started() {
        return;
    }
    let servers = servers(1);
    let server = servers.first().expect("one server");
    let data_dir = tempfile::tempdir().expect("a directory");
    let beadle = Beadle::start(data_dir.path(), "10");
    beadle.add(server);
    let create = [signed("create", "name=Class&meetingID=class&moderatorPW=mp")];
    load::run(beadle.address, 1, std::time::Duration::from_millis(50), &create);
    server.add_people("class", 20, 2);
    let nginx = Nginx::start(server.address(), data_dir.path());
    for call in ["isMeetingRunning", "getMeetingInfo"] {
        compare(call, &beadle, server, nginx.as_ref());
    }
    if nginx.is_none() {
        println!(
            "nginx is not installed: no comparison with proxy_pass (Debian package nginx-light)"
        );
    }
}

fn compare(call: &str, beadle: &Beadle, server: &SimServer, nginx: Option<&Nginx>) {
    let through = [signed(call, "meetingID=class")];
    let direct = [signed_by(server, call)];
    let rounds = take_turns(
        || load::run(beadle.address, 1, round_time(), &through),
        || load::run(server.address(), 1, round_time(), &direct),
    );
    for (name, part, bound) in [("median", 0.5, "at most 2.0"), ("p99", 0.99, "at most 2.5")] {
        let (ours, theirs) = rounds.medians(|m| m.latency(part));
        let behind = format!("{ours:.0} µs and {theirs:.0} µs, one client");
        let ratio = rounds.ratio(|m| m.latency(part));
        report(&format!("{call} ÷ direct, {name}"), ratio, bound, &behind);
    }
    let Some(nginx) = nginx else { return };
    let busy = |address, targets: &[String], time: &dyn Fn() -> f64| {
        let before = time();
        let measured = load::run(address, BUSY, round_time(), targets);
        #[expect(clippy::cast_precision_loss, reason = "some million requests at most")]
        let micros = (time() - before) * 1e6 / measured.requests as f64;
        (measured.per_second, micros)
    };
    for (name, address) in [("kept connections", nginx.kept), ("as it comes", nginx.plain)] {
        let rounds = take_turns(
            || busy(beadle.address, &through, &|| beadle.cpu()),
            || busy(address, &direct, &|| nginx.cpu()),
        );
        let ((ours, theirs), (our_cpu, their_cpu)) =
            (rounds.medians(|m| m.0), rounds.medians(|m| m.1));
        report(
            &format!("{call} ÷ nginx proxy_pass, {name}"),
            rounds.ratio(|m| m.0),
            "at least 0.9",
            &format!(
                "{ours:.0}/s ({our_cpu:.1} µs CPU) and {theirs:.0}/s ({their_cpu:.1} µs CPU), {BUSY} clients"
            ),
        );
    }
}

fn signed_by(server: &SimServer, call: &str) -> String {
    let query = "meetingID=class";
    let checksum = Checksum::of(Algorithm::Sha256, call, query, server.secret());
    format!("/bigbluebutton/api/{call}?{query}&checksum={}", checksum.as_str())
}

/// An nginx with two workers, like beadle here: once keeping its connections to the server, once
/// as `proxy_pass` does without further settings.
struct Nginx {
    child: Child,
    kept: SocketAddr,
    plain: SocketAddr,
}

impl Nginx {
    fn start(server: SocketAddr, folder: &std::path::Path) -> Option<Self> {
        let (kept, plain) = (free_address(), free_address());
        let folder = folder.display();
        let file = format!("{folder}/nginx.conf");
        let settings = format!(
            "worker_processes 2; daemon off; pid {folder}/nginx.pid; error_log /dev/null;\n\
             events {{ worker_connections 4096; }}\n\
             http {{ access_log off; keepalive_requests 1000000000; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;\n\
             fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n\
             upstream bbb {{ server {server}; keepalive 64; keepalive_requests 1000000000; }}\n\
             server {{ listen {kept}; location / {{ proxy_pass http://bbb; proxy_http_version 1.1;\n\
             proxy_set_header Connection \"\"; }} }}\n\
             server {{ listen {plain}; location / {{ proxy_pass http://{server}; }} }} }}\n"
        );
        std::fs::write(&file, settings).expect("a file can be written");
        let child = Command::new("nginx").args(["-c", &file]).stderr(Stdio::null()).spawn().ok()?;
        while std::net::TcpStream::connect(plain).is_err() {
            std::thread::yield_now();
        }
        Some(Self { child, kept, plain })
    }

    /// The processor time of all its processes, in seconds.
    fn cpu(&self) -> f64 {
        let id = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        let children = children.unwrap_or_default();
        children.split_whitespace().filter_map(|id| id.parse().ok()).map(cpu).sum()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

fn free_address() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it has an address")
}
