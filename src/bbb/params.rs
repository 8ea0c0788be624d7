//! The parameters of a request, in their order and their own encoding.
//!
//! What nothing overrides goes on to the server exactly as it came. Names are compared decoded;
//! names of metadata without regard to letter case, because servers store them in lower case.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// Parameters in the order of their first appearance.
#[derive(Debug, Clone, Default)]
pub struct Params<'a>(Vec<Param<'a>>);

#[derive(Debug, Clone)]
struct Param<'a> {
    name: Cow<'a, str>,
    /// `name=value` or a bare name, encoded.
    raw: Cow<'a, str>,
}

/// A query that is not percent-encoded UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the parameter {part:?} is not valid percent-encoded UTF-8")]
pub struct BadEncoding {
    /// The beginning of what could not be read.
    part: String,
}

/// From how many parameters on a repeated name is looked for with a set.
const MANY: usize = 32;

impl<'a> Params<'a> {
    /// Reads a raw query or a form body. Of a repeated name only the last value stays, at the
    /// first one's place; `name[]` may repeat.
    pub fn parse(query: &'a str) -> Result<Self, BadEncoding> {
        let parts = query.split('&').filter(|part| !part.is_empty());
        let params = parts.map(Param::parse).collect::<Result<Vec<_>, _>>()?;
        Ok(Self(last_of_each(params)))
    }

    /// The decoded value of a parameter; a bare name has an empty one.
    pub fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.0.iter().find(|param| same_name(&param.name, name)).map(Param::value)
    }

    /// Whether the parameter was given at all.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|param| same_name(&param.name, name))
    }

    /// Sets a parameter at its place, or adds it at the end.
    pub fn set(&mut self, name: &str, value: &str) {
        let raw = Cow::Owned(format!("{}={}", encode(name), encode(value)));
        match self.0.iter_mut().find(|param| same_name(&param.name, name)) {
            Some(param) => param.raw = raw,
            None => self.0.push(Param { name: Cow::Owned(name.to_owned()), raw }),
        }
    }

    /// Removes a parameter; of `name[]` all.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|param| !same_name(&param.name, name));
    }

    /// Keeps the parameters whose decoded name passes.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.0.retain(|param| keep(&param.name));
    }

    /// The first name that both have.
    pub fn common_name(&self, other: &Self) -> Option<&str> {
        self.0.iter().map(|param| &*param.name).find(|name| other.has(name))
    }

    /// Adds the other's parameters behind these.
    pub fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Decoded names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        self.0.iter().map(|param| (&*param.name, param.value()))
    }

    /// Appends the query, encoded.
    pub fn write_query(&self, out: &mut String) {
        for (place, param) in self.0.iter().enumerate() {
            if place > 0 {
                out.push('&');
            }
            out.push_str(&param.raw);
        }
    }

    /// The query, encoded.
    pub fn to_query(&self) -> String {
        let length = self.0.iter().map(|param| param.raw.len() + 1).sum();
        let mut out = String::with_capacity(length);
        self.write_query(&mut out);
        out
    }

    /// The same parameters, independent of the request they came from.
    pub fn into_owned(self) -> Params<'static> {
        let own = |param: Param<'_>| Param {
            name: Cow::Owned(param.name.into_owned()),
            raw: Cow::Owned(param.raw.into_owned()),
        };
        Params(self.0.into_iter().map(own).collect())
    }
}

impl<'a> Param<'a> {
    fn parse(part: &'a str) -> Result<Self, BadEncoding> {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        match (decode(name), decode(value)) {
            (Some(name), Some(_)) => Ok(Self { name, raw: Cow::Borrowed(part) }),
            _ => Err(BadEncoding { part: part.chars().take(40).collect() }),
        }
    }

    fn value(&self) -> Cow<'_, str> {
        // Only texts that could be decoded are ever kept.
        let value = self.raw.split_once('=').map_or("", |(_, value)| value);
        decode(value).unwrap_or_default()
    }
}

/// Encodes like a form: blanks as `+`, all but letters, digits and `*-._` in percent.
pub fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Decodes a form's name or value; none where it is not percent-encoded UTF-8.
pub fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Some(Cow::Borrowed(text));
    }
    if !well_formed(text) {
        return None;
    }
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(|text| Cow::Owned(text.into_owned()))
}

/// An identifier as the servers read it: without control characters, trimmed.
pub fn identifier(text: &str) -> Cow<'_, str> {
    if text.contains(char::is_control) {
        let kept: String = text.chars().filter(|c| !c.is_control()).collect();
        Cow::Owned(kept.trim_matches(' ').to_owned())
    } else {
        Cow::Borrowed(text.trim_matches(' '))
    }
}

fn well_formed(text: &str) -> bool {
    text.split('%').skip(1).all(|after| {
        let mut digits = after.bytes().take(2);
        digits.by_ref().filter(u8::is_ascii_hexdigit).count() == 2
    })
}

fn same_name(a: &str, b: &str) -> bool {
    a == b || (a.eq_ignore_ascii_case(b) && is_meta(a))
}

fn is_meta(name: &str) -> bool {
    name.get(..5).is_some_and(|prefix| prefix.eq_ignore_ascii_case("meta_"))
}

fn last_of_each(params: Vec<Param<'_>>) -> Vec<Param<'_>> {
    if params.len() >= MANY {
        return last_of_each_of_many(params);
    }
    let mut kept: Vec<Param<'_>> = Vec::with_capacity(params.len());
    for param in params {
        let repeats = |earlier: &&mut Param<'_>| same_name(&earlier.name, &param.name);
        match kept.iter_mut().find(repeats) {
            Some(earlier) if !param.name.ends_with("[]") => earlier.raw = param.raw,
            _ => kept.push(param),
        }
    }
    kept
}

/// The same with a map, so that a long query costs no more than its length.
fn last_of_each_of_many(params: Vec<Param<'_>>) -> Vec<Param<'_>> {
    let mut places = std::collections::HashMap::new();
    let mut kept: Vec<Param<'_>> = Vec::with_capacity(params.len());
    for param in params {
        let list = param.name.ends_with("[]");
        let folded = if is_meta(&param.name) {
            param.name.to_ascii_lowercase()
        } else {
            param.name.clone().into_owned()
        };
        match places.get(&folded).and_then(|&place: &usize| kept.get_mut(place)) {
            Some(earlier) if !list => earlier.raw = param.raw,
            _ => {
                places.insert(folded, kept.len());
                kept.push(param);
            }
        }
    }
    kept
}
