//! One value as written, whatever it was written in.

use std::fmt;

use toml::Spanned;
use toml::de::{DeFloat, DeInteger, DeValue};

/// How much of a wrong text an error repeats.
const SHOWN: usize = 60;

/// A value of the TOML file, or of a variable.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Integer(i128),
    Float(f64),
    Boolean(bool),
    Date,
    List(Vec<Self>),
    /// In the order of the file, which counts for parameters.
    Table(Vec<(String, Self)>),
}

impl Value {
    /// Reads one TOML value, as a variable may hold it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        DeValue::parse(text).ok().map(|value| Self::from(value.get_ref()))
    }

    /// Neither text nor a list nor a table: something that a text may look like by accident.
    pub(super) fn is_bare(&self) -> bool {
        matches!(self, Self::Integer(_) | Self::Float(_) | Self::Boolean(_) | Self::Date)
    }

    /// What it is, without saying its content.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Integer(_) | Self::Float(_) => "a number",
            Self::Boolean(_) => "true or false",
            Self::Date => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }

    /// What it is, with its content where that is short.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Text(text) if text.chars().nth(SHOWN).is_some() => {
                format!("{:?}…", text.chars().take(SHOWN).collect::<String>())
            }
            Self::Text(text) => format!("{text:?}"),
            Self::Integer(number) => number.to_string(),
            Self::Float(number) => number.to_string(),
            Self::Boolean(truth) => truth.to_string(),
            Self::Date | Self::List(_) | Self::Table(_) => self.kind().to_owned(),
        }
    }
}

impl From<&DeValue<'_>> for Value {
    fn from(value: &DeValue<'_>) -> Self {
        match value {
            DeValue::String(text) => Self::Text(text.clone().into_owned()),
            DeValue::Integer(number) => integer(number),
            DeValue::Float(number) => float(number),
            DeValue::Boolean(truth) => Self::Boolean(*truth),
            DeValue::Datetime(_) => Self::Date,
            DeValue::Array(items) => {
                Self::List(items.iter().map(|item| Self::from(item.get_ref())).collect())
            }
            DeValue::Table(table) => {
                let mut entries: Vec<(&Spanned<_>, &Spanned<_>)> = table.iter().collect();
                entries.sort_by_key(|(name, _)| name.span().start);
                let owned = |(name, value): (&Spanned<std::borrow::Cow<'_, str>>, &Spanned<_>)| {
                    (name.get_ref().clone().into_owned(), Self::from(value.get_ref()))
                };
                Self::Table(entries.into_iter().map(owned).collect())
            }
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

/// A number with too many digits becomes a float, which no whole number accepts.
fn integer(number: &DeInteger<'_>) -> Value {
    i128::from_str_radix(number.as_str(), number.radix())
        .map_or(Value::Float(f64::INFINITY), Value::Integer)
}

fn float(number: &DeFloat<'_>) -> Value {
    Value::Float(number.as_str().parse().unwrap_or(f64::NAN))
}
