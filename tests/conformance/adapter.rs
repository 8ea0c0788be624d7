//! Lets the conformance replay start beadle, fill its pool and poll it; see README.md here.
//!
//! It is a program, not a test: without `--adapter-port` it says so and ends.

mod candidate;

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, bail};
use beadle::config::Log;
use beadle::telemetry::Telemetry;
use serde_json::{Value, json};

use candidate::Candidate;

/// The replay sends its requests at once; whoever stays silent is somebody else.
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [flag, port] if flag == "--adapter-port" => serve(port.parse().context("the port")?),
        _ => say("the conformance replay is run with tests/conformance/run"),
    }
}

/// Answers the replay until standard input ends, which it does at the latest when the script that
/// started this program is gone.
fn serve(port: u16) -> anyhow::Result<()> {
    let _log = Telemetry::start(&Log::default());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        // An error ends it as well.
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        std::process::exit(0)
    });
    let mut candidate = Candidate::new()?;
    say(&format!("http://{address}"))?;
    for stream in listener.incoming() {
        let served = stream.map_err(Into::into).and_then(|stream| answer(&stream, &mut candidate));
        if let Err(error) = served {
            tracing::warn!(%error, "a request of the replay could not be served");
        }
    }
    Ok(())
}

/// One request, `POST /VERB` with a JSON object, for each connection.
fn answer(mut stream: &TcpStream, candidate: &mut Candidate) -> anyhow::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let (verb, arguments) = read(stream)?;
    let answer = match candidate.carry_out(&verb, &arguments) {
        Ok(mut answer) => {
            answer.insert("ok".to_owned(), json!(true));
            Value::Object(answer)
        }
        Err(error) => json!({ "ok": false, "error": format!("{error:#}") }),
    };
    let body = answer.to_string();
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    )?;
    Ok(())
}

fn read(stream: &TcpStream) -> anyhow::Result<(String, Value)> {
    let mut lines = BufReader::new(stream);
    let mut line = String::new();
    lines.read_line(&mut line)?;
    let mut words = line.split_ascii_whitespace();
    let (Some("POST"), Some(path)) = (words.next(), words.next()) else {
        bail!("a request must be a POST");
    };
    let verb = path.trim_start_matches('/').to_owned();
    let mut length = 0;
    loop {
        line.clear();
        lines.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse()?;
        }
    }
    let mut body = String::new();
    lines.take(length).read_to_string(&mut body)?;
    let arguments = if body.is_empty() { json!({}) } else { serde_json::from_str(&body)? };
    Ok((verb, arguments))
}

/// Standard output is how the script learns the address.
fn say(line: &str) -> anyhow::Result<()> {
    Ok(writeln!(io::stdout(), "{line}")?)
}
