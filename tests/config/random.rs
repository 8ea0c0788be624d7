//! Whatever stands in the files and variables, there is an answer and never a panic.

use beadle::config::load;
use proptest::prelude::{Strategy, any, prop, prop_oneof, proptest};

use super::support::Case;

/// Lines that look like configuration, and lines that do not.
fn line() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        "[a-z_.]{1,12}",
        prop::sample::select(vec![
            "api.secrets",
            "http.listen",
            "http.body_limit",
            "poll.interval",
            "create.default",
            "public_url",
            "LOADBALANCER_SECRETS",
            "POLL_INTERVAL",
            "PORT",
            "BIND",
            "URL_HOST",
            "CONNECT_TIMEOUT",
            "DEFAULT_CREATE_PARAMS",
            "BEADLE_HTTP_LISTEN",
            "BEADLE_POLL_INTERVAL",
            "RECORDING_SPOOL_DIR",
            "SCALELITE_RECORDING_DIR",
        ])
        .prop_map(str::to_owned),
    ];
    let value = prop_oneof![
        any::<String>(),
        "[-+]?[0-9]{0,40}[.:a-zA-Z]{0,3}[0-9]{0,4}",
        any::<f64>().prop_map(|number| number.to_string()),
        any::<String>().prop_map(|text| format!("{text:?}")),
        "\\[{0,3}(\"[a-z=:]{0,5}\",?){0,3}\\]{0,3}",
    ];
    prop_oneof![
        any::<String>(),
        "\\[{1,2}[a-z.]{0,8}\\]{0,2}",
        (name, value).prop_map(|(name, value)| format!("{name}={value}")),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(line(), 0..6).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn any_text_gets_an_answer(toml in text(), variables in text()) {
        let case = Case::new().toml(&toml).env_file(&variables);
        if let Err(error) = load(&case.sources) {
            assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn any_bytes_get_an_answer(
        toml in prop::collection::vec(any::<u8>(), 0..200),
        variables in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let case = Case::new().file("beadle.toml", &toml).env_file(&variables);
        let _ = load(&case.sources);
    }

    #[test]
    fn any_variables_get_an_answer(lines in prop::collection::vec(line(), 0..6)) {
        let mut case = Case::new();
        for line in &lines {
            let (name, value) = line.split_once('=').unwrap_or((line, ""));
            case = case.variable(name, value);
        }
        if let Err(error) = load(&case.sources) {
            assert!(!error.to_string().is_empty());
        }
    }
}
