//! The walls of the house: who may use whom, where libraries may be named, how long files are.
//!
//! A scan of the text, so a macro could fool it; it errs towards failing.

#![expect(clippy::expect_used, reason = "a failed expectation is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// For each part of the program the parts that it may use.
const MAY_USE: [(&str, &[&str]); 15] = [
    ("bbb", &[]),
    ("model", &[]),
    ("api", &["model"]),
    ("config", &["bbb", "model"]),
    ("telemetry", &["config"]),
    ("store", &["model"]),
    ("client", &["bbb", "config", "model"]),
    ("pool", &["bbb", "client", "config", "model", "store"]),
    ("web", &["api", "bbb", "client", "config", "model", "pool"]),
    ("sim", &["bbb"]),
    ("app", &["client", "config", "pool", "store", "web"]),
    ("demo", &["app", "bbb", "client", "config", "model", "pool", "sim"]),
    ("cli", &["api", "app", "client", "config", "demo", "model", "telemetry"]),
    ("main", &["cli"]),
    ("lib", &[]),
];

/// Libraries, by the word that names them, and the parts that may do so.
const MAY_NAME: [(&str, &[&str]); 9] = [
    ("sled::", &["store"]),
    ("bincode::", &["store"]),
    ("rpds::", &["store"]),
    ("actix_web::", &["app", "web"]),
    ("actix_multipart::", &["web"]),
    ("rustls::", &["client"]),
    ("clap::", &["cli"]),
    ("comfy_table::", &["cli", "demo"]),
    ("tracing_subscriber::", &["telemetry"]),
];

/// Those who call others over HTTP.
const CLIENTS: [&str; 3] = ["cli", "client", "demo"];

/// What the others may take of their library: it reads addresses as browsers do.
const ADDRESS: &str = "reqwest::Url";

/// Lines of a file before its tests.
const LINES: usize = 400;

struct Source {
    path: PathBuf,
    /// The part of the program: the first folder or file below `src`.
    part: String,
    text: String,
}

impl Source {
    /// What is compiled into the product, without comments.
    fn code(&self) -> String {
        let lines = self.before_tests().lines().filter(|line| !line.trim_start().starts_with("//"));
        lines.collect::<Vec<_>>().join("\n")
    }

    fn before_tests(&self) -> &str {
        self.text.split("\n#[cfg(test)]\nmod ").next().expect("a beginning")
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    collect(&root, &mut found);
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a source");
        let below = path.strip_prefix(&root).expect("below src");
        let first = below.iter().next().and_then(|name| name.to_str()).expect("a name");
        let part = first.strip_suffix(".rs").unwrap_or(first).to_owned();
        Source { path, part, text }
    };
    found.into_iter().map(read).collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The words that follow `crate::` (or `beadle::` in the binary) in a source, also those in braces.
fn used(code: &str) -> BTreeSet<&str> {
    let mut used = BTreeSet::new();
    for rest in code.split("crate::").skip(1).chain(code.split("beadle::").skip(1)) {
        match rest.strip_prefix('{') {
            Some(list) => used.extend(firsts(list)),
            None => used.extend(word(rest)),
        }
    }
    used
}

/// The first words of the items of a list, up to the brace that closes it.
fn firsts(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut items) = (0, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            '}' | ',' if depth == 0 => {
                items.extend(list.get(start..at).and_then(word));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    items
}

/// The name at the beginning of a text.
fn word(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    text.get(..end).filter(|word| !word.is_empty())
}

#[test]
fn parts_use_only_what_is_below_them() {
    let allowed: BTreeMap<_, _> = MAY_USE.into_iter().collect();
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(may_use) = allowed.get(source.part.as_str()) else {
            wrong.push(format!("{}: a part that is not in the table", source.part));
            continue;
        };
        let code = source.code();
        for other in used(&code) {
            let known = allowed.contains_key(other);
            if known && other != source.part && !may_use.contains(&other) {
                wrong.push(format!("{} uses {other}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// An arrow that nobody needs any more would let somebody in.
#[test]
fn every_arrow_is_used() {
    let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources() {
        let code = source.code();
        let used = used(&code).into_iter().map(str::to_owned);
        arrows.entry(source.part.clone()).or_default().extend(used);
    }
    for (part, may_use) in MAY_USE {
        let Some(uses) = arrows.get(part) else { continue };
        for other in may_use.iter() {
            assert!(uses.contains(*other), "{part} no longer uses {other}");
        }
    }
}

/// There is no way round from a part back to itself.
#[test]
fn the_arrows_make_no_circle() {
    let below: BTreeMap<_, _> = MAY_USE.into_iter().collect();
    let mut settled: BTreeSet<&str> = BTreeSet::new();
    while settled.len() < below.len() {
        let next: Vec<_> = below
            .iter()
            .filter(|(part, uses)| {
                !settled.contains(**part) && uses.iter().all(|other| settled.contains(other))
            })
            .map(|(part, _)| *part)
            .collect();
        assert!(!next.is_empty(), "a circle among all but {settled:?}");
        settled.extend(next);
    }
}

#[test]
fn libraries_are_named_only_where_they_belong() {
    let mut wrong = Vec::new();
    for source in sources() {
        let code = source.code();
        for (library, parts) in MAY_NAME {
            if code.contains(library) && !parts.contains(&source.part.as_str()) {
                wrong.push(format!("{} names {library}", source.path.display()));
            }
        }
        let client = CLIENTS.contains(&source.part.as_str());
        if !client && code.matches("reqwest").count() != code.matches(ADDRESS).count() {
            wrong.push(format!("{} names more of reqwest than {ADDRESS}", source.path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_command_line_prints() {
    for source in sources().iter().filter(|source| !["cli", "demo"].contains(&&*source.part)) {
        let code = source.code();
        for print in ["println!", "print!", "dbg!", "io::stdout", "io::stderr().write"] {
            assert!(!code.contains(print), "{} has {print}", source.path.display());
        }
    }
}

#[test]
fn every_file_says_what_it_is_for_and_is_short() {
    let mut wrong = Vec::new();
    for source in sources() {
        let path = source.path.display();
        if !source.text.starts_with("//! ") {
            wrong.push(format!("{path} does not open with //!"));
        }
        let lines = source.before_tests().lines().count();
        if lines > LINES {
            wrong.push(format!("{path} has {lines} lines"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_is_taken_wholesale() {
    for source in sources() {
        let code = source.code();
        let globs = code.lines().filter(|line| line.contains("use ") && line.contains("::*"));
        assert_eq!(globs.count(), 0, "{} has a glob", source.path.display());
    }
}

/// The scanner itself.
#[test]
fn uses_are_found_in_all_their_forms() {
    let code = "use crate::{bbb, model::{Server, Secret}, pool};\nfn f() { crate::web::serve() }\n\
                use beadle::cli;";
    let expected = ["bbb", "cli", "model", "pool", "web"];
    assert_eq!(used(code).into_iter().collect::<Vec<_>>(), expected);
}
