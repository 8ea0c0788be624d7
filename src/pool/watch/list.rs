//! A server's list of its meetings: read, and kept small while nobody needs it.

use std::borrow::Cow;

use bytes::Bytes;

use crate::bbb::meetings::{self, Listed, NoList};

/// A good answer to `getMeetings` or `getSessions`.
#[derive(Debug, Default)]
pub struct List {
    /// The document.
    pub document: Bytes,
    /// The meetings in it.
    pub meetings: Vec<Listed>,
}

impl List {
    /// Reads a server's answer.
    pub fn read(body: Bytes) -> Result<Self, NoList> {
        // Servers cut people's names without regard to UTF-8 now and then, and one bad name must
        // not make a server look broken.
        let text = usable(String::from_utf8_lossy(&body));
        let meetings = meetings::read(&text)?;
        let document = match text {
            Cow::Borrowed(_) => body,
            Cow::Owned(text) => Bytes::from(text),
        };
        Ok(Self { document, meetings })
    }
}

/// A document without what would spoil the list that is made of many: characters that no XML may
/// hold (XML 1.0, section 2.2), and a byte order mark.
fn usable(text: Cow<'_, str>) -> Cow<'_, str> {
    let odd = |c: char| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    if text.starts_with('\u{feff}') || text.contains(odd) {
        return Cow::Owned(text.trim_start_matches('\u{feff}').replace(odd, ""));
    }
    text
}

/// A list while it waits. Every server's last list is kept in case it fails, and XML with its
/// repeated names packs to about a tenth.
pub(in crate::pool) struct Packed(Box<[u8]>);

impl Packed {
    pub(in crate::pool) fn of(list: &List) -> Self {
        let packed = lz4_flex::compress_prepend_size(&list.document);
        // Packing takes room for the worst case, most of which is not needed.
        Self(packed.as_slice().into())
    }

    pub(in crate::pool) fn unpack(&self) -> Option<List> {
        let document = lz4_flex::decompress_size_prepended(&self.0).ok()?;
        List::read(Bytes::from(document)).ok()
    }
}
