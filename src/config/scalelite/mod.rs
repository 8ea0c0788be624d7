//! Scalelite's variables, so that its environment file works as it is.
//!
//! Read as Scalelite reads them: only `true`, in any case, is true; of a number the leading digits
//! count; lists are split without trimming, and what is empty at their end vanishes. Where that
//! would be dangerous, it is not followed: a blank or unreadable number is left out with a warning
//! instead of being zero, and an empty secret is refused.

mod lenient;
mod variables;

use std::path::{Path, PathBuf};

use crate::bbb::checksum::Algorithm;

use super::draft::Draft;
use super::env_file::{Variable, Variables};
use super::error::{ConfigError, Place, Reason};
use super::value::Value;
use super::{Notice, NoticeLevel, read};

pub(super) use variables::{IGNORED, Reading, VARIABLES};

/// What Scalelite's containers see as the parent of all recording folders.
const CONTAINER_ROOT: &str = "/var/bigbluebutton";
/// Shorter names are like too many others.
const SHORTEST_SUSPECT: usize = 8;

/// Takes all of Scalelite's variables that mean something here. `below` are those of the source
/// that comes after, for the pairs that only make sense together.
pub(super) fn apply(
    variables: &Variables,
    below: &Variables,
    draft: &mut Draft,
) -> Result<(), ConfigError> {
    let mut reader = Reader { variables, below, draft };
    for known in VARIABLES {
        if let Some(variable) = variables.get(known.name) {
            reader.read(known.name, &known.reading, variable)?;
        }
    }
    Ok(())
}

/// A notice for each variable that means nothing here, told once.
pub(super) fn ignored(sources: &[&Variables]) -> Vec<Notice> {
    let mut told = Vec::new();
    let mut notices = Vec::new();
    for (name, variable) in sources.iter().flat_map(|variables| variables.iter()) {
        let Some(ignored) = IGNORED.iter().find(|ignored| ignored.matches(name)) else { continue };
        if !told.contains(&name) {
            told.push(name);
            let text = format!("{}: {name} is not used: {}", variable.place, ignored.reason);
            notices.push(Notice { level: ignored.level, text });
        }
    }
    notices
}

/// A warning for each name of an env file that looks like a slip of the pen.
pub(super) fn misspelt(env_file: &Variables) -> Vec<Notice> {
    let mut notices = Vec::new();
    for (name, variable) in env_file.iter().filter(|(name, _)| name.len() >= SHORTEST_SUSPECT) {
        let known = |name: &str| VARIABLES.iter().any(|known| known.name == name);
        let ignored = IGNORED.iter().any(|ignored| ignored.matches(name));
        let near =
            VARIABLES.iter().find(|known| strsim::damerau_levenshtein(name, known.name) <= 2);
        if let (Some(near), false, false) = (near, known(name), ignored) {
            let text = format!(
                "{}: {name} is not known; {} is, and may have been meant",
                variable.place, near.name
            );
            notices.push(Notice { level: NoticeLevel::Warn, text });
        }
    }
    notices
}

/// Reads the variables of one source.
struct Reader<'a> {
    variables: &'a Variables,
    below: &'a Variables,
    draft: &'a mut Draft,
}

/// The variable at hand.
#[derive(Clone, Copy)]
struct Given<'a> {
    name: &'a str,
    text: &'a str,
    place: &'a Place,
}

