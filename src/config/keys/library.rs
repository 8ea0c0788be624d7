//! Keys about dial-in, management, recordings and everything people see.

use super::super::read::{
    formats, language, level, path, put, put_some, secret, secret_or_off, text, time, truth, whole,
};
use super::Shown::{Default, Example};
use super::{Key, Section};

pub(super) static SECTIONS: &[Section] = &[
    Section {
        name: "dial_in",
        explanation: "Phone numbers of meetings (voice bridges), and the prompt that asks callers \
                      for them.",
        keys: DIAL_IN,
    },
    Section {
        name: "management",
        explanation: "The management API under /scalelite/api.",
        keys: MANAGEMENT,
    },
    Section { name: "recordings", explanation: "The recording library.", keys: RECORDINGS },
    Section { name: "playback", explanation: "How recordings are shown.", keys: PLAYBACK },
    Section {
        name: "tenants",
        explanation: "Tenants: groups of front ends that do not see each other.",
        keys: TENANTS,
    },
    Section { name: "pages", explanation: "Pages for people who cannot join.", keys: PAGES },
    Section { name: "log", explanation: "The log.", keys: LOG },
];

static DIAL_IN: &[Key] = &[
    Key::new(
        "dial_in.pin_length",
        Default("9"),
        |config, value| put(&mut config.dial_in.pin_length, whole(value, 3, 15)),
        "Digits of the voice bridges that are given out.",
    ),
    Key::new(
        "dial_in.use_client_pin",
        Default("false"),
        |config, value| put(&mut config.dial_in.use_client_pin, truth(value)),
        "Whether the voiceBridge that a front end sends is used if it is free.",
    ),
    Key::new(
        "dial_in.pin_digits_min",
        Default("5"),
        |config, value| put(&mut config.dial_in.pin_digits_min, whole(value, 1, 20)),
        "The fewest digits the prompt accepts.",
    )
    .for_later(),
    Key::new(
        "dial_in.pin_digits_max",
        Default("9"),
        |config, value| put(&mut config.dial_in.pin_digits_max, whole(value, 1, 20)),
        "The most digits the prompt accepts.",
    )
    .for_later(),
    Key::new(
        "dial_in.max_duration",
        Example("90"),
        |config, value| put_some(&mut config.dial_in.max_duration, whole(value, 0, 1_000_000)),
        "After how many minutes a call is hung up; 0 is never. Unset: create.max_duration.",
    )
    .for_later(),
    Key::new(
        "dial_in.password",
        Example("\"a long random text\""),
        |config, value| put(&mut config.dial_in.password, secret_or_off(value)),
        "The password of the telephone system, user fsapi. Unset: the first of api.secrets. false \
         switches dial-in off.",
    )
    .for_later(),
];

static MANAGEMENT: &[Key] = &[
    Key::new(
        "management.secret",
        Example("\"a long random text\""),
        |config, value| put_some(&mut config.management.secret, secret(value)),
        "The secret that opens the management API. Unset: it is closed, unless \
         accept_frontend_secret is true.",
    ),
    Key::new(
        "management.accept_frontend_secret",
        Default("false"),
        |config, value| put(&mut config.management.accept_frontend_secret, truth(value)),
        "Whether the secrets of front ends open it too, as they do with Scalelite. Whoever may \
         create meetings may then also add and remove servers.",
    ),
    Key::new(
        "management.reveal_secrets",
        Default("false"),
        |config, value| put(&mut config.management.reveal_secrets, truth(value)),
        "Whether its answers show the secrets of the servers, as they do with Scalelite.",
    ),
];

