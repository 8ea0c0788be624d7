//! The shipped configuration file and the manual page, written from the table of keys.
//!
//! Both are kept in the repository, where people look for them; a test compares them.

use std::fmt::Write as _;

use super::keys::{self, Key, Section, Shown};
use super::scalelite::{IGNORED, VARIABLES};

/// The widest line of the shipped file.
const WIDTH: usize = 100;
const LATER: &str = "This version checks it and does not use it yet.";
const ALL_LATER: &str = "This version checks these keys and does not use them yet.";

const FILE_HEAD: &str = "\
# The configuration of beadle. Every key is here, with its default; a key that is unset by default
# is commented out. A key that is left out keeps its default, an unknown one is an error.
#
# Files conf.d/*.toml beside this one are read after it, in the order of their names, and win.
# So do variables, and the command line over those: the variable of a key is BEADLE_ and its name in
# capitals with _ for the dot, such as BEADLE_HTTP_LISTEN.
#
# Times are seconds, or text with a unit such as \"500ms\", \"10s\", \"2m\" or \"1h\".
";

const PAGE_HEAD: &str = "\
# Configuration

beadle runs without any configuration but a secret. What can be set, later sources winning:

1. the defaults below;
2. the TOML file: the one named by `--config`, else `/etc/beadle/beadle.toml` if it is there; after
   it `conf.d/*.toml` beside it, in the order of the names;
3. the file named by `--env-file`: lines `NAME=value` with the variables of 4 and 5, read as
   `docker run --env-file` does (quotes are part of the value);
4. Scalelite's variables in the environment (last section);
5. variables `BEADLE_…` in the environment, one for each key; the value is read as TOML, else as
   text;
6. the flags `--data-dir`, `--listen` and `--socket`.

A mistake stops the start with one sentence that names the file, the line and the nearest valid key.
Times are seconds, or text with a unit such as `\"500ms\"`, `\"10s\"`, `\"2m\"` or `\"1h\"`; sizes are
bytes, or text such as `\"64MiB\"`.
";

const SCALELITE_HEAD: &str = "
## Scalelite's variables

They are read as Scalelite reads them: only `true`, in any case, is true; of a number the leading
digits count; lists are split without trimming. A blank or unreadable number is left out with a
warning. An empty secret is refused.

| Variable | Key |
| --- | --- |
";

const IGNORED_HEAD: &str = "
These mean nothing here, and the log says so at the start:

| Variable | Why |
| --- | --- |
";

/// The text of `config/beadle.toml`.
pub fn default_file() -> String {
    let mut file = FILE_HEAD.to_owned();
    for section in keys::sections() {
        if !section.name.is_empty() {
            file.push('\n');
            comment(&mut file, &about(section));
            let _ = writeln!(file, "[{}]", section.name);
        }
        for key in section.keys {
            file.push('\n');
            comment(&mut file, &explanation(section, key));
            let _ = match key.default {
                Shown::Default(value) => writeln!(file, "{} = {value}", key.name()),
                Shown::Example(value) => writeln!(file, "# {} = {value}", key.name()),
            };
        }
    }
    file
}

/// The text of `docs/configuration.md`.
pub fn manual_page() -> String {
    let mut page = PAGE_HEAD.to_owned();
    for section in keys::sections() {
        section_of_page(&mut page, section);
    }
    page.push_str(SCALELITE_HEAD);
    for known in VARIABLES {
        let keys: Vec<String> =
            known.reading.paths().iter().map(|path| format!("`{path}`")).collect();
        let _ = writeln!(page, "| `{}` | {} |", known.name, keys.join(", "));
    }
    page.push_str(IGNORED_HEAD);
    for ignored in IGNORED {
        let _ = writeln!(page, "| `{}` | {} |", ignored.name, ignored.reason);
    }
    page
}

fn section_of_page(page: &mut String, section: &Section) {
    let (title, text) = match section.name {
        "" => ("General".to_owned(), "Above the first section of the file.".to_owned()),
        name => (format!("`[{name}]`"), about(section)),
    };
    let _ = write!(page, "\n## {title}\n\n{text}\n\n");
    page.push_str("| Key | Default | Meaning | Variable |\n| --- | --- | --- | --- |\n");
    for key in section.keys {
        let default = match key.default {
            Shown::Default(value) => format!("`{value}`"),
            Shown::Example(value) => format!("unset; such as `{value}`"),
        };
        let _ = writeln!(
            page,
            "| `{}` | {default} | {} | `{}` |",
            key.path,
            explanation(section, key),
            key.variable()
        );
    }
}

fn about(section: &Section) -> String {
    let later = if all_for_later(section) { ALL_LATER } else { "" };
    format!("{} {later}", section.explanation).trim_end().to_owned()
}

fn explanation(section: &Section, key: &Key) -> String {
    let later = if key.for_later && !all_for_later(section) { LATER } else { "" };
    format!("{} {later}", key.explanation).trim_end().to_owned()
}

/// Then it is said once.
fn all_for_later(section: &Section) -> bool {
    section.keys.iter().all(|key| key.for_later)
}

fn comment(file: &mut String, text: &str) {
    let mut line = "#".to_owned();
    for word in text.split_whitespace() {
        if line.len() + 1 + word.len() > WIDTH {
            let _ = writeln!(file, "{line}");
            line.truncate(1);
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(file, "{line}");
}
