//! Sections about dial-in, management, recordings and everything people see.

use std::path::PathBuf;
use std::time::Duration;

use crate::model::Secret;

/// Phone numbers of meetings, and the prompt that asks for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialIn {
    /// Digits of the voice bridges that are given out.
    pub pin_length: u32,
    /// The fewest digits the prompt accepts.
    pub pin_digits_min: u32,
    /// The most digits the prompt accepts.
    pub pin_digits_max: u32,
    /// Whether the `voiceBridge` of the front end is tried first.
    pub use_client_pin: bool,
    /// After how many minutes a call is hung up, 0 never; unset: as long as a meeting may last.
    pub max_duration: Option<u32>,
    /// The password of the telephone system; none: the endpoint is off.
    pub password: Option<Secret>,
}

impl Default for DialIn {
    fn default() -> Self {
        Self {
            pin_length: 9,
            pin_digits_min: 5,
            pin_digits_max: 9,
            use_client_pin: false,
            max_duration: None,
            password: None,
        }
    }
}

/// The management API.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Management {
    /// Its own secret; none: only front-end secrets, if they are accepted at all.
    pub secret: Option<Secret>,
    /// Whether the secrets of front ends open it too, as they do with Scalelite.
    pub accept_frontend_secret: bool,
    /// Whether its answers show the secrets of servers and tenants.
    pub reveal_secrets: bool,
}

/// The recording library.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a decision of its own in the file")]
pub struct Recordings {
    /// Whether there is one at all.
    pub enabled: bool,
    /// Whether getRecordings wants a recordID or a meetingID.
    pub require_filter: bool,
    /// Whether new recordings start unpublished.
    pub import_unpublished: bool,
    /// Whether new recordings start protected.
    pub protected: bool,
    /// The parent of the four folders below, where they are not set themselves.
    pub root: Option<PathBuf>,
    /// Where archives arrive.
    pub spool_dir: PathBuf,
    /// Where they are unpacked.
    pub work_dir: PathBuf,
    /// Published recordings.
    pub published_dir: PathBuf,
    /// Unpublished recordings of a former Scalelite.
    pub unpublished_dir: PathBuf,
    /// Whether the spool is scanned regularly, as network file systems need it.
    pub scan: bool,
    /// The pause between two scans.
    pub scan_interval: Duration,
}

impl Default for Recordings {
    fn default() -> Self {
        let below = |folder| PathBuf::from("/var/bigbluebutton").join(folder);
        Self {
            enabled: true,
            require_filter: false,
            import_unpublished: false,
            protected: false,
            root: None,
            spool_dir: below("spool"),
            work_dir: below("recording/beadle"),
            published_dir: below("published"),
            unpublished_dir: below("unpublished"),
            scan: true,
            scan_interval: Duration::from_mins(1),
        }
    }
}

/// How recordings are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Playback {
    /// What playback cookies are signed with; unset: one is made and kept.
    pub signing_key: Option<Secret>,
    /// Formats that are known by name; others work too.
    pub formats: Vec<String>,
    /// How many minutes the link to a protected recording lives.
    pub link_minutes: u32,
    /// How many minutes a playback cookie lives.
    pub cookie_minutes: u32,
}

impl Default for Playback {
    fn default() -> Self {
        let formats = ["presentation", "video", "screenshare", "podcast", "notes", "capture"];
        Self {
            signing_key: None,
            formats: formats.map(str::to_owned).to_vec(),
            link_minutes: 60,
            cookie_minutes: 360,
        }
    }
}

/// Separated groups of front ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tenants {
    /// Whether the host of a request names the tenant.
    pub by_host: bool,
}

/// Pages for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pages {
    /// The language used when a browser asks for none that there is.
    pub language: String,
    /// The name of the site, shown above each page.
    pub title: Option<String>,
    /// Whom to ask for help: a mail address, the address of a page, or any words.
    pub contact: Option<String>,
}

impl Default for Pages {
    fn default() -> Self {
        Self { language: "en".to_owned(), title: None, contact: None }
    }
}
