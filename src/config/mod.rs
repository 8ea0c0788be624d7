//! What the operator asked for: read once, then immutable.
//!
//! Two stages. First everything *as written*: the TOML file and its `conf.d` (`file`), variables
//! named `BEADLE_…` (`environment`) and those of Scalelite (`scalelite`), the latter two also from
//! an env file (`env_file`); each becomes a list of settings whose names are known. Then [`Config`]
//! *as meant*: complete, checked, one struct per section, and every part of the program is handed
//! only its own.
//!
//! Later sources win: defaults, TOML, env file, Scalelite's variables, `BEADLE_…`, flags. The table
//! in `keys` names every key once; the shipped file and its manual page are written from it
//! ([`mod@reference`]).

mod draft;
mod env_file;
mod environment;
mod error;
mod file;
mod keys;
mod read;
pub mod reference;
mod scalelite;
mod sections;
mod value;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

pub use error::{ConfigError, Place, Reason};
pub use sections::{
    Api, CallRules, Config, Create, DialIn, Health, Http, Level, Log, Management, Pages, Placement,
    Playback, Policy, Poll, Recordings, Servers, Tenants,
};

use draft::Draft;
use env_file::Variables;

/// The configuration file that is read when none is named, if it is there.
pub const DEFAULT_FILE: &str = "/etc/beadle/beadle.toml";

/// Where settings come from, handed in so that tests own all of them.
///
/// It has no `Debug`: the environment holds secrets.
#[derive(Clone, Default)]
pub struct Sources {
    /// The TOML file that was named; without one [`DEFAULT_FILE`] is read if it is there.
    pub config_file: Option<PathBuf>,
    /// A file of `NAME=value` lines, read as `docker run --env-file` reads it.
    pub env_file: Option<PathBuf>,
    /// The environment of the process.
    pub environment: BTreeMap<String, String>,
    /// What was given on the command line.
    pub flags: Flags,
}

/// Settings of the command line; they win over everything else.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// The data directory.
    pub data_dir: Option<PathBuf>,
    /// The address to listen on.
    pub listen: Option<SocketAddr>,
    /// The socket of the command line.
    pub socket: Option<PathBuf>,
}

/// A configuration and what its reading brought to light.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The configuration as meant.
    pub config: Config,
    /// What the operator should know; the caller logs it once it has a log.
    pub notices: Vec<Notice>,
}

/// A sentence for the log, found while the configuration was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How much it matters.
    pub level: NoticeLevel,
    /// The sentence; never a secret in it.
    pub text: String,
}

/// How much a [`Notice`] matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeLevel {
    /// Good to know.
    Info,
    /// Probably not what was meant.
    Warn,
}

/// Reads all sources and gives the configuration that they make together.
///
/// Fails with one sentence about the first thing that is wrong: a named file that cannot be read, a
/// key or a `BEADLE_…` variable that does not exist, a value of the wrong type, an empty secret.
pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
    let environment = Variables::of_process(&sources.environment);
    let mut draft = Draft::default();
    for setting in file::settings(sources.config_file.as_deref())? {
        draft.set(setting)?;
    }
    let env_file = match &sources.env_file {
        Some(path) => Variables::of_file(path)?,
        None => Variables::default(),
    };
    draft.notices.extend(env_file.doubts());
    draft.notices.extend(scalelite::misspelt(&env_file));
    scalelite::apply(&env_file, &Variables::default(), &mut draft)?;
    environment::apply(&env_file, &mut draft)?;
    scalelite::apply(&environment, &env_file, &mut draft)?;
    environment::apply(&environment, &mut draft)?;
    draft.notices.extend(scalelite::ignored(&[&environment, &env_file]));
    draft.flags(&sources.flags)?;
    draft.finish()
}
