//! Scalelite's variables: every one of them, and the odd ways in which they are read.

use std::time::Duration;

use beadle::bbb::checksum::Algorithm;
use beadle::config::{Config, Level, NoticeLevel};
use beadle::model::Secret;

use super::support::{Case, exposed};

/// A variable, a value, and what the configuration is then.
type Row = (&'static str, &'static str, fn(&mut Config));

fn secret(text: &str) -> Secret {
    Secret::new(text).expect("not empty")
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// Each variable changes what it should and nothing else, in the environment and in the env file.
fn check(rows: &[Row]) {
    for (name, value, change) in rows {
        let mut expected = Config::default();
        change(&mut expected);
        let case = Case::new().variable(name, value);
        assert_eq!(case.config(), expected, "{name}={value}");
        assert!(case.warnings().len() <= 1, "{name}={value}: {:?}", case.warnings());
        assert_eq!(Case::new().env_file(format!("{name}={value}\n")).config(), expected, "{name}");
    }
}

#[test]
fn addresses_secrets_signatures() {
    check(&[
        ("URL_HOST", "BBB.example.org", |c| c.public_url = Some("https://bbb.example.org".into())),
        ("URL_HOST", "", |_| {}),
        ("PORT", "8080", |c| c.http.listen = ([0, 0, 0, 0], 8080).into()),
        ("PORT", "8080x", |c| c.http.listen = ([0, 0, 0, 0], 8080).into()),
        ("BIND", "tcp://127.0.0.1:81", |c| c.http.listen = ([127, 0, 0, 1], 81).into()),
        ("BIND", "tcp://[::1]", |c| c.http.listen = "[::1]:3000".parse().expect("address")),
        ("BIND", "localhost:82", |c| c.http.listen = ([127, 0, 0, 1], 82).into()),
        ("SECRET_KEY_BASE", "key", |c| c.playback.signing_key = Some(secret("key"))),
        ("LOADBALANCER_SECRET", "a:b", |c| {
            c.api.secrets = vec![secret("a:b")];
            c.dial_in.password = Some(secret("a:b"));
        }),
        ("LOADBALANCER_SECRETS", "a: b::", |c| {
            c.api.secrets = vec![secret("a"), secret(" b")];
            c.dial_in.password = Some(secret("a"));
        }),
        ("LOADBALANCER_SECRETS", "", |_| {}),
        ("LOADBALANCER_CHECKSUM_ALGORITHM", "SHA1:SHA512:SHA256", |c| {
            c.api.checksum_algorithms = vec![Algorithm::Sha1, Algorithm::Sha512, Algorithm::Sha256];
            c.servers.checksum_algorithm = Algorithm::Sha512;
        }),
        ("LOADBALANCER_CHECKSUM_ALGORITHM", "SHA1", |c| {
            c.api.checksum_algorithms = vec![Algorithm::Sha1];
            c.servers.checksum_algorithm = Algorithm::Sha1;
        }),
        ("LOADBALANCER_CHECKSUM_ALGORITHM", "", |_| {}),
        ("MULTITENANCY_ENABLED", "TRUE", |c| c.tenants.by_host = true),
        ("FSAPI_PASSWORD", "p", |c| c.dial_in.password = Some(secret("p"))),
    ]);
}

#[test]
fn calls_and_placement() {
    check(&[
        ("CONNECT_TIMEOUT", "2.5", |c| c.servers.connect_timeout = Duration::from_millis(2500)),
        ("RESPONSE_TIMEOUT", "20", |c| {
            c.servers.response_timeout = Duration::from_secs(20);
            c.servers.create_timeout = Duration::from_secs(20);
        }),
        ("MAX_MEETING_DURATION", "90min", |c| c.create.max_duration = 90),
        ("CREATE_EXCLUDE_PARAMS", "a, b,,", |c| {
            c.create.rules.exclude = vec!["a".into(), " b".into()];
        }),
        ("JOIN_EXCLUDE_PARAMS", "a", |c| c.join.exclude = vec!["a".into()]),
        ("DEFAULT_CREATE_PARAMS", "record=true,logo=http://x/?a=b,", |c| {
            c.create.rules.default = vec![pair("record", "true"), pair("logo", "http://x/?a=b")];
        }),
        ("DEFAULT_CREATE_PARAMS", "", |_| {}),
        ("OVERRIDE_CREATE_PARAMS", "a=", |c| c.create.rules.overrides = vec![pair("a", "")]),
        ("DEFAULT_JOIN_PARAMS", "a=1", |c| c.join.default = vec![pair("a", "1")]),
        ("OVERRIDE_JOIN_PARAMS", "a=1", |c| c.join.overrides = vec![pair("a", "1")]),
        ("GET_MEETINGS_API_DISABLED", "true", |c| c.api.get_meetings = false),
        ("SERVER_ID_IS_HOSTNAME", "True", |c| c.servers.id_from_host = true),
        ("VOICE_BRIDGE_LEN", "5", |c| c.dial_in.pin_length = 5),
        ("VOICE_BRIDGE_MIN", "4", |c| c.dial_in.pin_digits_min = 4),
        ("VOICE_BRIDGE_MAX", "10", |c| c.dial_in.pin_digits_max = 10),
        ("USE_EXTERNAL_VOICE_BRIDGE", "true", |c| c.dial_in.use_client_pin = true),
        ("FSAPI_MAX_DURATION", "0", |c| c.dial_in.max_duration = Some(0)),
        ("LOAD_MIN_USER_COUNT", "7", |c| {
            c.placement.min_users = 7;
            c.placement.expected_people = 7;
        }),
        ("LOAD_JOIN_BUFFER_TIME", "5", |c| c.placement.young_minutes = 5),
        ("SERVER_HEALTHY_THRESHOLD", "1", |c| c.health.good_polls = 1),
        ("SERVER_UNHEALTHY_THRESHOLD", "2", |c| c.health.bad_polls = 2),
        ("POLL_INTERVAL", "2.5", |c| c.poll.interval = Duration::from_millis(2500)),
        ("POLL_INTERVAL", "0", |c| c.poll.interval = Duration::ZERO),
        ("DEFAULT_LOCALE", "de", |c| c.pages.language = "de".into()),
        ("BUILD_NUMBER", "v1.8.5", |c| c.api.build = Some("v1.8.5".into())),
        ("BUILD_NUMBER", "", |_| {}),
        ("RAILS_LOG_LEVEL", "debug", |c| c.log.level = Level::Debug),
        ("RAILS_LOG_LEVEL", "fatal", |c| c.log.level = Level::Error),
    ]);
}

#[test]
fn recordings() {
    check(&[
        ("SCALELITE_RECORDING_DIR", "/mnt/r", |c| {
            c.recordings.root = Some("/mnt/r".into());
            c.recordings.spool_dir = "/mnt/r/spool".into();
            c.recordings.work_dir = "/mnt/r/recording/beadle".into();
            c.recordings.published_dir = "/mnt/r/published".into();
            c.recordings.unpublished_dir = "/mnt/r/unpublished".into();
        }),
        ("RECORDING_SPOOL_DIR", "/s", |c| c.recordings.spool_dir = "/s".into()),
        ("RECORDING_WORK_DIR", "/w", |c| c.recordings.work_dir = "/w".into()),
        ("RECORDING_PUBLISH_DIR", "/p", |c| c.recordings.published_dir = "/p".into()),
        ("RECORDING_UNPUBLISH_DIR", "/u", |c| c.recordings.unpublished_dir = "/u".into()),
        ("RECORDING_UNPUBLISH_DIR", "", |_| {}),
        ("RECORDING_DISABLED", "true", |c| c.recordings.enabled = false),
        ("RECORDING_DISABLED", "1", |_| {}),
        ("RECORDING_IMPORT_UNPUBLISHED", "true", |c| c.recordings.import_unpublished = true),
        ("RECORDING_PLAYBACK_FORMATS", "video:notes:", |c| {
            c.playback.formats = vec!["video".into(), "notes".into()];
        }),
        ("GET_RECORDINGS_API_FILTERED", "true", |c| c.recordings.require_filter = true),
        ("PROTECTED_RECORDINGS_ENABLED", "true", |c| c.recordings.protected = true),
        ("PROTECTED_RECORDINGS_TOKEN_TIMEOUT", "5", |c| c.playback.link_minutes = 5),
        ("PROTECTED_RECORDINGS_TIMEOUT", "90", |c| c.playback.cookie_minutes = 90),
        ("RECORDING_IMPORT_POLL", "false", |c| c.recordings.scan = false),
        ("RECORDING_IMPORT_POLL_INTERVAL", "15", |c| {
            c.recordings.scan_interval = Duration::from_secs(15);
        }),
    ]);
}

/// Variables that mean nothing here.
const NOTHING: &[&str] = &[
    "DEFAULT_MEETING_TTL",
    "INTERVAL",
    "POLLER_THREADS",
    "POLLER_WAIT_TIMEOUT",
    "DB_CONNECTION_RETRY_COUNT",
    "S3_RECORDING",
    "S3_BUCKET_NAME",
    "CLOUDFRONT_URL",
    "CF_KEY_PAIR_ID",
    "CF_PRIVATE_KEY_B64",
    "NGINX_SSL",
    "NGINX_BEHIND_PROXY",
    "BEHIND_PROXY",
    "NGINX_RECORDINGS_ONLY",
    "SCALELITE_API_PORT",
    "NGINX_HOSTNAME",
    "SCALELITE_TAG",
    "SCALELITE_API_EXTRA_OPTS",
    "SCALELITE_NGINX_EXTRA_OPTS",
    "DATABASE_URL",
    "PREPARED_STATEMENT",
    "DB_DISABLED",
    "REDIS_URL",
    "REDIS_POOL",
    "REDIS_NAMESPACE",
    "WEB_CONCURRENCY",
    "RAILS_MAX_THREADS",
    "RAILS_MIN_THREADS",
    "RAILS_ENV",
    "RAILS_LOG_TO_STDOUT",
    "RAILS_SERVE_STATIC_FILES",
    "RAILS_MASTER_KEY",
    "BUNDLE_GEMFILE",
    "PIDFILE",
    "SL_HOST",
    "DOMAIN_NAME",
    "REDIS_HOST",
    "POSTGRES_USER",
    "POSTGRES_PASSWORD",
    "LETSENCRYPT_EMAIL",
    "LETSENCRYPT_STAGING",
    "SCALELITE_API_DOCKER_IMAGE",
];

#[test]
fn what_means_nothing_is_told_once_with_the_reason() {
    for name in NOTHING {
        let case = Case::new().variable(name, "hush").env_file(format!("{name}=hush\n"));
        assert_eq!(case.config(), Config::default(), "{name}");
        let notices = [case.notices(NoticeLevel::Info), case.warnings()].concat();
        let start = format!("environment: {name} is not used: ");
        assert!(matches!(&*notices, [one] if one.starts_with(&start)), "{notices:?}");
        assert!(!notices.concat().contains("hush"), "{notices:?}");
    }
    let nothing_set = Case::new();
    assert!(nothing_set.notices(NoticeLevel::Info).is_empty() && nothing_set.warnings().is_empty());
    let tls = Case::new().variable("NGINX_SSL", "true").warnings();
    assert_eq!(
        tls,
        ["environment: NGINX_SSL is not used: this version speaks plain HTTP only; put a TLS \
          proxy in front of it"]
    );
}

#[test]
fn numbers_that_are_none_are_left_out_with_a_warning() {
    for (name, value, warning) in [
        ("POLL_INTERVAL", "", "is blank, so it is left out"),
        ("POLL_INTERVAL", " ", "is blank, so it is left out"),
        ("POLL_INTERVAL", "soon", "is left out, because \"soon\" is no number"),
        ("POLL_INTERVAL", "0x3c", "is left out, because \"0x3c\" is no number"),
        ("MAX_MEETING_DURATION", "\"60\"", "is left out, because \"\\\"60\\\"\" is no number"),
        (
            "MAX_MEETING_DURATION",
            "-5",
            "is left out, because it must be a whole number from 0 to 1000000, not -5",
        ),
        (
            "SERVER_HEALTHY_THRESHOLD",
            "0",
            "is left out, because it must be a whole number from 1 to 1000, not 0",
        ),
        ("PORT", "70000", "is left out, because it must be a port from 0 to 65535"),
        ("PORT", "", "is blank, so it is left out"),
        ("RAILS_LOG_LEVEL", "loud", "is left out, because there is no such level"),
    ] {
        let case = Case::new().variable(name, value);
        assert_eq!(case.config(), Config::default(), "{name}={value}");
        assert_eq!(case.warnings(), [format!("environment: {name} {warning}")]);
    }
    let zero = Case::new().variable("CONNECT_TIMEOUT", "0");
    assert_eq!(zero.config(), Config::default());
    assert_eq!(zero.warnings().len(), 1);
}

#[test]
fn only_true_is_true() {
    for value in ["1", "yes", "on", "true "] {
        let case = Case::new().variable("MULTITENANCY_ENABLED", value);
        assert!(!case.config().tenants.by_host);
        let warning = "environment: MULTITENANCY_ENABLED counts as false, because only the text \
                       true is true";
        assert_eq!(case.warnings(), [warning]);
    }
    for value in ["", "false", "FALSE"] {
        assert!(Case::new().variable("MULTITENANCY_ENABLED", value).warnings().is_empty());
    }
}

#[test]
fn what_must_not_be_guessed_stops_the_start() {
    for (name, value, sentence) in [
        ("LOADBALANCER_SECRET", "", "is empty; give it a value or leave it out"),
        (
            "LOADBALANCER_SECRETS",
            "hush::hush",
            "has an empty item (number 2); give it a value or leave it out",
        ),
        ("SECRET_KEY_BASE", "", "is empty; give it a value or leave it out"),
        (
            "DEFAULT_CREATE_PARAMS",
            "a=1,hush",
            "holds parameters as name=value, and item 2 is not of this form",
        ),
        (
            "OVERRIDE_JOIN_PARAMS",
            "=hush",
            "holds parameters as name=value, and item 1 is not of this form",
        ),
        (
            "URL_HOST",
            "x/y",
            "must be like \"https://bbb.example.org\": nothing may follow the host and port",
        ),
        (
            "BIND",
            "unix:///run/x.sock",
            "must be an address like tcp://0.0.0.0:3000, not \"unix:///run/x.sock\"",
        ),
        (
            "LOADBALANCER_CHECKSUM_ALGORITHM",
            "SHA1:MD5",
            "must be \"sha1\", \"sha256\", \"sha384\" or \"sha512\", not \"MD5\"",
        ),
    ] {
        let error = Case::new().variable(name, value).error();
        assert_eq!(error, format!("environment: {name} {sentence}"));
    }
}

#[test]
fn the_single_secret_comes_first_wherever_the_two_stand() {
    let case = Case::new()
        .variable("LOADBALANCER_SECRET", "a")
        .env_file("LOADBALANCER_SECRET=old\nLOADBALANCER_SECRETS=b:c\n");
    assert_eq!(exposed(&case.config()), ["a", "b", "c"]);
    let case = Case::new().variable("LOADBALANCER_SECRETS", "b").env_file("LOADBALANCER_SECRET=a");
    assert_eq!(exposed(&case.config()), ["a", "b"]);
}

#[test]
fn bind_wins_over_port() {
    let both = |bind| Case::new().variable("PORT", "1").variable("BIND", bind).config();
    assert_eq!(both("tcp://127.0.0.1:2").http.listen, ([127, 0, 0, 1], 2).into());
    assert_eq!(both("tcp://127.0.0.1").http.listen, ([127, 0, 0, 1], 1).into());
    let case = Case::new().toml("http.listen = \"127.0.0.1:9\"").variable("PORT", "1");
    assert_eq!(case.config().http.listen, ([127, 0, 0, 1], 1).into());
}

#[test]
fn folders_of_the_containers_are_below_the_folder_of_the_host() {
    let case = Case::new().env_file(
        "SCALELITE_RECORDING_DIR=/mnt/r\nRECORDING_SPOOL_DIR=/var/bigbluebutton/spool2\n\
         RECORDING_WORK_DIR=/fast/work\n",
    );
    let recordings = case.config().recordings;
    assert_eq!(recordings.spool_dir.to_str(), Some("/mnt/r/spool2"));
    assert_eq!(recordings.work_dir.to_str(), Some("/fast/work"));
    assert_eq!(
        case.notices(NoticeLevel::Info),
        ["env, line 2: RECORDING_SPOOL_DIR is read as \"/mnt/r/spool2\", because \
          SCALELITE_RECORDING_DIR stands for /var/bigbluebutton"]
    );
}

#[test]
fn an_empty_dial_in_password_switches_it_off() {
    let case = Case::new().variable("LOADBALANCER_SECRET", "a");
    assert!(case.config().dial_in.password.is_some());
    assert!(case.variable("FSAPI_PASSWORD", "").config().dial_in.password.is_none());
}

#[test]
fn the_env_file_is_read_as_docker_reads_it() {
    let case = Case::new().env_file(
        "\u{feff}# the environment of Scalelite\r\n\r\n  URL_HOST=bbb.example.org\r\n\
         POLL_INTERVAL\n#PORT=1\nLOADBALANCER_SECRET=a=b #c \nBUILD_NUMBER=\"v1\"\n\
         DEFAULT_LOCALE=de\nDEFAULT_LOCALE=fr",
    );
    let config = case.config();
    assert_eq!(config.public_url.as_deref(), Some("https://bbb.example.org"));
    assert_eq!(exposed(&config), ["a=b #c "]);
    assert_eq!(config.api.build.as_deref(), Some("\"v1\""));
    assert_eq!(config.pages.language, "fr");
    assert_eq!(
        case.warnings(),
        ["env, line 7: BUILD_NUMBER has its value in quotes, and they are part of the value"]
    );
}

#[test]
fn a_misspelt_variable_in_the_env_file_is_a_warning() {
    let case = Case::new().env_file("LOADBALANCER_SECRT=x\nHTTP_PROXY=y\nSCALELITE_TAG=v1\n");
    assert_eq!(
        case.warnings(),
        [
            "env, line 1: LOADBALANCER_SECRT is not known; LOADBALANCER_SECRET is, and may have been \
          meant"
        ]
    );
}
