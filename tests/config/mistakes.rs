//! Every kind of mistake and its sentence.

use beadle::config::{ConfigError, load};

use super::support::{Case, error_of};

#[test]
fn unknown_keys_name_the_nearest() {
    for (toml, sentence) in [
        (
            "\n[http]\nlisen = 1",
            "line 3: unknown key \"http.lisen\"; did you mean \"http.listen\"?",
        ),
        ("http.lisen = 1", "line 1: unknown key \"http.lisen\"; did you mean \"http.listen\"?"),
        ("listen = 1", "line 1: unknown key \"listen\"; did you mean \"http.listen\"?"),
        (
            "[servers]\nlisten = 1",
            "line 2: unknown key \"servers.listen\"; did you mean \"http.listen\"?",
        ),
        ("datadir = 1", "line 1: unknown key \"datadir\"; did you mean \"data_dir\"?"),
        ("# a\n[htpp]\nlisten = 1", "line 2: unknown section \"htpp\"; did you mean \"http\"?"),
        ("[http.listen2]", "line 1: unknown key \"http.listen2\"; did you mean \"http.listen\"?"),
        (
            "[join]\nmax_duration = 1",
            "line 2: unknown key \"join.max_duration\"; did you mean \"create.max_duration\"?",
        ),
        ("\"\" = 1", "line 1: unknown key \"\"; did you mean \"recordings.root\"?"),
        // Of several mistakes the first in the file is told.
        (
            "[log]\nlevl = 1\n[api]\nsecret = 1",
            "line 2: unknown key \"log.levl\"; did you mean \"log.level\"?",
        ),
    ] {
        assert_eq!(error_of(toml), format!("beadle.toml, {sentence}"));
    }
}

/// A value of a wrong kind, and its sentence after file and line.
const WRONG: &[(&str, &str)] = &[
    ("http = 1", "http is a section; write [http] and its keys below"),
    ("[[http]]", "http is a section; write [http] and its keys below"),
    (
        "http.listen = 3000",
        "http.listen must be an address and port like \"0.0.0.0:3000\", not 3000",
    ),
    (
        "http.listen = \"3000\"",
        "http.listen must be an address and port like \"0.0.0.0:3000\", not \"3000\"",
    ),
    ("http.workers = \"4\"", "http.workers must be a whole number from 0 to 1024, not \"4\""),
    ("http.workers = -1", "http.workers must be a whole number from 0 to 1024, not -1"),
    (
        "http.workers = 99999999999999999999999999999999999999999",
        "http.workers must be a whole number from 0 to 1024, not inf",
    ),
    ("http.check_host = \"yes\"", "http.check_host must be true or false, not \"yes\""),
    ("data_dir = []", "data_dir must be a path, not a list"),
    ("data_dir = \"\"", "data_dir is empty; give it a value or leave it out"),
    ("api.build = 2026-01-01", "api.build must be text, not a date"),
    (
        "api.secrets = [\"a\", \"\"]",
        "api.secrets has an empty item (number 2); give it a value or leave it out",
    ),
    ("api.secrets = \"\"", "api.secrets is empty; give it a value or leave it out"),
    ("api.secrets = [\"a\", 5]", "api.secrets must be a list of texts, and item 2 is a number"),
    ("api.secrets = { a = 1 }", "api.secrets must be text in quotes, not a table"),
    (
        "api.checksum_algorithms = []",
        "api.checksum_algorithms is empty; give it a value or leave it out",
    ),
    (
        "api.checksum_algorithms = [\"md5\"]",
        "api.checksum_algorithms must be \"sha1\", \"sha256\", \"sha384\" or \"sha512\", not \"md5\"",
    ),
    ("management.secret = \"\"", "management.secret is empty; give it a value or leave it out"),
    ("management.secret = 4711", "management.secret must be text in quotes, not a number"),
    ("create.exclude = [1]", "create.exclude must be a list of texts, and item 1 is 1"),
    (
        "create.exclude = [\"\"]",
        "create.exclude has an empty item (number 1); give it a value or leave it out",
    ),
    (
        "create.default = [\"a=1\", \"hush\"]",
        "create.default holds parameters as name=value, and item 2 is not of this form",
    ),
    (
        "create.default = { a = 1.5 }",
        "create.default holds parameters as name=value, and item 1 is not of this form",
    ),
    (
        "create.default = true",
        "create.default must be a table of parameters or a list of \"name=value\", not true or false",
    ),
    (
        "placement.policy = \"best\"",
        "placement.policy must be \"predicted\", \"participants\" or \"scalelite\", not \"best\"",
    ),
    (
        "playback.formats = [\"../x\"]",
        "playback.formats must be a list of format names, and item 1 is \"../x\"",
    ),
    ("pages.language = \"\"", "pages.language must be a language like \"en\", not \"\""),
    (
        "log.level = \"loud\"",
        "log.level must be \"error\", \"warn\", \"info\", \"debug\" or \"trace\", not \"loud\"",
    ),
];

#[test]
fn wrong_types_and_values() {
    for (toml, sentence) in WRONG {
        assert_eq!(error_of(toml), format!("beadle.toml, line 1: {sentence}"));
    }
}

