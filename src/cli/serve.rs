//! `beadle serve`: the daemon from its start to its last line, and the signals it hears.

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::args::{Serve, SourceArgs};
use super::error::{CliError, Exit};
use super::sources;
use crate::app::{Application, Reloader};
use crate::config::{self, Loaded, Sources};
use crate::telemetry::{self, Telemetry};

/// Runs the daemon until a signal stops it.
pub(super) async fn run(args: &SourceArgs, serve: &Serve) -> Result<Exit, CliError> {
    let sources = sources::sources(args, serve.listen)?;
    let Loaded { config, notices } = config::load(&sources)?;
    let telemetry = Telemetry::start(&config.log);
    telemetry::log_notices(&notices);
    // From here on no signal ends the process in the middle of something.
    let signals =
        Signals::listen().context("cannot listen to signals").map_err(CliError::Daemon)?;
    let application = Application::build(config).map_err(CliError::Daemon)?;
    announce(&application);
    let settings = Settings { sources, telemetry, reloader: application.reloader() };
    let stop = until_stopped(signals, settings);
    application.run_until(stop).await.map_err(CliError::Daemon)?;
    Ok(Exit::Fine)
}

/// Programs that start beadle look for this line.
fn announce(application: &Application) {
    let state = application.pool().store().state();
    tracing::info!(
        address = %application.address(),
        socket = %application.socket().display(),
        servers = state.server_count(),
        meetings = state.meeting_count(),
        "listening"
    );
}

/// The signals that the daemon hears.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

/// What a signal asks for.
pub(super) enum Wish {
    /// To stop; the exit code is for those who ask twice.
    Stop { code: i32 },
    /// To load the configuration again.
    Reload,
}

impl Signals {
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    pub(super) async fn next(&mut self) -> Wish {
        let code = |kind: SignalKind| 128 + kind.as_raw_value();
        tokio::select! {
            _ = self.terminate.recv() => Wish::Stop { code: code(SignalKind::terminate()) },
            _ = self.interrupt.recv() => Wish::Stop { code: code(SignalKind::interrupt()) },
            _ = self.hang_up.recv() => Wish::Reload,
        }
    }
}

/// What a reload reads, and where it puts what it read.
struct Settings {
    sources: Sources,
    telemetry: Telemetry,
    reloader: Reloader,
}

async fn until_stopped(mut signals: Signals, settings: Settings) {
    while matches!(signals.next().await, Wish::Reload) {
        settings.reload();
    }
    tokio::spawn(stop_at_once(signals));
}

/// Who asks a second time does not want to wait.
async fn stop_at_once(mut signals: Signals) {
    loop {
        if let Wish::Stop { code } = signals.next().await {
            tracing::warn!("stopping at once; running calls are cut off");
            std::process::exit(code);
        }
    }
}

impl Settings {
    fn reload(&self) {
        let Loaded { config, notices } = match config::load(&self.sources) {
            Ok(loaded) => loaded,
            Err(error) => {
                tracing::error!(%error, "the configuration was not loaded; the old one stays in force");
                return;
            }
        };
        self.telemetry.reload(&config.log);
        telemetry::log_notices(&notices);
        let kept = self.reloader.reload(config);
        tracing::info!("the configuration was loaded again");
        if !kept.is_empty() {
            let sections = kept.join(", ");
            tracing::warn!(sections, "changes in these sections need a restart");
        }
    }
}
