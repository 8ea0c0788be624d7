//! What the operator sees in the log.

use std::io::IsTerminal as _;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, Registry};

use crate::config::{Level, Log, Notice, NoticeLevel};

/// The running log; its level can be changed.
pub struct Telemetry {
    filter: reload::Handle<Targets, Registry>,
}

impl Telemetry {
    /// Starts logging to standard error. In a process that logs already, that goes on.
    pub fn start(log: &Log) -> Self {
        let (filter, handle) = reload::Layer::new(filter(log));
        // The journal adds the time itself.
        let journal = std::env::var_os("JOURNAL_STREAM").is_some();
        let lines = fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false);
        let lines = if journal { lines.without_time().boxed() } else { lines.boxed() };
        // A second start in one process (tests) keeps the first one's log.
        let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
        Self { filter: handle }
    }

    /// Takes over a new level.
    pub fn reload(&self, log: &Log) {
        // The handle outlives the log only while the process ends.
        let _ = self.filter.reload(filter(log));
    }
}

/// Logs what the reading of the configuration brought to light.
pub fn log_notices(notices: &[Notice]) {
    for notice in notices {
        match notice.level {
            NoticeLevel::Info => tracing::info!("{}", notice.text),
            NoticeLevel::Warn => tracing::warn!("{}", notice.text),
        }
    }
}

/// The libraries' own lines would show URLs with checksums and names, so they stay below warnings.
fn filter(log: &Log) -> Targets {
    let level = match log.level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    };
    let libraries = level.min(LevelFilter::WARN);
    // Every malformed request of a stranger would be an error there.
    let strangers = LevelFilter::OFF;
    Targets::new()
        .with_default(libraries)
        .with_target("actix_http", strangers)
        .with_target("beadle", level)
}
