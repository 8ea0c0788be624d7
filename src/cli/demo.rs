//! `beadle demo`: the whole thing at once, with simulated servers and people.

use std::io::{self, IsTerminal as _};

use anyhow::Context as _;

use super::args::{Demo, SourceArgs};
use super::error::{CliError, Exit};
use super::serve::{Signals, Wish};
use crate::demo::{self, Options};

/// Runs the demo until a signal stops it.
pub(super) async fn run(sources: &SourceArgs, args: &Demo) -> Result<Exit, CliError> {
    let mut signals =
        Signals::listen().context("cannot listen to signals").map_err(CliError::Daemon)?;
    let stop = async move {
        // There is no configuration to load again here.
        while matches!(signals.next().await, Wish::Reload) {}
    };
    let options = Options {
        servers: args.servers.into(),
        people: args.people,
        listen: args.listen,
        data_dir: sources.data_dir.clone(),
        terminal: io::stdout().is_terminal(),
        seed: args.seed,
        ..Options::default()
    };
    // No log is started: its lines would tear the table.
    demo::run(options, &mut io::stdout(), stop).await.map_err(CliError::Daemon)?;
    Ok(Exit::Fine)
}
