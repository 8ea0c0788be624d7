//! The configuration while it is put together: settings go in, later ones win, and what hangs
//! together is settled at the end.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::{ConfigError, Place, Reason};
use super::keys::{self, Key};
use super::sections::Config;
use super::value::Value;
use super::{Flags, Loaded, Notice, NoticeLevel};

/// One key as written somewhere.
pub(super) struct Setting {
    pub(super) key: &'static Key,
    pub(super) value: Value,
    /// What the operator called it: the key, a variable.
    pub(super) subject: String,
    pub(super) place: Place,
}

/// What has been read so far.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) config: Config,
    pub(super) notices: Vec<Notice>,
    /// Who set a key last. Some defaults follow from other keys, and some errors are about two.
    given: BTreeMap<&'static str, (String, Place)>,
}

impl Draft {
    /// Takes a setting, in place of an earlier one of the same key.
    pub(super) fn set(&mut self, setting: Setting) -> Result<(), ConfigError> {
        let Setting { key, value, subject, place } = setting;
        match (key.set)(&mut self.config, &value) {
            Ok(()) => {
                self.given.insert(key.path, (subject, place));
                Ok(())
            }
            Err(reason) => Err(ConfigError::Value { place, subject, reason }),
        }
    }

    /// Takes a setting by the path of its key; it has none for a path that is not in the table.
    pub(super) fn set_path(
        &mut self,
        path: &str,
        value: Value,
        subject: &str,
        place: &Place,
    ) -> Result<(), ConfigError> {
        let Some(key) = keys::find(path) else { return Ok(()) };
        self.set(Setting { key, value, subject: subject.to_owned(), place: place.clone() })
    }

    /// Notes something for the log.
    pub(super) fn note(&mut self, level: NoticeLevel, text: String) {
        self.notices.push(Notice { level, text });
    }

    /// Takes the command line, which wins over everything.
    pub(super) fn flags(&mut self, flags: &Flags) -> Result<(), ConfigError> {
        if let Some(path) = &flags.data_dir {
            self.config.data_dir = path_of_flag("--data-dir", path)?;
        }
        if let Some(path) = &flags.socket {
            self.config.socket = Some(path_of_flag("--socket", path)?);
        }
        if let Some(address) = flags.listen {
            self.config.http.listen = address;
        }
        Ok(())
    }

    /// Settles what depends on several keys, and gives the configuration.
    pub(super) fn finish(mut self) -> Result<Loaded, ConfigError> {
        self.recording_folders();
        if !self.given.contains_key("dial_in.password") {
            // As with Scalelite; only an explicit empty password switches dial-in off.
            self.config.dial_in.password = self.config.api.secrets.first().cloned();
        }
        self.conflicts()?;
        if self.config.api.secrets.is_empty() {
            let text = "no secret is set (api.secrets, LOADBALANCER_SECRET), so every signed call \
                        is answered with checksumError";
            self.note(NoticeLevel::Warn, text.to_owned());
        }
        if self.config.poll.interval.is_zero() {
            let text = "automatic polling is off (poll.interval is 0), so the state of the servers \
                        changes only with the command beadle poll";
            self.note(NoticeLevel::Warn, text.to_owned());
        }
        Ok(Loaded { config: self.config, notices: self.notices })
    }

    fn recording_folders(&mut self) {
        let recordings = &mut self.config.recordings;
        let Some(root) = &recordings.root else { return };
        let folders = [
            ("recordings.spool_dir", "spool", &mut recordings.spool_dir),
            ("recordings.work_dir", "recording/beadle", &mut recordings.work_dir),
            ("recordings.published_dir", "published", &mut recordings.published_dir),
            ("recordings.unpublished_dir", "unpublished", &mut recordings.unpublished_dir),
        ];
        for (path, name, folder) in folders {
            if !self.given.contains_key(path) {
                *folder = root.join(name);
            }
        }
    }

    fn conflicts(&self) -> Result<(), ConfigError> {
        let Config { http, dial_in, health, .. } = &self.config;
        self.ordered(
            ("http.body_limit", http.body_limit),
            ("http.body_memory", http.body_memory),
            |bytes| format!("{bytes} bytes"),
        )?;
        self.ordered(
            ("dial_in.pin_digits_min", dial_in.pin_digits_min),
            ("dial_in.pin_digits_max", dial_in.pin_digits_max),
            |digits| digits.to_string(),
        )?;
        self.ordered(
            ("health.offline_after", health.offline_after),
            ("health.dead_after", health.dead_after),
            |time| format!("{} s", time.as_secs_f64()),
        )
    }

    /// The first value must not be above the second; the blame is on one that was given.
    fn ordered<T: PartialOrd + Copy>(
        &self,
        (low, least): (&'static str, T),
        (high, most): (&'static str, T),
        show: impl Fn(T) -> String,
    ) -> Result<(), ConfigError> {
        if least <= most {
            return Ok(());
        }
        let above = Reason::Conflict { relation: "above", other: high, value: show(most) };
        let below = Reason::Conflict { relation: "below", other: low, value: show(least) };
        match (self.given.get(low), self.given.get(high)) {
            (Some(given), _) => Err(conflict(given, above)),
            (None, Some(given)) => Err(conflict(given, below)),
            // Two defaults never contradict each other.
            (None, None) => Ok(()),
        }
    }
}

fn conflict((subject, place): &(String, Place), reason: Reason) -> ConfigError {
    ConfigError::Value { place: place.clone(), subject: subject.clone(), reason }
}

fn path_of_flag(flag: &str, path: &Path) -> Result<PathBuf, ConfigError> {
    if path.as_os_str().is_empty() {
        let (place, subject) = (Place::CommandLine, flag.to_owned());
        return Err(ConfigError::Value { place, subject, reason: Reason::Empty });
    }
    Ok(path.to_owned())
}
