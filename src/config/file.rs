//! The TOML file and its `conf.d`, as written: everything optional, nothing unknown.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::DEFAULT_FILE;
use super::draft::Setting;
use super::error::{ConfigError, Place};
use super::keys;
use super::value::Value;

/// The settings of the named file, else of the default one if it is there, and after them those
/// of `conf.d/*.toml` beside it, in the order of the names.
pub(super) fn settings(named: Option<&Path>) -> Result<Vec<Setting>, ConfigError> {
    let main = named.unwrap_or_else(|| Path::new(DEFAULT_FILE));
    let mut settings = Vec::new();
    // A default file that is there and hidden by permissions is an error, not an absent file.
    if named.is_some() || main.try_exists().unwrap_or(true) {
        settings.append(&mut read(main)?);
    }
    for path in drop_ins(main)? {
        settings.append(&mut read(&path)?);
    }
    Ok(settings)
}

/// The text of a file; errors name the first line that is not text.
pub(super) fn text(path: &Path) -> Result<String, ConfigError> {
    let bytes = fs::read(path).map_err(|source| unreadable(path, source))?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = line_at(error.as_bytes(), valid);
        ConfigError::NotText { place: Place::Line { path: path.to_owned(), line } }
    })
}

fn read(path: &Path) -> Result<Vec<Setting>, ConfigError> {
    parse(path, &text(path)?)
}

fn unreadable(path: &Path, source: io::Error) -> ConfigError {
    ConfigError::Unreadable { path: path.to_owned(), source }
}

fn drop_ins(main: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let folder = main.with_file_name("conf.d");
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(&folder, error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| unreadable(&folder, error))?.path();
        // Editors leave hidden copies behind.
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The line in which a byte stands, counted from 1.
fn line_at(text: &[u8], position: usize) -> usize {
    text.iter().take(position).filter(|byte| **byte == b'\n').count() + 1
}

/// A key or section as found, before it is known whether there is such a thing.
struct Entry<'a> {
    /// With its sections, joined by dots.
    path: String,
    value: &'a DeValue<'a>,
    position: usize,
}

fn parse(path: &Path, text: &str) -> Result<Vec<Setting>, ConfigError> {
    let place =
        |position| Place::Line { path: path.to_owned(), line: line_at(text.as_bytes(), position) };
    let document = DeTable::parse(text).map_err(|error| ConfigError::Syntax {
        place: place(error.span().map_or(0, |span| span.start)),
        message: error.message().lines().next().unwrap_or_default().to_owned(),
    })?;
    let mut entries = Vec::new();
    collect("", document.get_ref(), &mut entries);
    // The parser sorts by name; of several mistakes the first in the file is told.
    entries.sort_by_key(|entry| entry.position);
    entries.into_iter().map(|entry| setting(&entry, place(entry.position))).collect()
}

/// Goes down into sections, and only into those that there are.
fn collect<'a>(section: &str, table: &'a DeTable<'a>, entries: &mut Vec<Entry<'a>>) {
    for (name, value) in table {
        let path = match section {
            "" => name.get_ref().to_string(),
            section => format!("{section}.{}", name.get_ref()),
        };
        match value.get_ref() {
            DeValue::Table(inner) if keys::is_section(&path) => collect(&path, inner, entries),
            value => entries.push(Entry { path, value, position: name.span().start }),
        }
    }
}

fn setting(entry: &Entry<'_>, place: Place) -> Result<Setting, ConfigError> {
    if let Some(key) = keys::find(&entry.path) {
        let (value, subject) = (Value::from(entry.value), entry.path.clone());
        return Ok(Setting { key, value, subject, place });
    }
    let name = entry.path.clone();
    if keys::is_section(&name) {
        return Err(ConfigError::NotASection { place, name });
    }
    let section = entry.value.is_table() && !name.contains('.');
    let (kind, nearest) = if section {
        ("section", keys::nearest_section(&name))
    } else {
        ("key", keys::nearest(&name))
    };
    Err(ConfigError::UnknownKey { place, kind, name, nearest })
}
