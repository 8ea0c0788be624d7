//! A load: some connections that ask as fast as they are answered, or in turn.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What a load measured.
pub struct Measured {
    /// Requests answered per second.
    pub per_second: f64,
    /// How many were answered.
    pub requests: usize,
    latencies: Vec<u32>,
}

impl Measured {
    /// The latency in microseconds that this part of the requests stayed below.
    pub fn latency(&self, part: f64) -> f64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a place in a list of some thousand"
        )]
        let place = (self.latencies.len() as f64 * part) as usize;
        let place = place.min(self.latencies.len().saturating_sub(1));
        self.latencies.get(place).map_or(f64::NAN, |&micros| f64::from(micros))
    }
}

/// Asks an address over that many connections for that long. The targets are asked in turn.
pub fn run(
    address: SocketAddr,
    connections: usize,
    time: Duration,
    targets: &[String],
) -> Measured {
    let requests: Arc<Vec<Vec<u8>>> = Arc::new(
        targets
            .iter()
            .map(|target| format!("GET {target} HTTP/1.1\r\nHost: {address}\r\n\r\n").into_bytes())
            .collect(),
    );
    super::block_on(async move {
        let began = Instant::now();
        let tasks: Vec<_> = (0..connections)
            .map(|place| tokio::spawn(ask(address, began + time, Arc::clone(&requests), place)))
            .collect();
        let mut latencies = Vec::new();
        for task in tasks {
            latencies.extend(task.await.expect("a connection's task ends"));
        }
        let seconds = began.elapsed().as_secs_f64();
        latencies.sort_unstable();
        #[expect(clippy::cast_precision_loss, reason = "some million requests at most")]
        let per_second = latencies.len() as f64 / seconds;
        Measured { per_second, requests: latencies.len(), latencies }
    })
}

async fn ask(
    address: SocketAddr,
    until: Instant,
    requests: Arc<Vec<Vec<u8>>>,
    first: usize,
) -> Vec<u32> {
    let mut stream = TcpStream::connect(address).await.expect("the address answers");
    stream.set_nodelay(true).expect("a socket option can be set");
    let mut latencies = Vec::with_capacity(1 << 16);
    let mut buffer = vec![0; 64 << 10];
    for place in first.. {
        let began = Instant::now();
        if began >= until {
            break;
        }
        let request = requests.get(place % requests.len()).expect("a place in the list");
        stream.write_all(request).await.expect("the request can be sent");
        read_answer(&mut stream, &mut buffer).await;
        latencies.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
    latencies
}

/// Reads one answer with a Content-Length, and throws it away.
async fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) {
    let mut filled = 0;
    let (head, length) = loop {
        let read = stream.read(&mut buffer[filled..]).await.expect("an answer comes");
        assert!(read > 0, "the connection was closed in the middle of an answer");
        filled += read;
        if let Some(end) = find(&buffer[..filled], b"\r\n\r\n") {
            break (end + 4, content_length(&buffer[..end]));
        }
    };
    let mut missing = (head + length).saturating_sub(filled);
    while missing > 0 {
        let room = missing.min(buffer.len());
        let read = stream.read(&mut buffer[..room]).await.expect("the body comes");
        assert!(read > 0, "the connection was closed in the middle of a body");
        missing -= read;
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, wanted)
}

fn content_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 200") || head.starts_with("http/1.1 302"), "{head}");
    let value = head.split("content-length:").nth(1).and_then(|rest| rest.split("\r\n").next());
    value.and_then(|value| value.trim().parse().ok()).expect("an answer names its length")
}
