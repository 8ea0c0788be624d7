//! What the TOML file may hold.

use std::time::Duration;

use beadle::bbb::checksum::Algorithm;
use beadle::config::{Level, Policy};

use super::support::{Case, config_of, error_of, exposed};

#[test]
fn times() {
    for (text, milliseconds) in [
        ("5", 5_000),
        ("0.25", 250),
        ("\"10s\"", 10_000),
        ("\"2m\"", 120_000),
        ("\"500ms\"", 500),
        ("\"1.5 h\"", 5_400_000),
        ("\"7\"", 7_000),
    ] {
        let config = config_of(&format!("[servers]\nconnect_timeout = {text}"));
        assert_eq!(config.servers.connect_timeout, Duration::from_millis(milliseconds), "{text}");
    }
    let wrong = ["0", "-1", "nan", "inf", "\"\"", "\"soon\"", "\"10 days\"", "1e-12", "1e30", "[]"];
    for text in wrong {
        let error = error_of(&format!("[servers]\nconnect_timeout = {text}"));
        let start = "beadle.toml, line 2: servers.connect_timeout must be a time in seconds";
        assert!(error.starts_with(start), "{text}: {error}");
    }
}

#[test]
fn polling_is_off_at_exactly_zero() {
    let case = Case::new().toml("[poll]\ninterval = 0");
    assert!(case.config().poll.interval.is_zero());
    assert!(case.warnings().concat().starts_with("automatic polling is off"));
    assert!(config_of("[poll]\ninterval = \"0s\"").poll.interval.is_zero());
    assert_eq!(config_of("[poll]\ninterval = 0.5").poll.interval, Duration::from_millis(500));
    assert_eq!(
        error_of("[poll]\ninterval = 0.0000000001"),
        "beadle.toml, line 2: poll.interval must be 0 (off), or a time of at least 0.1 seconds \
         such as 10 or \"10s\", not 0.0000000001"
    );
}

#[test]
fn sizes() {
    for (text, bytes) in [
        ("1048576", 1 << 20),
        ("\"64MiB\"", 64 << 20),
        ("\"1 gib\"", 1 << 30),
        ("\"2KiB\"", 2048),
        ("\"5MB\"", 5_000_000),
        ("\"9\"", 9),
    ] {
        let config = config_of(&format!("[servers]\nanswer_limit = {text}"));
        assert_eq!(config.servers.answer_limit, bytes, "{text}");
    }
    for text in ["0", "-1", "1.5", "\"MiB\"", "\"1TiB\"", "\"99999999999GiB\"", "true"] {
        let error = error_of(&format!("[servers]\nanswer_limit = {text}"));
        assert!(
            error.contains("servers.answer_limit must be a number of bytes"),
            "{text}: {error}"
        );
    }
}

#[test]
fn the_public_address_is_scheme_host_and_port() {
    for (text, kept, host) in [
        ("https://BBB.example.org", "https://bbb.example.org", "bbb.example.org"),
        ("http://localhost:8080/", "http://localhost:8080", "localhost"),
        ("HTTPS://[2001:DB8::1]", "https://[2001:db8::1]", "[2001:db8::1]"),
        ("http://[::1]:81", "http://[::1]:81", "[::1]"),
    ] {
        let config = config_of(&format!("public_url = {text:?}"));
        assert_eq!(config.public_url.as_deref(), Some(kept));
        assert_eq!(config.host(), Some(host));
    }
    for (text, problem) in [
        ("bbb.example.org", "http:// is missing"),
        ("ftp://x", "only http and https are possible"),
        ("https://u:hush@x", "user names and passwords do not belong there"),
        ("https://x/bigbluebutton", "nothing may follow the host and port"),
        ("https://x:0", "the port is not a number from 1 to 65535"),
        ("https://x:", "the port is not a number from 1 to 65535"),
        ("https://", "the host is not a valid name or address"),
        ("https://a..b", "the host is not a valid name or address"),
        ("https://a b", "the host is not a valid name or address"),
        ("https://[::x]", "the host is not a valid name or address"),
    ] {
        assert_eq!(
            error_of(&format!("public_url = {text:?}")),
            format!(
                "beadle.toml, line 1: public_url must be like \"https://bbb.example.org\": {problem}"
            )
        );
    }
}

#[test]
fn lists_choices_and_parameters() {
    let config = config_of(
        "[api]\nsecrets = \"only\"\nchecksum_algorithms = [\"SHA512\", \"sha1\", \"sha512\"]\n\
         [create]\nexclude = [\"a\", \"b\"]\ndefault = [\"z=1\", \"a=x=y\"]\n\
         override.record = true\noverride.aaa = 1\n\
         [placement]\npolicy = \"scalelite\"\n[log]\nlevel = \"Debug\"",
    );
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(exposed(&config), ["only"]);
    assert_eq!(config.api.checksum_algorithms, [Algorithm::Sha512, Algorithm::Sha1]);
    assert_eq!(config.create.rules.exclude, ["a", "b"]);
    assert_eq!(config.create.rules.default, [pair("z", "1"), pair("a", "x=y")]);
    assert_eq!(config.create.rules.overrides, [pair("record", "true"), pair("aaa", "1")]);
    assert_eq!(config.placement.policy, Policy::Scalelite);
    assert_eq!(config.log.level, Level::Debug);
}

#[test]
fn each_policy_has_its_word_in_file_and_environment() {
    for policy in [Policy::Predicted, Policy::Participants, Policy::Scalelite] {
        let word = policy.as_str();
        let file = config_of(&format!("placement.policy = {word:?}"));
        let variable = Case::new().variable("BEADLE_PLACEMENT_POLICY", word).config();
        assert_eq!([file.placement.policy, variable.placement.policy], [policy; 2], "{word}");
    }
}

#[test]
fn recording_folders_follow_the_root_unless_set() {
    let recordings =
        config_of("[recordings]\nroot = \"/mnt/r\"\nspool_dir = \"/fast/spool\"").recordings;
    assert_eq!(recordings.spool_dir.to_str(), Some("/fast/spool"));
    assert_eq!(recordings.work_dir.to_str(), Some("/mnt/r/recording/beadle"));
    assert_eq!(recordings.published_dir.to_str(), Some("/mnt/r/published"));
    assert_eq!(recordings.unpublished_dir.to_str(), Some("/mnt/r/unpublished"));
}

#[test]
fn the_dial_in_password_is_the_first_secret_unless_set_or_off() {
    let password = |toml: &str| config_of(toml).dial_in.password.map(String::from);
    assert_eq!(password(""), None);
    assert_eq!(password("api.secrets = [\"a\", \"b\"]").as_deref(), Some("a"));
    assert_eq!(password("api.secrets = \"a\"\ndial_in.password = \"p\"").as_deref(), Some("p"));
    assert_eq!(password("api.secrets = \"a\"\ndial_in.password = false"), None);
}

#[test]
fn no_secret_is_a_warning() {
    let told = |case: Case| {
        case.load().notices.iter().any(|notice| notice.text.starts_with("no secret is set"))
    };
    assert!(told(Case::new()));
    assert!(!told(Case::new().toml("[api]\nsecrets = [\"x\"]")));
}
