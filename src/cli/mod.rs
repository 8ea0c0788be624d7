//! The command line: `beadle serve` runs the daemon, every other command asks the running one over
//! its Unix socket.
//!
//! [`args`] is what can be typed, [`values`] reads it, [`sources`] finds the configuration and the socket, [`serve`] is
//! the daemon, [`demo`] the same with a simulated pool, [`daemon`] the client of it. [`servers`], [`meetings`] and [`status`] are the
//! operator's commands; [`mod@print`], [`table`] and [`words`] give their results a form. Results go to
//! standard output, everything said about them to standard error.

mod args;
mod ask;
mod console;
mod daemon;
mod demo;
mod doctor;
mod error;
mod explain;
mod meetings;
mod print;
mod serve;
mod servers;
mod sources;
mod status;
mod table;
mod values;
mod words;

use std::ffi::OsString;
use std::future::Future;
use std::process::ExitCode;

use clap::Parser as _;
use tokio::runtime::{Builder, Runtime};

use args::{Args, Command, SourceArgs};
use console::Console;
use daemon::Daemon;
use error::{CliError, Exit};

/// Does what a command line asks for. The first argument is the name of the program.
///
/// Exit codes: 0 done; 1 refused, failed, or something is wrong; 2 wrong usage or configuration;
/// 3 no running daemon; 4 waited in vain.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args = match Args::try_parse_from(arguments) {
        Ok(args) => args,
        Err(error) => {
            // Help that nobody reads to its end (`beadle --help | head -1`) is no failure.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Fine }.into();
        }
    };
    let exit = carry_out(args).unwrap_or_else(|error| {
        print::say(&format!("beadle: {error}"));
        error.exit()
    });
    exit.into()
}

fn carry_out(args: Args) -> Result<Exit, CliError> {
    let sources = &args.sources;
    match args.command {
        Command::Serve(serve) => finish(serve::run(sources, &serve)),
        Command::Demo(demo) => finish(demo::run(sources, &demo)),
        Command::Servers(servers) => {
            ask(sources, servers.json, async |desk| servers::run(&desk, servers.command).await)
        }
        Command::Meetings(meetings) => {
            ask(sources, meetings.json, async |desk| meetings::run(&desk, meetings.command).await)
        }
        Command::Explain(wish) => {
            ask(sources, wish.json, async |desk| explain::explain(&desk, wish).await)
        }
        Command::Status(form) => ask(sources, form.json, async |desk| status::status(&desk).await),
        Command::Doctor(form) => ask(sources, form.json, async |desk| doctor::run(&desk).await),
        Command::Poll(form) => ask(sources, form.json, async |desk| status::poll(&desk).await),
    }
}

/// Carries out a command that the running daemon answers.
fn ask(
    sources: &SourceArgs,
    json: bool,
    command: impl AsyncFnOnce(Console) -> Result<Exit, CliError>,
) -> Result<Exit, CliError> {
    let daemon = Daemon::at(sources::socket(sources)?)?;
    finish(command(Console { daemon, json }))
}

/// Runs to the end. One thread is enough: the HTTP servers have threads of their own.
fn finish(work: impl Future<Output = Result<Exit, CliError>>) -> Result<Exit, CliError> {
    let runtime: Runtime =
        Builder::new_current_thread().enable_all().build().map_err(CliError::Runtime)?;
    let result = runtime.block_on(work);
    // A name that is still being looked up must not hold up the end.
    runtime.shutdown_background();
    result
}
