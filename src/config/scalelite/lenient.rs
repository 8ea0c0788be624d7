//! Scalelite's ways of reading numbers, lists and addresses.

use std::net::SocketAddr;

use super::super::value::Value;

/// The leading digits of a text as a whole number.
pub(super) fn whole(text: &str) -> Option<Value> {
    let text = text.trim_start();
    let (sign, digits) = sign(text);
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let number: i128 = digits.get(..end)?.parse().ok()?;
    // A zero by accident ("0x3c") would switch things off.
    let accident = number == 0 && end < digits.trim_end().len();
    (!accident).then_some(Value::Integer(sign * number))
}

/// The leading digits of a text, with a decimal point, as a number.
pub(super) fn decimal(text: &str) -> Option<Value> {
    let text = text.trim_start();
    let (sign, digits) = sign(text);
    let mut points = 0;
    let end = digits
        .find(|c: char| {
            points += usize::from(c == '.');
            !(c.is_ascii_digit() || c == '.' && points == 1)
        })
        .unwrap_or(digits.len());
    let number: f64 = digits.get(..end)?.parse().ok()?;
    let accident = number == 0.0 && end < digits.trim_end().len();
    (!accident).then_some(Value::Float(if sign < 0 { -number } else { number }))
}

fn sign(text: &str) -> (i128, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// The items of a list: nothing trimmed, empty ones at the end dropped.
pub(super) fn split(text: &str, separator: char) -> Vec<&str> {
    let mut items: Vec<&str> = text.split(separator).collect();
    while items.last().is_some_and(|item| item.is_empty()) {
        items.pop();
    }
    items
}

/// An address to listen on, with or without `tcp://` and port.
pub(super) fn bind(text: &str, port: u16) -> Option<SocketAddr> {
    let authority = text.strip_prefix("tcp://").unwrap_or(text);
    let authority = match authority.strip_prefix("localhost") {
        Some(rest) => format!("127.0.0.1{rest}"),
        None => authority.to_owned(),
    };
    authority.parse().or_else(|_| format!("{authority}:{port}").parse()).ok()
}
