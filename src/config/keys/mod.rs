//! The table of keys: name, default, explanation, and how the value gets into [`Config`].
//!
//! It is the only list of names: the TOML file, the `BEADLE_…` variables, Scalelite's variables and
//! the manual all go through it.

mod calls;
mod library;
mod pool;

use super::error::Reason;
use super::sections::Config;
use super::value::Value;

/// How variables of ours begin.
pub(super) const PREFIX: &str = "BEADLE_";

/// A section of the file.
pub(super) struct Section {
    /// Its name, empty for the keys above the first section.
    pub(super) name: &'static str,
    /// What it is about, in a sentence or two.
    pub(super) explanation: &'static str,
    /// Its keys, in reading order.
    pub(super) keys: &'static [Key],
}

/// One key.
pub(super) struct Key {
    /// Section and name, with a dot.
    pub(super) path: &'static str,
    /// What the shipped file shows.
    pub(super) default: Shown,
    /// What it does, with its unit.
    pub(super) explanation: &'static str,
    /// Whether nothing uses it yet.
    pub(super) for_later: bool,
    /// Reads a value into the configuration, or leaves it as it was.
    pub(super) set: fn(&mut Config, &Value) -> Result<(), Reason>,
}

/// A value in TOML, as the shipped file shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// The default.
    Default(&'static str),
    /// Unset by default; this is how it may look.
    Example(&'static str),
}

impl Key {
    const fn new(
        path: &'static str,
        default: Shown,
        set: fn(&mut Config, &Value) -> Result<(), Reason>,
        explanation: &'static str,
    ) -> Self {
        Self { path, default, explanation, for_later: false, set }
    }

    const fn for_later(self) -> Self {
        Self { for_later: true, ..self }
    }

    /// Its name within the section.
    pub(super) fn name(&self) -> &'static str {
        self.path.rsplit_once('.').map_or(self.path, |(_, name)| name)
    }

    /// The variable that sets it.
    pub(super) fn variable(&self) -> String {
        format!("{PREFIX}{}", self.path.replace('.', "_").to_ascii_uppercase())
    }

    /// Whether it takes the value.
    pub(super) fn check(&self, value: &Value) -> Result<(), Reason> {
        (self.set)(&mut Config::default(), value)
    }
}

/// All sections, in reading order.
pub(super) fn sections() -> impl Iterator<Item = &'static Section> {
    [calls::SECTIONS, pool::SECTIONS, library::SECTIONS].into_iter().flatten()
}

/// All keys, in reading order.
pub(super) fn all() -> impl Iterator<Item = &'static Key> {
    sections().flat_map(|section| section.keys)
}

/// The key with this path.
pub(super) fn find(path: &str) -> Option<&'static Key> {
    all().find(|key| key.path == path)
}

/// Whether there is such a section.
pub(super) fn is_section(name: &str) -> bool {
    !name.is_empty() && sections().any(|section| section.name == name)
}

/// The key that was probably meant: like it as a whole, or the same name in another section.
pub(super) fn nearest(path: &str) -> String {
    let name = path.rsplit_once('.').map_or(path, |(_, name)| name);
    let distance = |key: &&Key| {
        let elsewhere = strsim::damerau_levenshtein(name, key.name()) + 1;
        strsim::damerau_levenshtein(path, key.path).min(elsewhere)
    };
    all().min_by_key(distance).map_or_else(String::new, |key| key.path.to_owned())
}

/// The section that was probably meant.
pub(super) fn nearest_section(name: &str) -> String {
    let named = sections().map(|section| section.name).filter(|name| !name.is_empty());
    named
        .min_by_key(|known| strsim::damerau_levenshtein(name, known))
        .unwrap_or_default()
        .to_owned()
}

/// The variable of ours that was probably meant.
pub(super) fn nearest_variable(name: &str) -> String {
    all()
        .map(Key::variable)
        .min_by_key(|known| strsim::damerau_levenshtein(name, known))
        .unwrap_or_default()
}
