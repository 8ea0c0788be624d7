//! From a value as written to a typed one, or the reason why it does not fit.

use std::net::{Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::bbb::checksum::Algorithm;
use crate::model::Secret;

use super::error::Reason;
use super::sections::{Level, Policy};
use super::value::Value;

/// No setting makes sense beyond this, and timers cannot take every number.
const LONGEST: Duration = Duration::from_hours(365 * 24);
/// Polling more often than this is a slip of the pen.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(100);

const TIME: &str = "a time in seconds above 0, or text like \"10s\", \"2m\" or \"500ms\"";
const TIME_OR_ZERO: &str = "a time in seconds, or text like \"10s\", \"2m\" or \"500ms\"";
const INTERVAL: &str = "0 (off), or a time of at least 0.1 seconds such as 10 or \"10s\"";
const SIZE: &str = "a number of bytes above 0, or text like \"64MiB\"";

/// Puts what was read into its field.
pub(super) fn put<T>(field: &mut T, read: Result<T, Reason>) -> Result<(), Reason> {
    *field = read?;
    Ok(())
}

/// The same for a field that may stay unset.
pub(super) fn put_some<T>(field: &mut Option<T>, read: Result<T, Reason>) -> Result<(), Reason> {
    put(field, read.map(Some))
}

/// Text that says something.
pub(super) fn text(value: &Value) -> Result<String, Reason> {
    match value {
        Value::Text(text) if text.is_empty() => Err(Reason::Empty),
        Value::Text(text) => Ok(text.clone()),
        other => Err(Reason::Not { wanted: "text", given: other.shown() }),
    }
}

/// The path of a file or folder.
pub(super) fn path(value: &Value) -> Result<PathBuf, Reason> {
    match value {
        Value::Text(text) if text.is_empty() => Err(Reason::Empty),
        Value::Text(text) if !text.contains('\0') => Ok(PathBuf::from(text)),
        other => Err(Reason::Not { wanted: "a path", given: other.shown() }),
    }
}

/// `true` or `false`.
pub(super) fn truth(value: &Value) -> Result<bool, Reason> {
    match value {
        Value::Boolean(truth) => Ok(*truth),
        other => Err(Reason::Not { wanted: "true or false", given: other.shown() }),
    }
}

/// A whole number within limits that fit the field.
pub(super) fn whole<T: TryFrom<i128>>(value: &Value, least: u64, most: u64) -> Result<T, Reason> {
    let range = i128::from(least)..=i128::from(most);
    match value {
        Value::Integer(number) if range.contains(number) => T::try_from(*number).ok(),
        _ => None,
    }
    .ok_or_else(|| Reason::Range { least, most, given: value.shown() })
}

/// A secret; errors say nothing of what it is.
pub(super) fn secret(value: &Value) -> Result<Secret, Reason> {
    match value {
        Value::Text(text) => Secret::new(text.as_str()).map_err(|_| Reason::Empty),
        other => Err(Reason::Not { wanted: "text in quotes", given: other.kind().to_owned() }),
    }
}

/// A list of secrets, or a single one.
pub(super) fn secrets(value: &Value) -> Result<Vec<Secret>, Reason> {
    let Value::List(items) = value else { return Ok(vec![secret(value)?]) };
    let item = |(number, item): (usize, &Value)| match secret(item) {
        Err(Reason::Empty) => Err(Reason::EmptyItem { number }),
        Err(_) => Err(Reason::Item { wanted: "texts", number, given: item.kind().to_owned() }),
        Ok(secret) => Ok(secret),
    };
    (1..).zip(items).map(item).collect()
}

/// A secret, or `false` for none at all.
pub(super) fn secret_or_off(value: &Value) -> Result<Option<Secret>, Reason> {
    if *value == Value::Boolean(false) { Ok(None) } else { secret(value).map(Some) }
}

/// A list of names, or a single one.
pub(super) fn names(value: &Value) -> Result<Vec<String>, Reason> {
    let Value::List(items) = value else { return Ok(vec![text(value)?]) };
    let item = |(number, item): (usize, &Value)| match text(item) {
        Err(Reason::Empty) => Err(Reason::EmptyItem { number }),
        Err(_) => Err(Reason::Item { wanted: "texts", number, given: item.shown() }),
        Ok(name) => Ok(name),
    };
    (1..).zip(items).map(item).collect()
}

/// Names of recording formats. They are folder names, so nothing else may be in them.
pub(super) fn formats(value: &Value) -> Result<Vec<String>, Reason> {
    let formats = names(value)?;
    let odd = |name: &String| {
        !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    match (1..).zip(&formats).find(|(_, name)| odd(name)) {
        Some((number, name)) => Err(Reason::Item {
            wanted: "format names",
            number,
            given: Value::from(&**name).shown(),
        }),
        None => Ok(formats),
    }
}

/// Parameters in their order: a table, or a list of `name=value`. Values may hold passwords, so
/// errors only count.
pub(super) fn pairs(value: &Value) -> Result<Vec<(String, String)>, Reason> {
    let wanted = "a table of parameters or a list of \"name=value\"";
    match value {
        Value::Table(entries) => {
            (1..).zip(entries).map(|(number, (name, value))| pair(number, name, value)).collect()
        }
        Value::List(items) => (1..).zip(items).map(|(number, item)| split(number, item)).collect(),
        Value::Text(_) => Ok(vec![split(1, value)?]),
        other => Err(Reason::Not { wanted, given: other.kind().to_owned() }),
    }
}

fn pair(number: usize, name: &str, value: &Value) -> Result<(String, String), Reason> {
    let value = match value {
        Value::Text(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Boolean(truth) => truth.to_string(),
        _ => return Err(Reason::Pair { number }),
    };
    if name.is_empty() { Err(Reason::Pair { number }) } else { Ok((name.to_owned(), value)) }
}

fn split(number: usize, item: &Value) -> Result<(String, String), Reason> {
    match item {
        Value::Text(text) => match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
            _ => Err(Reason::Pair { number }),
        },
        _ => Err(Reason::Pair { number }),
    }
}

/// A time above zero.
pub(super) fn time(value: &Value) -> Result<Duration, Reason> {
    let not = || Reason::Not { wanted: TIME, given: value.shown() };
    duration(value).filter(|time| !time.is_zero()).ok_or_else(not)
}

/// A time that may be zero.
pub(super) fn time_or_zero(value: &Value) -> Result<Duration, Reason> {
    duration(value).ok_or_else(|| Reason::Not { wanted: TIME_OR_ZERO, given: value.shown() })
}

/// The pause between two rounds, or zero for none at all.
pub(super) fn interval(value: &Value) -> Result<Duration, Reason> {
    let not = || Reason::Not { wanted: INTERVAL, given: value.shown() };
    duration(value).filter(|time| time.is_zero() || *time >= SHORTEST_INTERVAL).ok_or_else(not)
}

fn duration(value: &Value) -> Option<Duration> {
    let seconds = match value {
        // Numbers that a float cannot hold exactly are beyond the longest time anyway.
        Value::Integer(number) => f64::from(i32::try_from(*number).ok()?),
        Value::Float(number) => *number,
        Value::Text(text) => {
            let (number, unit) = number_and_unit(text)?;
            number
                * match unit {
                    "ms" => 0.001,
                    "" | "s" => 1.0,
                    "m" | "min" => 60.0,
                    "h" => 3600.0,
                    _ => return None,
                }
        }
        _ => return None,
    };
    // Below zero, too large and not a number at all are all refused here. What is not zero must
    // not become zero by rounding either, because zero switches things off.
    let time = Duration::try_from_secs_f64(seconds).ok().filter(|time| *time <= LONGEST)?;
    if time.is_zero() && seconds != 0.0 { None } else { Some(time) }
}

/// A number of bytes above zero.
pub(super) fn size(value: &Value) -> Result<u64, Reason> {
    bytes(value)
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| Reason::Not { wanted: SIZE, given: value.shown() })
}

fn bytes(value: &Value) -> Option<u64> {
    let text = match value {
        Value::Integer(number) => return u64::try_from(*number).ok(),
        Value::Text(text) => text.trim(),
        _ => return None,
    };
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits)?;
    let factor = match unit.trim_start().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

fn number_and_unit(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    Some((number.parse().ok()?, unit.trim_start()))
}

/// An address to listen on.
pub(super) fn address(value: &Value) -> Result<SocketAddr, Reason> {
    let wanted = "an address and port like \"0.0.0.0:3000\"";
    let address = match value {
        Value::Text(text) => text.parse().ok(),
        _ => None,
    };
    address.ok_or_else(|| Reason::Not { wanted, given: value.shown() })
}

/// Checksum algorithms, each once.
pub(super) fn algorithms(value: &Value) -> Result<Vec<Algorithm>, Reason> {
    let single = [value.clone()];
    let items = if let Value::List(items) = value { items.as_slice() } else { &single };
    let mut algorithms = Vec::new();
    for item in items {
        let algorithm = algorithm(item)?;
        if !algorithms.contains(&algorithm) {
            algorithms.push(algorithm);
        }
    }
    if algorithms.is_empty() { Err(Reason::Empty) } else { Ok(algorithms) }
}

/// One checksum algorithm.
pub(super) fn algorithm(value: &Value) -> Result<Algorithm, Reason> {
    let algorithm = if let Value::Text(text) = value { text.parse().ok() } else { None };
    let wanted = "\"sha1\", \"sha256\", \"sha384\" or \"sha512\"";
    algorithm.ok_or_else(|| Reason::Not { wanted, given: value.shown() })
}

/// How meetings are placed.
pub(super) fn policy(value: &Value) -> Result<Policy, Reason> {
    let all = [Policy::Predicted, Policy::Participants, Policy::Scalelite];
    let wanted = "\"predicted\", \"participants\" or \"scalelite\"";
    let named = |text: &str| all.into_iter().find(|policy| policy.as_str() == text);
    let policy = if let Value::Text(text) = value { named(text) } else { None };
    policy.ok_or_else(|| Reason::Not { wanted, given: value.shown() })
}

/// How much is logged.
pub(super) fn level(value: &Value) -> Result<Level, Reason> {
    let level = if let Value::Text(text) = value { Level::named(text) } else { None };
    let wanted = "\"error\", \"warn\", \"info\", \"debug\" or \"trace\"";
    level.ok_or_else(|| Reason::Not { wanted, given: value.shown() })
}

/// A language code such as `en` or `pt-BR`.
pub(super) fn language(value: &Value) -> Result<String, Reason> {
    match value {
        Value::Text(text)
            if text.starts_with(|c: char| c.is_ascii_alphabetic())
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') =>
        {
            Ok(text.clone())
        }
        other => Err(Reason::Not { wanted: "a language like \"en\"", given: other.shown() }),
    }
}

/// The public address: scheme, host and port, without a final slash. Errors do not repeat it, since
/// a password may stand in it.
pub(super) fn public_url(value: &Value) -> Result<String, Reason> {
    let Value::Text(text) = value else {
        return Err(Reason::Not { wanted: "an address in quotes", given: value.shown() });
    };
    let flaw = |problem| Reason::Url { problem };
    let (scheme, rest) = text.split_once("://").ok_or_else(|| flaw("http:// is missing"))?;
    let scheme = scheme.to_ascii_lowercase();
    if scheme != "http" && scheme != "https" {
        return Err(flaw("only http and https are possible"));
    }
    let authority = rest.strip_suffix('/').unwrap_or(rest).to_ascii_lowercase();
    check_authority(&authority).map_err(flaw)?;
    Ok(format!("{scheme}://{authority}"))
}

fn check_authority(authority: &str) -> Result<(), &'static str> {
    if authority.contains('@') {
        return Err("user names and passwords do not belong there");
    }
    if authority.contains(['/', '?', '#']) {
        return Err("nothing may follow the host and port");
    }
    let (host, port) = split_port(authority);
    if port.is_some_and(|port| !port.parse::<u16>().is_ok_and(|port| port > 0)) {
        return Err("the port is not a number from 1 to 65535");
    }
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let valid = match bracketed {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => is_host_name(host),
    };
    if valid { Ok(()) } else { Err("the host is not a valid name or address") }
}

/// The host of an authority, and its port where one is given.
pub(super) fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        // In `[::1]` the last colon is part of the address.
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

fn is_host_name(host: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    host.len() <= 253 && host.split('.').all(label)
}
