//! What can be wrong with a configuration; each error is one sentence that says where and what.

use std::fmt;
use std::path::PathBuf;

/// Where a setting stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A line of a file, counted from 1.
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
    },
    /// The environment of the process.
    Environment,
    /// The command line.
    CommandLine,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { path, line } => write!(f, "{}, line {line}", path.display()),
            Self::Environment => f.write_str("environment"),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}

/// Why no configuration came out. The text never repeats a secret.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file that was named, or that is there, cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not text.
    #[error("{place}: not UTF-8 text")]
    NotText {
        /// The first bad line.
        place: Place,
    },
    /// The TOML grammar is violated.
    #[error("{place}: {message}")]
    Syntax {
        /// Where the parser gave up.
        place: Place,
        /// What it expected.
        message: String,
    },
    /// A line of an env file is not `NAME=value`.
    #[error("{place}: {problem}; a line is NAME=value")]
    EnvLine {
        /// The line.
        place: Place,
        /// What is odd about it.
        problem: &'static str,
    },
    /// A key or section of the TOML file does not exist.
    #[error("{place}: unknown {kind} {name:?}; did you mean {nearest:?}?")]
    UnknownKey {
        /// The line of the key.
        place: Place,
        /// Whether it was written as a key or as a section.
        kind: &'static str,
        /// The key as written, with its section.
        name: String,
        /// The valid name that is most like it.
        nearest: String,
    },
    /// A section was given a value.
    #[error("{place}: {name} is a section; write [{name}] and its keys below")]
    NotASection {
        /// The line of the key.
        place: Place,
        /// The section.
        name: String,
    },
    /// A variable begins with `BEADLE_` and belongs to no key.
    #[error("{place}: unknown variable {name}; did you mean {nearest}?")]
    UnknownVariable {
        /// Where it stands.
        place: Place,
        /// The variable.
        name: String,
        /// The variable that is most like it.
        nearest: String,
    },
    /// A value does not fit its key.
    #[error("{place}: {subject} {reason}")]
    Value {
        /// Where it stands.
        place: Place,
        /// The key, the variable or the flag.
        subject: String,
        /// What is wrong with it.
        reason: Reason,
    },
}

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Another type, or text that cannot be read as what is wanted.
    #[error("must be {wanted}, not {given}")]
    Not {
        /// What the key takes.
        wanted: &'static str,
        /// What it was given; only the type where the value may be secret.
        given: String,
    },
    /// A number beyond its limits.
    #[error("must be a whole number from {least} to {most}, not {given}")]
    Range {
        /// The smallest number allowed.
        least: u64,
        /// The largest number allowed.
        most: u64,
        /// What it was given.
        given: String,
    },
    /// Nothing where something is needed; an empty secret above all.
    #[error("is empty; give it a value or leave it out")]
    Empty,
    /// The same within a list.
    #[error("has an empty item (number {number}); give it a value or leave it out")]
    EmptyItem {
        /// Which item, counted from 1.
        number: usize,
    },
    /// An item of a list does not fit.
    #[error("must be a list of {wanted}, and item {number} is {given}")]
    Item {
        /// What the list holds.
        wanted: &'static str,
        /// Which item, counted from 1.
        number: usize,
        /// What the item is; only the type where the value may be secret.
        given: String,
    },
    /// A parameter without a name or without `=`.
    #[error("holds parameters as name=value, and item {number} is not of this form")]
    Pair {
        /// Which item, counted from 1.
        number: usize,
    },
    /// Not the address of a web site.
    #[error("must be like \"https://bbb.example.org\": {problem}")]
    Url {
        /// What is odd about it.
        problem: &'static str,
    },
    /// Two settings contradict each other.
    #[error("must not be {relation} {other}, which is {value}")]
    Conflict {
        /// `above` or `below`.
        relation: &'static str,
        /// The other key.
        other: &'static str,
        /// Its value.
        value: String,
    },
}