#[test]
fn settings_that_contradict_each_other() {
    for (toml, sentence) in [
        (
            "dial_in.pin_digits_max = 3",
            "dial_in.pin_digits_max must not be below dial_in.pin_digits_min, which is 5",
        ),
        (
            "http.body_limit = \"1GiB\"",
            "http.body_limit must not be above http.body_memory, which is 536870912 bytes",
        ),
        (
            "health.offline_after = \"5m\"",
            "health.offline_after must not be above health.dead_after, which is 120 s",
        ),
    ] {
        assert_eq!(error_of(toml), format!("beadle.toml, line 1: {sentence}"));
    }
    let case = Case::new().env_file("A=1\nVOICE_BRIDGE_MIN=12");
    assert_eq!(
        case.error(),
        "env, line 2: VOICE_BRIDGE_MIN must not be above dial_in.pin_digits_max, which is 9"
    );
}

#[test]
fn bad_grammar_names_the_line_and_repeats_no_secret() {
    for toml in [
        "[api]\nsecrets = [hush]",
        "[api]\nsecrets = hush",
        "[api]\nhush hush",
        "[api]\nsecrets = \"hush",
        "a = 1\nsecrets = \"hush\" \"hush\"",
    ] {
        let error = error_of(toml);
        assert!(error.starts_with("beadle.toml, line 2: "), "{error}");
        assert!(!error.contains("hush") && !error.contains('\n'), "{error}");
    }
    let twice = error_of("[api]\nsecrets = \"hush\"\nsecrets = \"hush\"");
    assert_eq!(twice, "beadle.toml, line 3: duplicate key");
}

#[test]
fn files_that_cannot_be_read() {
    let mut case = Case::new();
    case.sources.config_file = Some(case.path("missing.toml"));
    assert!(case.error().starts_with("missing.toml: cannot be read: "), "{}", case.error());
    let mut case = Case::new();
    case.sources.env_file = Some(case.path("missing"));
    assert!(case.error().starts_with("missing: cannot be read: "), "{}", case.error());
    let mut case = Case::new();
    case.sources.config_file = Some(case.path("."));
    assert!(matches!(load(&case.sources), Err(ConfigError::Unreadable { .. })));
    let case = Case::new().file("beadle.toml", b"[api]\nsecrets = \"\xff\"");
    assert_eq!(case.error(), "beadle.toml, line 2: not UTF-8 text");
    let case = Case::new().file("conf.d/x.toml", "[api]\nbuild = 1");
    assert_eq!(case.error(), "conf.d/x.toml, line 2: api.build must be text, not 1");
    let case = Case::new().file("conf.d", "not a folder");
    assert!(case.error().starts_with("conf.d: cannot be read: "), "{}", case.error());
}

#[test]
fn unknown_variables_name_the_nearest() {
    let case = Case::new().variable("BEADLE_HTTP_LISEN", "hush");
    let sentence = "unknown variable BEADLE_HTTP_LISEN; did you mean BEADLE_HTTP_LISTEN?";
    assert_eq!(case.error(), format!("environment: {sentence}"));
    let case = Case::new().env_file("# a comment\n\nBEADLE_HTTP_LISEN=hush\n");
    assert_eq!(case.error(), format!("env, line 3: {sentence}"));
    let case = Case::new().variable("BEADLE_HTTP_WORKERS", "-1");
    assert_eq!(
        case.error(),
        "environment: BEADLE_HTTP_WORKERS must be a whole number from 0 to 1024, not -1"
    );
    for empty in ["", "\"\"", "[\"hush\", \"\"]"] {
        let error = Case::new().variable("BEADLE_API_SECRETS", empty).error();
        assert!(error.starts_with("environment: BEADLE_API_SECRETS "), "{error}");
        assert!(error.contains("empty") && !error.contains("hush"), "{error}");
    }
}

#[test]
fn lines_of_the_env_file() {
    for (line, problem) in [
        ("export URL_HOST=hush", "the name has a blank in it"),
        ("URL_HOST =hush", "the name has a blank in it"),
        ("=hush", "there is no name before the equals sign"),
    ] {
        let error = Case::new().env_file(format!("A=1\n{line}\n")).error();
        assert_eq!(error, format!("env, line 2: {problem}; a line is NAME=value"));
    }
    let error = Case::new().env_file(b"A=1\nB=\xff\n").error();
    assert_eq!(error, "env, line 2: not UTF-8 text");
}

#[test]
fn an_empty_flag() {
    let mut case = Case::new();
    case.sources.flags.data_dir = Some("".into());
    assert_eq!(case.error(), "command line: --data-dir is empty; give it a value or leave it out");
}

#[test]
fn nothing_shows_a_secret() {
    let case = Case::new()
        .toml("[api]\nsecrets = [\"hush\"]\n[dial_in]\npassword = \"hush\"")
        .variable("SECRET_KEY_BASE", "hush")
        .variable("BEADLE_MANAGEMENT_SECRET", "hush");
    let loaded = format!("{:?}", case.load());
    assert!(!loaded.contains("hush"), "{loaded}");
}
