//! Times, numbers and counts as people read them.

use crate::model::ServerState;

/// What stands in a table where nothing is known.
pub(super) const NOTHING: &str = "-";

/// A time in its two largest units: `42 s`, `7 min`, `1 h 05 min`, `3 d 04 h`.
pub(super) fn time(seconds: f64) -> String {
    // Negative and absurd numbers saturate.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let seconds = seconds as u64;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes} min"),
        3600..86_400 => format!("{hours} h {:02} min", minutes % 60),
        _ => format!("{days} d {:02} h", hours % 24),
    }
}

/// A number with at most so many decimals and without zeros at its end.
pub(super) fn number(number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$}");
    let text =
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    text.to_owned()
}

/// So many of something: `1 meeting`, `2 meetings`.
pub(super) fn count(number: usize, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}

/// Meetings and people on a server.
pub(super) fn crowd(meetings: usize, people: u32) -> String {
    let people = usize::try_from(people).unwrap_or(usize::MAX);
    let meetings = count(meetings, "meeting", "meetings");
    format!("{meetings} with {}", count(people, "person", "people"))
}

/// A value that may not be known.
pub(super) fn known<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| NOTHING.to_owned(), |value| value.to_string())
}

/// Where an expected number of people comes from, by the word of the API.
pub(super) fn source(word: &str) -> &str {
    match word {
        "hint" => "hinted at by the front end",
        "meeting" => "learned from earlier sittings",
        "tenant" => "what its tenant's meetings reach",
        "default" => "the default",
        "limit" => "as many as are let in",
        "breakout" => "counted in its parent meeting",
        other => other,
    }
}

/// What the operator wants of a server.
pub(super) fn state(state: ServerState, spare: bool) -> String {
    let state = state.as_str();
    if spare { format!("{state}, spare") } else { state.to_owned() }
}
