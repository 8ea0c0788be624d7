//! Values on the command line: how they are read, and what is said where they cannot be meant.

use std::time::Duration;

/// What was typed cannot be meant.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadValue {
    #[error("this cannot be the id or the host of a server")]
    Server,
    #[error("a number above 0 is needed")]
    NotPositive,
    #[error("a number of seconds is needed")]
    Seconds,
    #[error("a name, = and a value are needed")]
    Parameter,
}

/// The id or the host of a server.
pub(super) fn server_name(text: &str) -> Result<String, BadValue> {
    // Dots alone would be another path of the daemon's API.
    let name = text.trim();
    if name.trim_matches('.').is_empty() { Err(BadValue::Server) } else { Ok(name.to_owned()) }
}

/// A number above 0.
pub(super) fn positive(text: &str) -> Result<f64, BadValue> {
    let number: f64 = text.parse().map_err(|_| BadValue::NotPositive)?;
    if number.is_finite() && number > 0.0 { Ok(number) } else { Err(BadValue::NotPositive) }
}

/// A parameter of a call, as `name=value`.
pub(super) fn parameter(text: &str) -> Result<(String, String), BadValue> {
    let (name, value) = text.split_once('=').ok_or(BadValue::Parameter)?;
    if name.is_empty() { Err(BadValue::Parameter) } else { Ok((name.into(), value.into())) }
}

/// A time in seconds, with decimals if need be.
pub(super) fn seconds(text: &str) -> Result<Duration, BadValue> {
    let number: f64 = text.parse().map_err(|_| BadValue::Seconds)?;
    Duration::try_from_secs_f64(number).map_err(|_| BadValue::Seconds)
}
