//! What the operator's configuration does to a call's parameters on their way to a server.
//!
//! Later ones win: defaults, the request without excluded names, overrides.

use crate::bbb::Params;
use crate::config::CallRules;

/// The parameter that asks for servers of a tag. It is settled before the rules apply.
pub const SERVER_TAG: &str = "meta_server-tag";

/// Applies the rules. `settled` is a name that they do not touch.
pub fn apply(params: &mut Params<'_>, rules: &CallRules, settled: Option<&str>) {
    for name in &rules.exclude {
        params.remove(name);
    }
    let free = |name: &str| settled.is_none_or(|settled| !name.eq_ignore_ascii_case(settled));
    for (name, value) in rules.default.iter().filter(|(name, _)| free(name)) {
        if !params.has(name) {
            params.set(name, value);
        }
    }
    for (name, value) in rules.overrides.iter().filter(|(name, _)| free(name)) {
        params.set(name, value);
    }
}

/// The server tag that counts: the first non-empty of override, request and default.
pub fn server_tag(params: &Params<'_>, rules: &CallRules) -> String {
    let given = |list: &[(String, String)]| {
        let found = list.iter().find(|(name, _)| name.eq_ignore_ascii_case(SERVER_TAG));
        found.map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
    };
    let requested = || params.get(SERVER_TAG).filter(|tag| !tag.is_empty()).map(String::from);
    given(&rules.overrides).or_else(requested).or_else(|| given(&rules.default)).unwrap_or_default()
}

/// Caps `duration`. Whatever is not a plain number of minutes within the cap becomes the cap,
/// because servers read such values as "no end".
pub fn cap_duration(params: &mut Params<'_>, max_minutes: u32) {
    if max_minutes == 0 {
        return;
    }
    let wished = params.get("duration").and_then(|text| text.trim().parse::<u32>().ok());
    if !wished.is_some_and(|minutes| (1..=max_minutes).contains(&minutes)) {
        params.set("duration", &max_minutes.to_string());
    }
}
