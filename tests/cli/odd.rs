//! Servers that answer what a test wants, with and without TLS.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// The index of a BigBlueButton server.
pub(crate) fn index(version: &str) -> String {
    format!(
        "<response><returncode>SUCCESS</returncode><version>2.0</version>\
         <bbbVersion>{version}</bbbVersion></response>"
    )
}

/// A file about certificates.
pub(crate) fn pem(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/tls").join(format!("{name}.pem"))
}

/// Answers every request with this status line and header fields, and this body; a list of no
/// meetings where it is asked for one and the body is an index. With the name of a certificate it
/// speaks TLS.
pub(crate) fn answering(head: &str, body: &str, certificate: Option<&str>) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    let tls = certificate.map(|name| Arc::new(config(name)));
    let (head, body) = (head.to_owned(), body.to_owned());
    // It ends with the test program.
    thread::spawn(move || {
        for stream in listener.incoming().filter_map(Result::ok) {
            // Clients that do not like the certificate hang up.
            let _ = match &tls {
                None => answer(stream, &head, &body),
                Some(config) => ServerConnection::new(Arc::clone(config))
                    .map_err(std::io::Error::other)
                    .and_then(|tls| answer(StreamOwned::new(tls, stream), &head, &body)),
            };
        }
    });
    address
}

fn config(certificate: &str) -> ServerConfig {
    let chain = fs::read(pem(certificate)).expect("a certificate");
    let chain = CertificateDer::pem_slice_iter(&chain).collect::<Result<Vec<_>, _>>();
    let key = PrivateKeyDer::from_pem_file(pem("key")).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("versions").with_no_client_auth();
    config.with_single_cert(chain.expect("certificates"), key).expect("they fit")
}

fn answer(mut stream: impl Read + Write, head: &str, body: &str) -> std::io::Result<()> {
    let (mut request, mut byte) = (Vec::new(), [0]);
    while !request.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        request.extend_from_slice(&byte);
        // A greeting in TLS is no request, and web servers say so at once.
        if request == [0x16] {
            break;
        }
    }
    let lists = body.contains("bbbVersion") && request.starts_with(b"GET /bigbluebutton/api/getM");
    let empty = "<response><returncode>SUCCESS</returncode><meetings/></response>";
    let body = if lists { empty } else { body };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )?;
    stream.flush()
}
