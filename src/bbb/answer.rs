//! What a server answers to a call about one meeting.
//!
//! The document itself is relayed untouched; here only as much of it is read as beadle must know.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::{Failure, xml};

/// The parts of a server's answer that beadle acts on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    fields: Vec<(String, String)>,
    error: Option<(String, String)>,
}

/// The document is not an answer of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not XML, or broken off.
    #[error("the answer is not well-formed XML")]
    Malformed,
    /// XML of some other kind.
    #[error("the answer has no returncode")]
    NoReturncode,
}

/// Whether a server did what it was asked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// `returncode` is SUCCESS.
    Success,
    /// Anything else, with the server's own words.
    Failed {
        /// What it said; key and message are there even where the server left them out.
        failure: Failure,
        /// Whether the document itself has both, so that it can be relayed as it is.
        complete: bool,
    },
}

/// No answer of the API is nested deeper. Every open element takes memory, and a server gone mad
/// can open millions.
pub(super) const DEEPEST: usize = 32;

/// Nor has any so many elements directly below its root.
const MOST_FIELDS: usize = 1000;

/// An error text is shown to people; more than this is none.
const TEXT_LIMIT: usize = 4096;

impl Answer {
    /// Reads the text of the elements directly below the root.
    pub fn read(body: &[u8]) -> Result<Self, Unreadable> {
        Scan::new(&String::from_utf8_lossy(body)).run(|_| false)
    }

    /// Reads no further than needed to know whether the call worked.
    pub fn outcome(body: &[u8]) -> Result<Outcome, Unreadable> {
        let succeeded = |answer: &Self| answer.get("returncode") == Some("SUCCESS");
        Scan::new(&String::from_utf8_lossy(body)).run(succeeded)?.into_outcome()
    }

    /// The text of an element directly below the root.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, text)| text.as_str())
    }

    /// Whether the call worked.
    pub fn into_outcome(mut self) -> Result<Outcome, Unreadable> {
        match self.get("returncode") {
            None => Err(Unreadable::NoReturncode),
            Some("SUCCESS") => Ok(Outcome::Success),
            Some(_) => {
                let (key, message) = (self.take("messageKey"), self.take("message"));
                let complete = key.is_some() && message.is_some();
                let (other_key, other_message) = self.error.unwrap_or_default();
                let failure = Failure {
                    key: Cow::Owned(key.unwrap_or(other_key)),
                    message: Cow::Owned(message.unwrap_or(other_message)),
                };
                Ok(Outcome::Failed { failure, complete })
            }
        }
    }

    fn take(&mut self, name: &str) -> Option<String> {
        let place = self.fields.iter().position(|(field, _)| field == name)?;
        Some(self.fields.swap_remove(place).1)
    }
}

/// A walk through the document: the path of open elements and the text of the innermost one.
struct Scan<'a> {
    reader: Reader<&'a [u8]>,
    path: Vec<String>,
    text: String,
    answer: Answer,
}

impl<'a> Scan<'a> {
    fn new(body: &'a str) -> Self {
        Self {
            reader: Reader::from_str(body),
            path: Vec::new(),
            text: String::new(),
            answer: Answer::default(),
        }
    }

    fn run(mut self, enough: impl Fn(&Answer) -> bool) -> Result<Answer, Unreadable> {
        loop {
            match self.reader.read_event().map_err(|_| Unreadable::Malformed)? {
                Event::Eof if self.path.is_empty() => return Ok(self.answer),
                Event::Eof => return Err(Unreadable::Malformed),
                Event::Start(_) if self.path.len() >= DEEPEST => return Err(Unreadable::Malformed),
                Event::Start(start) => self.open(&start),
                Event::Empty(start) => {
                    self.open(&start);
                    self.close();
                }
                Event::Text(text) if self.text.len() < TEXT_LIMIT => {
                    self.text.push_str(&text);
                }
                Event::GeneralRef(reference) => xml::push_reference(&mut self.text, &reference),
                Event::CData(data) if self.text.len() < TEXT_LIMIT => {
                    self.text.push_str(&data);
                }
                Event::End(_) => {
                    self.close();
                    if enough(&self.answer) {
                        return Ok(self.answer);
                    }
                }
                _ => {}
            }
        }
    }

    fn open(&mut self, start: &BytesStart<'_>) {
        let name = start.name().as_ref().to_owned();
        if name == "error" && self.path.last().is_some_and(|parent| parent == "errors") {
            self.answer.error.get_or_insert_default();
        }
        self.path.push(name);
        self.text.clear();
    }

    fn close(&mut self) {
        let Some(name) = self.path.pop() else { return };
        let text = std::mem::take(&mut self.text);
        match self.path.as_slice() {
            [_root] if self.answer.fields.len() < MOST_FIELDS => {
                self.answer.fields.push((name, text));
            }
            [.., error] if error == "error" => {
                let (key, message) = self.answer.error.get_or_insert_default();
                match name.as_str() {
                    "key" if key.is_empty() => *key = text,
                    "message" if message.is_empty() => *message = text,
                    _ => {}
                }
            }
            _ => {}
        }
    }
}
