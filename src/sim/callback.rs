//! Tells a front end that a meeting has ended, at the address that the create gave.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long a front end has to hear it.
const PATIENCE: Duration = Duration::from_secs(5);

/// One address that is to be called. Only plain HTTP is spoken.
pub(super) struct Callback {
    url: String,
}

impl Callback {
    /// What is appended is BBB's own: whether somebody pressed record, and the external id.
    pub(super) fn new(url: &str, meeting_id: &str) -> Self {
        let joint = if url.contains('?') { '&' } else { '?' };
        let id: String = form_urlencoded::byte_serialize(meeting_id.as_bytes()).collect();
        Self { url: format!("{url}{joint}recordingmarks=false&meetingID={id}") }
    }

    /// Calls it once. Nobody waits for the outcome, so there is none.
    pub(super) async fn deliver(self) {
        let Some((authority, target)) = self.parts() else { return };
        let call = async {
            let mut stream = TcpStream::connect(authority_with_port(authority)).await?;
            let request =
                format!("GET {target} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await?;
            // Closing before the answer came would look like a front end that hung up.
            stream.read_to_end(&mut Vec::new()).await
        };
        let _heard = tokio::time::timeout(PATIENCE, call).await;
    }

    /// Host with port, and the path with its query.
    fn parts(&self) -> Option<(&str, &str)> {
        let rest = self.url.strip_prefix("http://")?;
        let (authority, _) = rest.split_once(['/', '?'])?;
        let target = rest.get(authority.len()..)?;
        // An address such as `http://host?x` has no path to call.
        target.starts_with('/').then_some((authority, target))
    }
}

fn authority_with_port(authority: &str) -> String {
    let has_port = authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()));
    if has_port { authority.to_owned() } else { format!("{authority}:80") }
}