static RECORDINGS: &[Key] = &[
    Key::new(
        "recordings.enabled",
        Default("true"),
        |config, value| put(&mut config.recordings.enabled, truth(value)),
        "Whether there is a recording library at all.",
    )
    .for_later(),
    Key::new(
        "recordings.require_filter",
        Default("false"),
        |config, value| put(&mut config.recordings.require_filter, truth(value)),
        "Whether getRecordings is refused without recordID and meetingID.",
    )
    .for_later(),
    Key::new(
        "recordings.import_unpublished",
        Default("false"),
        |config, value| put(&mut config.recordings.import_unpublished, truth(value)),
        "Whether new recordings start unpublished.",
    )
    .for_later(),
    Key::new(
        "recordings.protected",
        Default("false"),
        |config, value| put(&mut config.recordings.protected, truth(value)),
        "Whether new recordings start protected.",
    )
    .for_later(),
    Key::new(
        "recordings.root",
        Example("\"/mnt/scalelite-recordings/var/bigbluebutton\""),
        |config, value| put_some(&mut config.recordings.root, path(value)),
        "The parent of the four folders below, for those that are not set themselves. Unset: \
         /var/bigbluebutton.",
    )
    .for_later(),
    Key::new(
        "recordings.spool_dir",
        Example("\"/var/bigbluebutton/spool\""),
        |config, value| put(&mut config.recordings.spool_dir, path(value)),
        "Where the archives of the servers arrive. Unset: spool in the root.",
    )
    .for_later(),
    Key::new(
        "recordings.work_dir",
        Example("\"/var/bigbluebutton/recording/beadle\""),
        |config, value| put(&mut config.recordings.work_dir, path(value)),
        "Where archives are kept while they are worked on. Unset: recording/beadle in the root.",
    )
    .for_later(),
    Key::new(
        "recordings.published_dir",
        Example("\"/var/bigbluebutton/published\""),
        |config, value| put(&mut config.recordings.published_dir, path(value)),
        "Where recordings are kept. Unset: published in the root.",
    )
    .for_later(),
    Key::new(
        "recordings.unpublished_dir",
        Example("\"/var/bigbluebutton/unpublished\""),
        |config, value| put(&mut config.recordings.unpublished_dir, path(value)),
        "Where a former Scalelite kept unpublished recordings; they are found there. Unset: unpublished \
         in the root.",
    )
    .for_later(),
    Key::new(
        "recordings.scan",
        Default("true"),
        |config, value| put(&mut config.recordings.scan, truth(value)),
        "Whether the spool is scanned regularly. A spool on a network file system needs it; for a \
         local one false is enough.",
    )
    .for_later(),
    Key::new(
        "recordings.scan_interval",
        Default("\"60s\""),
        |config, value| put(&mut config.recordings.scan_interval, time(value)),
        "The pause between two scans.",
    )
    .for_later(),
];

static PLAYBACK: &[Key] = &[
    Key::new(
        "playback.signing_key",
        Example("\"a long random text\""),
        |config, value| put_some(&mut config.playback.signing_key, secret(value)),
        "What playback cookies are signed with. Unset: one is made and kept in the data directory.",
    )
    .for_later(),
    Key::new(
        "playback.formats",
        Default(
            "[\"presentation\", \"video\", \"screenshare\", \"podcast\", \"notes\", \"capture\"]",
        ),
        |config, value| put(&mut config.playback.formats, formats(value)),
        "Formats that are known by name; others work too.",
    )
    .for_later(),
    Key::new(
        "playback.link_minutes",
        Default("60"),
        |config, value| put(&mut config.playback.link_minutes, whole(value, 1, 1_000_000)),
        "How many minutes the link to a protected recording lives.",
    )
    .for_later(),
    Key::new(
        "playback.cookie_minutes",
        Default("360"),
        |config, value| put(&mut config.playback.cookie_minutes, whole(value, 1, 1_000_000)),
        "How many minutes a browser that was let in may go on playing.",
    )
    .for_later(),
];

static TENANTS: &[Key] = &[Key::new(
    "tenants.by_host",
    Default("false"),
    |config, value| put(&mut config.tenants.by_host, truth(value)),
    "Whether the first label of the host names the tenant, as in physics.bbb.example.org.",
)
.for_later()];

static PAGES: &[Key] = &[
    Key::new(
        "pages.language",
        Default("\"en\""),
        |config, value| put(&mut config.pages.language, language(value)),
        "The language of pages for browsers that ask for none that there is; docs/pages.md lists \
         them.",
    ),
    Key::new(
        "pages.title",
        Example("\"Example University\""),
        |config, value| put_some(&mut config.pages.title, text(value)),
        "The name of the site, shown above each page. Unset: none.",
    ),
    Key::new(
        "pages.contact",
        Example("\"help@example.org\""),
        |config, value| put_some(&mut config.pages.contact, text(value)),
        "Whom people may ask for help: a mail address, the address of a web page, or any words. \
         Unset: nobody is named.",
    ),
];

static LOG: &[Key] = &[Key::new(
    "log.level",
    Default("\"info\""),
    |config, value| put(&mut config.log.level, level(value)),
    "How much is logged: error, warn, info, debug or trace. Secrets, checksums and join links are \
     never logged.",
)];
