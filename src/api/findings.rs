//! What is wrong, in words: the check of a server, and the doctor's.

use serde::{Deserialize, Serialize};

/// What a check of a server found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Checked {
    /// The server's id.
    pub id: String,
    /// Its address.
    pub url: String,
    /// Whether all is well.
    pub ok: bool,
    /// Its version, empty where it does not tell.
    pub version: String,
    /// What is wrong, in words.
    pub trouble: Option<String>,
    /// How long its answers took, in milliseconds.
    pub milliseconds: f64,
    /// Everything that was noticed, with what mends it.
    #[serde(default)]
    pub findings: Vec<Finding>,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Something does not work.
    Error,
    /// Something will not work one day, or looks like a mistake.
    Warning,
    /// Good to know.
    Info,
}

/// Something that an operator should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How much it matters.
    pub level: Level,
    /// What it is about, such as `server bbb1` or a key of the configuration.
    pub subject: String,
    /// What is so, in words.
    pub finding: String,
    /// What mends it; none where nothing must be done.
    pub remedy: Option<String>,
}

/// `POST /doctor`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Diagnosis {
    /// Whether there is no finding of level `error`.
    pub ok: bool,
    /// What was found, the gravest first.
    pub findings: Vec<Finding>,
}