impl Reader<'_> {
    fn read(
        &mut self,
        name: &str,
        reading: &Reading,
        variable: &Variable,
    ) -> Result<(), ConfigError> {
        let given = Given { name, text: &variable.value, place: &variable.place };
        match *reading {
            Reading::Switch(key) => self.switch(key, given, false),
            Reading::InvertedSwitch(key) => self.switch(key, given, true),
            Reading::Whole(paths) => {
                self.number(paths, given, lenient::whole(given.text));
                Ok(())
            }
            Reading::Seconds(paths) => {
                self.number(paths, given, lenient::decimal(given.text));
                Ok(())
            }
            Reading::Text(key) => self.text(key, given),
            Reading::List(key, separator) => {
                self.put(key, list(given.text, separator, |item| !item.is_empty()), given)
            }
            Reading::Pairs(key) => self.put(key, list(given.text, ',', |_| true), given),
            Reading::Secret(key) => self.put(key, Value::from(given.text), given),
            Reading::Secrets => self.secrets(given),
            Reading::Algorithms => self.algorithms(given),
            Reading::Host => self.host(given),
            Reading::Port => {
                self.port(given);
                Ok(())
            }
            Reading::Bind => self.bind(given),
            Reading::Folder(key) => self.folder(key, given),
            Reading::DialInPassword => self.dial_in_password(given),
            Reading::Level => self.level(given),
        }
    }

    fn put(&mut self, path: &str, value: Value, given: Given<'_>) -> Result<(), ConfigError> {
        self.draft.set_path(path, value, given.name, given.place)
    }

    fn warn(&mut self, given: Given<'_>, problem: &str) {
        let text = format!("{}: {} {problem}", given.place, given.name);
        self.draft.note(NoticeLevel::Warn, text);
    }

    fn switch(&mut self, path: &str, given: Given<'_>, inverted: bool) -> Result<(), ConfigError> {
        let on = given.text.eq_ignore_ascii_case("true");
        if !on && !given.text.is_empty() && !given.text.eq_ignore_ascii_case("false") {
            self.warn(given, "counts as false, because only the text true is true");
        }
        self.put(path, Value::Boolean(on != inverted), given)
    }

    /// A number that is blank, unreadable or beyond the limits leaves the keys as they are.
    fn number(&mut self, paths: &[&str], given: Given<'_>, number: Option<Value>) {
        let Some(number) = number else {
            let problem = match given.text.trim() {
                "" => "is blank, so it is left out".to_owned(),
                _ => format!("is left out, because {} is no number", Value::from(given.text)),
            };
            return self.warn(given, &problem);
        };
        for path in paths {
            if let Err(error) = self.put(path, number.clone(), given) {
                let reason = reason(&error);
                return self.warn(given, &format!("is left out, because it {reason}"));
            }
        }
    }

    /// Text; a blank one is the same as none.
    fn text(&mut self, path: &str, given: Given<'_>) -> Result<(), ConfigError> {
        if given.text.is_empty() { Ok(()) } else { self.put(path, Value::from(given.text), given) }
    }

    /// The single secret first, then the list, wherever of the two sources each stands.
    fn secrets(&mut self, given: Given<'_>) -> Result<(), ConfigError> {
        let mut secrets = Vec::new();
        for name in ["LOADBALANCER_SECRET", "LOADBALANCER_SECRETS"] {
            let variable = self.variables.get(name).or_else(|| self.below.get(name));
            let Some(Variable { value, place }) = variable else { continue };
            let mut items = vec![value.as_str()];
            if name == "LOADBALANCER_SECRETS" {
                items = lenient::split(value, ':');
            }
            if let Some((number, _)) = (1..).zip(&items).find(|(_, item)| item.is_empty()) {
                let single = name == "LOADBALANCER_SECRET";
                let reason = if single { Reason::Empty } else { Reason::EmptyItem { number } };
                let (place, subject) = (place.clone(), name.to_owned());
                return Err(ConfigError::Value { place, subject, reason });
            }
            secrets.extend(items.into_iter().map(Value::from));
        }
        self.put("api.secrets", Value::List(secrets), given)
    }

    /// Also picks what calls to the servers are signed with. Blank says nothing.
    fn algorithms(&mut self, given: Given<'_>) -> Result<(), ConfigError> {
        if given.text.is_empty() {
            return Ok(());
        }
        let names = lenient::split(given.text, ':');
        let strongest = names.iter().filter_map(|name| name.parse::<Algorithm>().ok()).max();
        self.put("api.checksum_algorithms", list(given.text, ':', |_| true), given)?;
        match strongest {
            Some(strongest) => {
                let value = Value::Text(strongest.to_string());
                self.put("servers.checksum_algorithm", value, given)
            }
            None => Ok(()),
        }
    }

    fn host(&mut self, given: Given<'_>) -> Result<(), ConfigError> {
        if given.text.is_empty() {
            return Ok(());
        }
        self.put("public_url", Value::Text(format!("https://{}", given.text)), given)
    }

    fn port(&mut self, given: Given<'_>) {
        let mut address = self.draft.config.http.listen;
        let whole = lenient::whole(given.text);
        if let Some(Value::Integer(number)) = whole
            && let Ok(port) = u16::try_from(number)
        {
            address.set_port(port);
        } else if whole.is_some() {
            return self.warn(given, "is left out, because it must be a port from 0 to 65535");
        }
        let value = whole.map(|_| Value::Text(address.to_string()));
        self.number(&["http.listen"], given, value);
    }

    /// The form of the Ruby server: `tcp://address:port`, the port optional.
    fn bind(&mut self, given: Given<'_>) -> Result<(), ConfigError> {
        if given.text.is_empty() {
            return Ok(());
        }
        let current = self.draft.config.http.listen;
        let Some(address) = lenient::bind(given.text, current.port()) else {
            let wanted = "an address like tcp://0.0.0.0:3000";
            let reason = Reason::Not { wanted, given: Value::from(given.text).shown() };
            let (place, subject) = (given.place.clone(), given.name.to_owned());
            return Err(ConfigError::Value { place, subject, reason });
        };
        self.put("http.listen", Value::Text(address.to_string()), given)
    }

    /// A folder as the containers saw it is below the folder of the host that was their root.
    fn folder(&mut self, path: &str, given: Given<'_>) -> Result<(), ConfigError> {
        let root = self
            .variables
            .get("SCALELITE_RECORDING_DIR")
            .or_else(|| self.below.get("SCALELITE_RECORDING_DIR"))
            .map(|variable| PathBuf::from(&variable.value))
            .filter(|root| !root.as_os_str().is_empty() && root != Path::new(CONTAINER_ROOT));
        let inside = Path::new(given.text).strip_prefix(CONTAINER_ROOT);
        let (Some(root), Ok(inside)) = (root, inside) else { return self.text(path, given) };
        let folder = root.join(inside).to_string_lossy().into_owned();
        let text = format!(
            "{}: {} is read as {folder:?}, because SCALELITE_RECORDING_DIR stands for \
             {CONTAINER_ROOT}",
            given.place, given.name
        );
        self.draft.note(NoticeLevel::Info, text);
        self.put(path, Value::Text(folder), given)
    }

    /// The empty password opens Scalelite's endpoint to everybody; here it closes it.
    fn dial_in_password(&mut self, given: Given<'_>) -> Result<(), ConfigError> {
        let off = given.text.is_empty();
        let value = if off { Value::Boolean(false) } else { Value::from(given.text) };
        self.put("dial_in.password", value, given)
    }

    fn level(&mut self, given: Given<'_>) -> Result<(), ConfigError> {
        let level = match given.text.to_ascii_lowercase().as_str() {
            "" => return Ok(()),
            // Two levels above error that are not told apart here.
            "fatal" | "unknown" => "error".to_owned(),
            level => level.to_owned(),
        };
        let value = Value::Text(level);
        if read::level(&value).is_err() {
            self.warn(given, "is left out, because there is no such level");
            return Ok(());
        }
        self.put("log.level", value, given)
    }
}

fn list(text: &str, separator: char, keep: impl Fn(&str) -> bool) -> Value {
    let items = lenient::split(text, separator).into_iter().filter(|item| keep(item));
    Value::List(items.map(Value::from).collect())
}

fn reason(error: &ConfigError) -> String {
    match error {
        ConfigError::Value { reason, .. } => reason.to_string(),
        other => other.to_string(),
    }
}
