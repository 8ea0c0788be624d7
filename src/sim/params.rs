//! Request parameters as BBB reads them.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// Decoded parameters: those of the query first, then those of a form body. The first of a
/// repeated name counts.
pub(super) struct Params<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Params<'a> {
    pub(super) fn parse(query: &'a str, form: &'a str) -> Self {
        let pairs = query.split('&').chain(form.split('&')).filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decode(name), clean(decode(value)))
                })
                .collect(),
        )
    }

    /// The value of a parameter; an empty one is like none, as BBB has it.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(key, _)| key == name)?;
        Some(value.as_ref()).filter(|value| !value.is_empty())
    }

    /// Whether a parameter is the word `true`.
    pub(super) fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Name and value of each parameter that begins with `prefix`, without it, where the rest is
    /// a letter followed by letters, digits and the `extra` characters. Only such names are safe
    /// as XML elements.
    pub(super) fn named(&self, prefix: &str, extra: &str) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(move |(name, value)| {
            let rest = name.strip_prefix(prefix)?;
            let fits = rest.starts_with(|c: char| c.is_ascii_alphabetic())
                && rest.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c));
            fits.then_some((rest, value.as_ref()))
        })
    }
}

/// Decodes one name or value of a form: `+` is a space.
fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    let spaced = text.replace('+', " ");
    Cow::Owned(percent_decode_str(&spaced).decode_utf8_lossy().into_owned())
}

/// BBB drops control characters from values and trims them before it looks at them.
fn clean(value: Cow<'_, str>) -> Cow<'_, str> {
    if value.contains(|c: char| c.is_ascii_control()) {
        let kept: String = value.chars().filter(|c| !c.is_ascii_control()).collect();
        return Cow::Owned(kept.trim().to_owned());
    }
    let trimmed = value.trim();
    if trimmed.len() == value.len() { value } else { Cow::Owned(trimmed.to_owned()) }
}
