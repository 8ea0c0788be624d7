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
        let text = String::from_utf8_lossy(&body);
        let meetings = meetings::read(&text)?;
        let document = match text {
            Cow::Borrowed(_) => body,
            Cow::Owned(text) => Bytes::from(text),
        };
        Ok(Self { document, meetings })
    }
}

/// A list while it waits. Every server's last list is kept in case it fails, and XML with its
/// repeated names packs to about a tenth.
pub(super) struct Packed(Box<[u8]>);

impl Packed {
    pub(super) fn of(list: &List) -> Self {
        let packed = lz4_flex::compress_prepend_size(&list.document);
        // Packing takes room for the worst case, most of which is not needed.
        Self(packed.as_slice().into())
    }

    pub(super) fn unpack(&self) -> Option<List> {
        let document = lz4_flex::decompress_size_prepended(&self.0).ok()?;
        List::read(Bytes::from(document)).ok()
    }
}
