//! Variables named `BEADLE_…`: one for each key, in capitals and with `_` for the dot.

use super::draft::{Draft, Setting};
use super::env_file::{Variable, Variables};
use super::error::ConfigError;
use super::keys::{self, Key, PREFIX};
use super::value::Value;

/// Takes all of our variables; one that belongs to no key is an error.
pub(super) fn apply(variables: &Variables, draft: &mut Draft) -> Result<(), ConfigError> {
    for (name, variable) in variables.iter().filter(|(name, _)| name.starts_with(PREFIX)) {
        draft.set(setting(name, variable)?)?;
    }
    Ok(())
}

fn setting(name: &str, variable: &Variable) -> Result<Setting, ConfigError> {
    let (subject, place) = (name.to_owned(), variable.place.clone());
    let Some(key) = keys::all().find(|key| key.variable() == name) else {
        let nearest = keys::nearest_variable(name);
        return Err(ConfigError::UnknownVariable { place, name: subject, nearest });
    };
    Ok(Setting { key, value: value(key, &variable.value), subject, place })
}

/// The text as TOML, else as it stands.
///
/// A secret of digits only, or a build number, looks like a TOML number without being meant as one:
/// what the key cannot use as a number counts as text if the key can use that.
fn value(key: &Key, text: &str) -> Value {
    let plain = Value::from(text);
    match Value::parse(text) {
        Some(toml) if toml.is_bare() && key.check(&toml).is_err() && key.check(&plain).is_ok() => {
            plain
        }
        Some(toml) => toml,
        None => plain,
    }
}
