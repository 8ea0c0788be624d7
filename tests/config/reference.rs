//! The shipped file, the manual page and the configuration agree.
//!
//! `UPDATE_DOCS=1 cargo test --test config` writes the two files anew.

use std::collections::BTreeSet;
use std::{env, fs};

use beadle::config::{Config, reference};

use super::support::{Case, repository};

#[test]
fn the_shipped_file_and_the_page_are_written_from_the_table() {
    for (path, text) in [
        ("config/beadle.toml", reference::default_file()),
        ("docs/configuration.md", reference::manual_page()),
    ] {
        if env::var_os("UPDATE_DOCS").is_some() {
            fs::write(repository(path), &text).expect("written");
        }
        let kept = fs::read_to_string(repository(path)).expect("the file is there");
        assert!(kept == text, "{path} is out of date; UPDATE_DOCS=1 writes it anew");
    }
}

#[test]
fn the_shipped_file_equals_the_defaults() {
    let mut case = Case::new();
    case.sources.config_file = Some(repository("config/beadle.toml"));
    assert_eq!(case.config(), Config::default());
}

/// What is commented out is valid too, and sets what is unset by default.
#[test]
fn the_examples_are_valid() {
    let config = Case::new().toml(&without_comments(&reference::default_file())).config();
    assert!(config.public_url.is_some() && config.socket.is_some() && config.api.build.is_some());
    assert!(config.management.secret.is_some() && config.dial_in.max_duration.is_some());
    assert!(config.playback.signing_key.is_some() && config.recordings.root.is_some());
    let Config { recordings, .. } = Config::default();
    assert_eq!(config.recordings.spool_dir, recordings.spool_dir);
    assert_eq!(config.recordings.work_dir, recordings.work_dir);
    assert_eq!(config.recordings.published_dir, recordings.published_dir);
    assert_eq!(config.recordings.unpublished_dir, recordings.unpublished_dir);
}

/// The fields of the configuration, read from its debug form, are the keys of the file.
#[test]
fn every_field_has_a_key_and_every_key_a_field() {
    let keys = keys_of(&without_comments(&reference::default_file()));
    assert_eq!(fields_of(&format!("{:#?}", Config::default())), keys);
    let page = reference::manual_page();
    for key in keys {
        assert!(page.contains(&format!("| `{key}` |")), "{key}");
    }
}

/// Uncomments the lines `# key = value`.
fn without_comments(file: &str) -> String {
    let uncommented = |line: &str| {
        let rest = line.strip_prefix("# ").unwrap_or(line);
        let name = rest.split(" = ").next().unwrap_or_default();
        let assignment = rest.contains(" = ") && !name.contains(' ');
        if assignment { rest.to_owned() } else { line.to_owned() }
    };
    file.lines().map(uncommented).collect::<Vec<_>>().join("\n")
}

fn keys_of(file: &str) -> BTreeSet<String> {
    let mut section = "";
    let mut keys = BTreeSet::new();
    for line in file.lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
        } else if let Some((key, _)) = line.split_once(" = ") {
            let dot = if section.is_empty() { "" } else { "." };
            assert!(keys.insert(format!("{section}{dot}{key}")), "{key} comes twice");
        }
    }
    keys
}

fn fields_of(debug: &str) -> BTreeSet<String> {
    let mut path: Vec<&str> = Vec::new();
    let mut fields = BTreeSet::new();
    for line in debug.lines().skip(1) {
        let depth = (line.len() - line.trim_start().len()) / 4;
        let Some((name, value)) = line.trim().split_once(": ") else { continue };
        path.truncate(depth.saturating_sub(1));
        path.push(name);
        if !value.ends_with('{') {
            let key = path.join(".").replace(".rules", "").replace("overrides", "override");
            fields.insert(key);
        }
    }
    fields
}
