//! Standard output and standard error; the only place that writes to them.

use std::io::{self, IsTerminal as _, Write as _};

use super::error::CliError;

/// Writes a result to standard output, as whole lines. A reader that has seen enough
/// (`beadle servers list | head -1`) is no failure.
pub(super) fn result(text: &str) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n"));
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CliError::Output(error)),
        _ => Ok(()),
    }
}

/// Says something to whoever sits there, on standard error.
pub(super) fn say(text: &str) {
    // Where nobody listens nothing can be said.
    let _ = writeln!(io::stderr().lock(), "{}", harmless(text));
}

/// Begins a line on standard error that an answer follows.
pub(super) fn prompt(text: &str) {
    let mut err = io::stderr().lock();
    let _ = write!(err, "{} ", harmless(text)).and_then(|()| err.flush());
}

/// Whether somebody watches standard error.
pub(super) fn watched() -> bool {
    io::stderr().is_terminal()
}

/// Names come from strangers; what they hold must not steer the terminal.
fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}
