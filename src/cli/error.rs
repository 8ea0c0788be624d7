//! Why a command did not do what it was asked for, and the exit code that says so.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::api::Refusal;
use crate::config::ConfigError;

/// How a command ended, for scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// Done.
    Fine,
    /// Refused, failed, or what was looked at is not well.
    Failed,
    /// The command line or the configuration is wrong.
    Usage,
    /// No daemon is running.
    NoDaemon,
    /// The time to wait is over.
    TimedOut,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Fine => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::NoDaemon => 3,
            Exit::TimedOut => 4,
        })
    }
}

/// Why a command failed; each is one sentence for people.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The configuration is readable for others only, so the socket is not known.
    #[error("{source}; run the command as root (sudo), or name the daemon's socket with --socket")]
    HiddenConfig {
        /// What the system said.
        source: ConfigError,
    },
    /// One of our variables is not text.
    #[error("environment: {name} is not UTF-8 text")]
    Variable {
        /// Its name.
        name: String,
    },
    /// The daemon did not start, or broke down.
    #[error("{}", in_one_sentence(.0))]
    Daemon(anyhow::Error),
    /// The system gave no runtime.
    #[error("cannot start: {0}")]
    Runtime(io::Error),
    /// Nobody answers on the socket.
    #[error(
        "no beadle is running here: nothing answers on {} ({reason}); `systemctl status beadle` \
         tells more, `beadle serve` starts one, and --socket or --data-dir names another place",
        .socket.display()
    )]
    NoDaemon {
        /// The socket.
        socket: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The socket is there for others only.
    #[error("you may not use {}; run the command as root (sudo)", .socket.display())]
    NotAllowed {
        /// The socket.
        socket: PathBuf,
    },
    /// The conversation with the daemon broke off.
    #[error("beadle did not answer to the end: {reason}")]
    Broken {
        /// What went wrong.
        reason: String,
    },
    /// The daemon's answer has another shape than expected.
    #[error(
        "the running beadle answers in a form that this one does not understand (HTTP status \
         {status}); is it another version? `systemctl restart beadle` starts the installed one"
    )]
    Foreign {
        /// The HTTP status of the answer.
        status: u16,
    },
    /// The daemon said no.
    #[error("{}", .0.error)]
    Refused(Refusal),
    /// It would hit people in meetings, and nobody is there to be asked.
    #[error("{why}; nothing was changed, {flag} does it all the same")]
    Unconfirmed {
        /// What stands against it.
        why: String,
        /// The flag that does it without asking.
        flag: &'static str,
    },
    /// Somebody was asked and said no.
    #[error("nothing was changed")]
    Declined,
    /// Standard input could not be read.
    #[error("cannot read from standard input: {0}")]
    Input(io::Error),
    /// The result could not be written.
    #[error("cannot write the result: {0}")]
    Output(io::Error),
}

impl CliError {
    /// The exit code for this failure.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Config(_) | Self::HiddenConfig { .. } | Self::Variable { .. } => Exit::Usage,
            Self::NoDaemon { .. } => Exit::NoDaemon,
            _ => Exit::Failed,
        }
    }
}

/// An error and its causes. Some errors name their cause themselves, which then is not repeated.
fn in_one_sentence(error: &anyhow::Error) -> String {
    let mut sentence = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if sentence.is_empty() {
            sentence = cause;
        } else if !sentence.contains(&cause) {
            sentence.push_str(": ");
            sentence.push_str(&cause);
        }
    }
    sentence
}
