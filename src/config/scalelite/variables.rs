//! The table of Scalelite's variables: how each is read, or why it means nothing here.

use super::super::NoticeLevel::{self, Info, Warn};

/// A variable that means something here.
pub(in super::super) struct Known {
    pub(in super::super) name: &'static str,
    pub(in super::super) reading: Reading,
}

/// How a variable is read, and into which key.
pub(in super::super) enum Reading {
    /// True only for `true`.
    Switch(&'static str),
    /// The same, meaning the opposite of the key.
    InvertedSwitch(&'static str),
    /// A whole number, for one key or several.
    Whole(&'static [&'static str]),
    /// Seconds, with a decimal point, for one key or several.
    Seconds(&'static [&'static str]),
    /// Text; a blank one says nothing.
    Text(&'static str),
    /// Names with a separator.
    List(&'static str, char),
    /// Parameters `name=value`, with commas between them.
    Pairs(&'static str),
    /// A secret; an empty one is refused.
    Secret(&'static str),
    /// One of the two variables of front-end secrets.
    Secrets,
    /// The list of checksum algorithms.
    Algorithms,
    /// The public host.
    Host,
    /// The port to listen on.
    Port,
    /// The address to listen on.
    Bind,
    /// A folder of recordings.
    Folder(&'static str),
    /// The password of the telephone system.
    DialInPassword,
    /// The level of the log.
    Level,
}

impl Reading {
    /// The keys that the variable sets.
    pub(in super::super) fn paths(&self) -> Vec<&'static str> {
        match *self {
            Self::Whole(paths) | Self::Seconds(paths) => paths.to_vec(),
            Self::Switch(path)
            | Self::InvertedSwitch(path)
            | Self::Text(path)
            | Self::List(path, _)
            | Self::Pairs(path)
            | Self::Secret(path)
            | Self::Folder(path) => vec![path],
            Self::Secrets => vec!["api.secrets"],
            Self::Algorithms => vec!["api.checksum_algorithms", "servers.checksum_algorithm"],
            Self::Host => vec!["public_url"],
            Self::Port | Self::Bind => vec!["http.listen"],
            Self::DialInPassword => vec!["dial_in.password"],
            Self::Level => vec!["log.level"],
        }
    }
}

/// A variable, or several with a `*` at one end of the name, that means nothing here.
pub(in super::super) struct Ignored {
    pub(in super::super) name: &'static str,
    pub(in super::super) level: NoticeLevel,
    pub(in super::super) reason: &'static str,
}

impl Ignored {
    /// Whether it stands for a variable of this name.
    pub(super) fn matches(&self, name: &str) -> bool {
        match (self.name.strip_suffix('*'), self.name.strip_prefix('*')) {
            (Some(start), _) => name.starts_with(start),
            (None, Some(end)) => name.ends_with(end),
            (None, None) => name == self.name,
        }
    }
}

const fn known(name: &'static str, reading: Reading) -> Known {
    Known { name, reading }
}

const fn ignored(name: &'static str, reason: &'static str) -> Ignored {
    Ignored { name, level: Info, reason }
}

const fn missed(name: &'static str, reason: &'static str) -> Ignored {
    Ignored { name, level: Warn, reason }
}

/// What means something here. PORT stands before BIND, which wins as it does upstream.
pub(in super::super) static VARIABLES: &[Known] = &[
    known("URL_HOST", Reading::Host),
    known("PORT", Reading::Port),
    known("BIND", Reading::Bind),
    known("LOADBALANCER_SECRET", Reading::Secrets),
    known("LOADBALANCER_SECRETS", Reading::Secrets),
    known("LOADBALANCER_CHECKSUM_ALGORITHM", Reading::Algorithms),
    known("SECRET_KEY_BASE", Reading::Secret("playback.signing_key")),
    known("MULTITENANCY_ENABLED", Reading::Switch("tenants.by_host")),
    known("CONNECT_TIMEOUT", Reading::Seconds(&["servers.connect_timeout"])),
    known(
        "RESPONSE_TIMEOUT",
        Reading::Seconds(&["servers.response_timeout", "servers.create_timeout"]),
    ),
    known("MAX_MEETING_DURATION", Reading::Whole(&["create.max_duration"])),
    known("CREATE_EXCLUDE_PARAMS", Reading::List("create.exclude", ',')),
    known("JOIN_EXCLUDE_PARAMS", Reading::List("join.exclude", ',')),
    known("DEFAULT_CREATE_PARAMS", Reading::Pairs("create.default")),
    known("OVERRIDE_CREATE_PARAMS", Reading::Pairs("create.override")),
    known("DEFAULT_JOIN_PARAMS", Reading::Pairs("join.default")),
    known("OVERRIDE_JOIN_PARAMS", Reading::Pairs("join.override")),
    known("GET_MEETINGS_API_DISABLED", Reading::InvertedSwitch("api.get_meetings")),
    known("SERVER_ID_IS_HOSTNAME", Reading::Switch("servers.id_from_host")),
    known("VOICE_BRIDGE_LEN", Reading::Whole(&["dial_in.pin_length"])),
    known("VOICE_BRIDGE_MIN", Reading::Whole(&["dial_in.pin_digits_min"])),
    known("VOICE_BRIDGE_MAX", Reading::Whole(&["dial_in.pin_digits_max"])),
    known("USE_EXTERNAL_VOICE_BRIDGE", Reading::Switch("dial_in.use_client_pin")),
    known("FSAPI_MAX_DURATION", Reading::Whole(&["dial_in.max_duration"])),
    known("FSAPI_PASSWORD", Reading::DialInPassword),
    known(
        "LOAD_MIN_USER_COUNT",
        Reading::Whole(&["placement.min_users", "placement.expected_people"]),
    ),
    known("LOAD_JOIN_BUFFER_TIME", Reading::Whole(&["placement.young_minutes"])),
    known("SERVER_HEALTHY_THRESHOLD", Reading::Whole(&["health.good_polls"])),
    known("SERVER_UNHEALTHY_THRESHOLD", Reading::Whole(&["health.bad_polls"])),
    known("POLL_INTERVAL", Reading::Seconds(&["poll.interval"])),
    known("DEFAULT_LOCALE", Reading::Text("pages.language")),
    known("BUILD_NUMBER", Reading::Text("api.build")),
    known("SCALELITE_RECORDING_DIR", Reading::Text("recordings.root")),
    known("RECORDING_SPOOL_DIR", Reading::Folder("recordings.spool_dir")),
    known("RECORDING_WORK_DIR", Reading::Folder("recordings.work_dir")),
    known("RECORDING_PUBLISH_DIR", Reading::Folder("recordings.published_dir")),
    known("RECORDING_UNPUBLISH_DIR", Reading::Folder("recordings.unpublished_dir")),
    known("RECORDING_DISABLED", Reading::InvertedSwitch("recordings.enabled")),
    known("RECORDING_IMPORT_UNPUBLISHED", Reading::Switch("recordings.import_unpublished")),
    known("RECORDING_PLAYBACK_FORMATS", Reading::List("playback.formats", ':')),
    known("GET_RECORDINGS_API_FILTERED", Reading::Switch("recordings.require_filter")),
    known("PROTECTED_RECORDINGS_ENABLED", Reading::Switch("recordings.protected")),
    known("PROTECTED_RECORDINGS_TOKEN_TIMEOUT", Reading::Whole(&["playback.link_minutes"])),
    known("PROTECTED_RECORDINGS_TIMEOUT", Reading::Whole(&["playback.cookie_minutes"])),
    known("RECORDING_IMPORT_POLL", Reading::Switch("recordings.scan")),
    known("RECORDING_IMPORT_POLL_INTERVAL", Reading::Seconds(&["recordings.scan_interval"])),
    known("RAILS_LOG_LEVEL", Reading::Level),
];

const NO_TLS: &str = "this version speaks plain HTTP only; put a TLS proxy in front of it";
const NO_NGINX: &str = "there is no nginx inside; beadle answers everything at http.listen";
const NO_POSTGRES: &str = "there is no PostgreSQL; state is in the data directory";
const NO_REDIS: &str = "there is no Redis; state is in the data directory";
const NO_RAILS: &str = "it belongs to the Ruby framework";
const NO_THREADS: &str = "threads are set by http.workers, one per core by default";
const NO_CONTAINERS: &str = "there are no containers to start";
const NO_S3: &str = "recordings in S3 are not supported; they are kept in local folders";
const NO_CLOUDFRONT: &str = "CloudFront is not supported; beadle plays recordings itself";

/// What means nothing here, and why.
pub(in super::super) static IGNORED: &[Ignored] = &[
    ignored("DEFAULT_MEETING_TTL", "the place of a meeting has no age limit"),
    ignored("INTERVAL", "it never had an effect; POLL_INTERVAL is the one"),
    ignored("POLLER_THREADS", "each server is polled by a task of its own"),
    ignored("POLLER_WAIT_TIMEOUT", "each call to a server has its own time limit"),
    ignored("DB_CONNECTION_RETRY_COUNT", NO_POSTGRES),
    missed("S3_RECORDING", NO_S3),
    missed("S3_BUCKET_NAME", NO_S3),
    missed("CLOUDFRONT_URL", NO_CLOUDFRONT),
    missed("CF_KEY_PAIR_ID", NO_CLOUDFRONT),
    missed("CF_PRIVATE_KEY_B64", NO_CLOUDFRONT),
    missed("NGINX_SSL", NO_TLS),
    ignored("NGINX_BEHIND_PROXY", NO_NGINX),
    ignored("BEHIND_PROXY", NO_NGINX),
    ignored("NGINX_RECORDINGS_ONLY", NO_NGINX),
    ignored("NGINX_HOSTNAME", NO_NGINX),
    ignored("SCALELITE_API_PORT", NO_NGINX),
    ignored("SCALELITE_TAG", NO_CONTAINERS),
    ignored("SCALELITE_API_EXTRA_OPTS", NO_CONTAINERS),
    ignored("SCALELITE_NGINX_EXTRA_OPTS", NO_CONTAINERS),
    ignored("*_DOCKER_IMAGE", NO_CONTAINERS),
    ignored("DATABASE_URL", NO_POSTGRES),
    ignored("PREPARED_STATEMENT", NO_POSTGRES),
    ignored("DB_DISABLED", NO_POSTGRES),
    ignored("POSTGRES_*", NO_POSTGRES),
    ignored("REDIS_URL", NO_REDIS),
    ignored("REDIS_POOL", NO_REDIS),
    ignored("REDIS_NAMESPACE", NO_REDIS),
    ignored("REDIS_HOST", NO_REDIS),
    ignored("WEB_CONCURRENCY", NO_THREADS),
    ignored("RAILS_MAX_THREADS", NO_THREADS),
    ignored("RAILS_MIN_THREADS", NO_THREADS),
    ignored("RAILS_ENV", NO_RAILS),
    ignored("RAILS_LOG_TO_STDOUT", NO_RAILS),
    ignored("RAILS_SERVE_STATIC_FILES", NO_RAILS),
    ignored("RAILS_MASTER_KEY", NO_RAILS),
    ignored("BUNDLE_GEMFILE", NO_RAILS),
    ignored("PIDFILE", NO_RAILS),
    ignored("SL_HOST", "the public host is URL_HOST"),
    ignored("DOMAIN_NAME", "the public host is URL_HOST"),
    ignored("LETSENCRYPT_EMAIL", NO_TLS),
    ignored("LETSENCRYPT_STAGING", NO_TLS),
];
