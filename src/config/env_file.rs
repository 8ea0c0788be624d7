//! Variables: those of the process, and files of them as `docker run --env-file` reads them.
//!
//! One `NAME=value` per line. Blanks before the name are skipped, a line that begins with `#` is a
//! comment, and everything after the first `=` is the value as it stands: quotes stay, nothing is
//! expanded, a later `#` belongs to it. A name alone takes its value from the environment, which
//! wins over the file anyway, so it says nothing here.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::{ConfigError, Place};
use super::keys::PREFIX;
use super::{Notice, NoticeLevel, file};

/// Variables of one source.
#[derive(Default)]
pub(super) struct Variables(BTreeMap<String, Variable>);

/// The value of a variable.
pub(super) struct Variable {
    pub(super) value: String,
    pub(super) place: Place,
}

impl Variables {
    /// The environment of the process.
    pub(super) fn of_process(environment: &BTreeMap<String, String>) -> Self {
        let variable = |(name, value): (&String, &String)| {
            let (value, place) = (value.clone(), Place::Environment);
            (name.clone(), Variable { value, place })
        };
        Self(environment.iter().map(variable).collect())
    }

    /// An env file; of a name that comes twice the last line counts.
    pub(super) fn of_file(path: &Path) -> Result<Self, ConfigError> {
        let text = file::text(path)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let mut variables = BTreeMap::new();
        for (line, text) in (1..).zip(text.split('\n')) {
            let place = Place::Line { path: path.to_owned(), line };
            match assignment(text.strip_suffix('\r').unwrap_or(text)) {
                Ok(None) => {}
                Ok(Some((name, value))) => {
                    let value = value.to_owned();
                    variables.insert(name.to_owned(), Variable { value, place });
                }
                Err(problem) => return Err(ConfigError::EnvLine { place, problem }),
            }
        }
        Ok(Self(variables))
    }

    /// One of them.
    pub(super) fn get(&self, name: &str) -> Option<&Variable> {
        self.0.get(name)
    }

    /// All of them, in the order of their names.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Variable)> {
        self.0.iter().map(|(name, variable)| (name.as_str(), variable))
    }

    /// Values in quotes: the quotes count, and that is rarely what was meant. Ours are read as TOML,
    /// where quotes are fine.
    pub(super) fn doubts(&self) -> Vec<Notice> {
        let quoted = self
            .iter()
            .filter(|(name, variable)| !name.starts_with(PREFIX) && is_quoted(&variable.value));
        let notice = |(name, variable): (&str, &Variable)| Notice {
            level: NoticeLevel::Warn,
            text: format!(
                "{}: {name} has its value in quotes, and they are part of the value",
                variable.place
            ),
        };
        quoted.map(notice).collect()
    }
}

fn assignment(line: &str) -> Result<Option<(&str, &str)>, &'static str> {
    let line = line.trim_start();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (name, value) = match line.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (line, None),
    };
    if name.is_empty() {
        return Err("there is no name before the equals sign");
    }
    if name.contains([' ', '\t']) {
        return Err("the name has a blank in it");
    }
    Ok(value.map(|value| (name, value)))
}

fn is_quoted(value: &str) -> bool {
    let between = |quote| value.len() > 1 && value.starts_with(quote) && value.ends_with(quote);
    between('"') || between('\'')
}
