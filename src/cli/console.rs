//! What every operator's command works with: the daemon, and the form of the result.

use serde::Serialize;

use super::daemon::Daemon;
use super::error::CliError;
use super::print;

/// The daemon, and how its answers are to be shown.
pub(super) struct Console {
    /// The running daemon.
    pub(super) daemon: Daemon,
    /// Whether results are JSON instead of text for people.
    pub(super) json: bool,
}

impl Console {
    /// Writes a result: as JSON, or as the text that is made of it.
    pub(super) fn show<T: Serialize>(
        &self,
        value: &T,
        text: impl FnOnce(&T) -> String,
    ) -> Result<(), CliError> {
        if self.json { self.json(value) } else { print::result(&text(value)) }
    }

    /// Writes a result that people are told in one sentence.
    pub(super) fn done<T: Serialize>(
        &self,
        value: &T,
        sentence: impl FnOnce(&T) -> String,
    ) -> Result<(), CliError> {
        if self.json {
            return self.json(value);
        }
        print::say(&sentence(value));
        Ok(())
    }

    #[expect(clippy::unused_self, reason = "a result is written by the console only")]
    fn json<T: Serialize>(&self, value: &T) -> Result<(), CliError> {
        let text = serde_json::to_string_pretty(value);
        print::result(&text.map_err(|error| CliError::Output(error.into()))?)
    }
}
