//! Where the configuration comes from, and from it where the daemon's socket is.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::args::SourceArgs;
use super::error::CliError;
use crate::config::{self, ConfigError, Flags, Sources};

/// The variable that names the socket.
const SOCKET: &str = "BEADLE_SOCKET";

/// All that a configuration is made of.
pub(super) fn sources(args: &SourceArgs, listen: Option<SocketAddr>) -> Result<Sources, CliError> {
    Ok(Sources {
        config_file: args.config.clone(),
        env_file: args.env_file.clone(),
        environment: environment()?,
        flags: Flags { data_dir: args.data_dir.clone(), listen, socket: args.socket.clone() },
    })
}

/// The socket of the daemon that this command line is about, by the rules of `beadle serve`.
///
/// Where it is named no configuration is needed, and where the configuration is hidden from this
/// user a variable that names it is enough.
pub(super) fn socket(args: &SourceArgs) -> Result<PathBuf, CliError> {
    if let Some(socket) = &args.socket {
        return Ok(socket.clone());
    }
    let sources = sources(args, None)?;
    let error = match config::load(&sources) {
        Ok(loaded) => return Ok(loaded.config.socket()),
        Err(error) => error,
    };
    match (is_hidden(&error), sources.environment.get(SOCKET)) {
        (true, Some(socket)) => Ok(PathBuf::from(socket)),
        (true, None) => Err(CliError::HiddenConfig { source: error }),
        (false, _) => Err(error.into()),
    }
}

fn is_hidden(error: &ConfigError) -> bool {
    matches!(error, ConfigError::Unreadable { source, .. }
        if source.kind() == io::ErrorKind::PermissionDenied)
}

/// The environment. Foreign variables that are no text are none of our business.
fn environment() -> Result<BTreeMap<String, String>, CliError> {
    let mut environment = BTreeMap::new();
    for (name, value) in std::env::vars_os() {
        let Ok(name) = name.into_string() else { continue };
        match value.into_string() {
            Ok(value) => drop(environment.insert(name, value)),
            Err(_) if name.starts_with("BEADLE_") => return Err(CliError::Variable { name }),
            Err(_) => {}
        }
    }
    Ok(environment)
}
