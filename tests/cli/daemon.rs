//! A running `beadle serve`, and front ends that call it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Instant;

use beadle::bbb::checksum::{Algorithm, Checksum};
use rustix::process::Signal;

use crate::place::{DEADLINE, Place, Ran, SECRET, finish, kill};

/// A daemon that listens. It is killed when it is dropped.
pub(crate) struct Daemon {
    child: Option<Child>,
    lines: Receiver<String>,
    said: Vec<String>,
    pub(crate) address: SocketAddr,
}

impl Daemon {
    /// Starts a daemon on a free port and waits until it listens.
    pub(crate) fn start(place: &Place) -> Self {
        Self::of(place.command(&["serve", "--listen", "127.0.0.1:0"]))
    }

    /// Starts a daemon with this command line and waits until it listens.
    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command.spawn().expect("a process");
        let stderr = BufReader::new(child.stderr.take().expect("its standard error"));
        let (sender, lines) = channel();
        thread::spawn(move || {
            stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let address = SocketAddr::from(([0, 0, 0, 0], 0));
        let mut daemon = Self { child: Some(child), lines, said: Vec::new(), address };
        let line = daemon.wait_for("listening address=");
        let (_, rest) = line.split_once("address=").expect("an address");
        let address = rest.split(' ').next().expect("a word");
        daemon.address = address.parse().expect("an address");
        daemon
    }

    /// Waits for a line of the log with this in it.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        let began = Instant::now();
        loop {
            let left = DEADLINE.saturating_sub(began.elapsed());
            let Ok(line) = self.lines.recv_timeout(left) else {
                unreachable!("{text:?} was not said, but: {:#?}", self.said)
            };
            self.said.push(line.clone());
            if line.contains(text) {
                return line;
            }
        }
    }

    /// All that was said so far and read by [`Self::wait_for`].
    pub(crate) fn said(&self) -> String {
        self.said.join("\n")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.child.as_ref().expect("it runs").id(), signal);
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Ran {
        finish(self.child.take().expect("it runs"))
    }

    /// Stops it as systemd does.
    pub(crate) fn stop(self) {
        self.signal(Signal::TERM);
        assert_eq!(self.end().code, 0);
    }

    /// A front end's call, signed with its secret.
    pub(crate) fn call(&self, call: &str, query: &str) -> String {
        self.call_with(SECRET, call, query)
    }

    /// A front end's call, signed with this secret.
    pub(crate) fn call_with(&self, secret: &str, call: &str, query: &str) -> String {
        send(self.address, &signed(secret, call, query)).expect("an answer")
    }

    /// A connection for several calls.
    pub(crate) fn connect(&self) -> Lasting {
        let stream = TcpStream::connect(self.address).expect("a connection");
        stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
        Lasting(BufReader::new(stream))
    }

    /// A front end's call that may be cut off, on a thread of its own.
    pub(crate) fn call_aside(
        &self,
        call: &str,
        query: &str,
    ) -> thread::JoinHandle<std::io::Result<String>> {
        let (address, target) = (self.address, signed(SECRET, call, query));
        thread::spawn(move || send(address, &target))
    }
}

/// A connection that stays open.
pub(crate) struct Lasting(BufReader<TcpStream>);

impl Lasting {
    /// A front end's call; none when the connection was closed.
    pub(crate) fn ask(&mut self, call: &str, query: &str) -> Option<String> {
        let target = signed(SECRET, call, query);
        write!(self.0.get_mut(), "GET {target} HTTP/1.1\r\nHost: beadle\r\n\r\n").ok()?;
        let (mut answer, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
            answer += &line;
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).ok()?;
        Some(answer + &String::from_utf8(body).expect("text"))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

pub(crate) fn signed(secret: &str, call: &str, query: &str) -> String {
    let checksum = Checksum::of(Algorithm::Sha256, call, query, secret);
    let checksum = checksum.as_str();
    let joint = if query.is_empty() { "" } else { "&" };
    format!("/bigbluebutton/api/{call}?{query}{joint}checksum={checksum}")
}

fn send(address: SocketAddr, target: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    write!(stream, "GET {target} HTTP/1.1\r\nHost: beadle\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
