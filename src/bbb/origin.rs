//! The mark by which beadle knows its own meetings again, in what servers say of them.
//!
//! It stands in the meeting's metadata. Whoever shares the front ends' secret can make it and
//! nobody else can, so it outlives the loss of beadle's own state, and a second installation on
//! the same servers has another one. Front ends never see it.

use std::borrow::Cow;

use memchr::memmem;

use super::checksum::{Algorithm, Checksum};

/// The parameter of a create.
pub const PARAM: &str = "meta_beadle-origin";

/// The name in the metadata that servers list.
pub const METADATA: &str = "beadle-origin";

const OPENING: &str = "<beadle-origin>";
const CLOSING: &str = "</beadle-origin>";

const CDATA: &[u8] = b"<![CDATA[";
const CDATA_END: &[u8] = b"]]>";

/// No mark is longer in a document; servers may wrap it in CDATA.
const LONGEST: usize = 256;

/// The mark of a meeting.
pub fn mark(tenant: &str, meeting_id: &str, secret: &str) -> String {
    checksum(tenant, meeting_id, secret).as_str().to_owned()
}

/// Whether a mark is this meeting's under any of the secrets. Compared in constant time.
pub fn is_mark<'a>(
    found: &str,
    (tenant, meeting_id): (&str, &str),
    secrets: impl IntoIterator<Item = &'a str>,
) -> bool {
    secrets.into_iter().any(|secret| checksum(tenant, meeting_id, secret).matches(found.trim()))
}

/// What a server reports a meeting's end with. `nonce` is new for each create, and every server
/// that is tried gets another token.
pub fn end_token(nonce: &str, server: &str) -> String {
    Checksum::of(Algorithm::Sha256, "beadle-ended", server, nonce).as_str().to_owned()
}

/// A piece of a server's document without marks.
pub fn hide(document: &[u8]) -> Cow<'_, [u8]> {
    let Some((mut start, mut end)) = find(document) else { return Cow::Borrowed(document) };
    let (mut out, mut rest) = (Vec::with_capacity(document.len()), document);
    loop {
        out.extend_from_slice(rest.get(..start).unwrap_or_default());
        rest = rest.get(end..).unwrap_or_default();
        match find(rest) {
            Some(next) => (start, end) = next,
            None => break,
        }
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

/// No call of the API has this name, so no mark is a checksum that opens anything.
fn checksum(tenant: &str, meeting_id: &str, secret: &str) -> Checksum {
    Checksum::of(Algorithm::Sha256, "beadle-origin\0", &format!("{tenant}\0{meeting_id}\0"), secret)
}

/// Where the first mark stands. Between its tags is text and nothing else: an opening tag that a
/// front end wrote into other metadata must not make what follows it disappear.
fn find(document: &[u8]) -> Option<(usize, usize)> {
    memmem::find_iter(document, OPENING).find_map(|start| {
        let inside = start + OPENING.len();
        let rest = document.get(inside..)?;
        // No further, or a document of nothing but openings would take for ever.
        let rest = rest.get(..rest.len().min(LONGEST))?;
        let text = text_length(rest)?;
        let closes = rest.get(text..)?.starts_with(CLOSING.as_bytes());
        closes.then_some((start, inside + text + CLOSING.len()))
    })
}

/// How long the text of an element is, which may be one piece of CDATA.
fn text_length(rest: &[u8]) -> Option<usize> {
    match rest.strip_prefix(CDATA) {
        Some(data) => Some(CDATA.len() + memmem::find(data, CDATA_END)? + CDATA_END.len()),
        None => memchr::memchr(b'<', rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_holds_for_one_meeting_of_one_tenant_under_one_secret() {
        let made = mark("a", "room", "s3cr3t");
        assert!(is_mark(&made, ("a", "room"), ["other", "s3cr3t"]));
        assert!(is_mark(&format!(" {made}\n"), ("a", "room"), ["s3cr3t"]));
        assert!(!is_mark(&made, ("b", "room"), ["s3cr3t"]));
        assert!(!is_mark(&made, ("a", "room2"), ["s3cr3t"]));
        assert!(!is_mark(&made, ("a", "room"), ["s3cr3"]));
        assert!(!is_mark("", ("a", "room"), ["s3cr3t"]));
    }

    #[test]
    fn marks_are_hidden_and_nothing_else_is_touched() {
        let table = [
            ("<metadata></metadata>", "<metadata></metadata>"),
            ("<m><beadle-origin>ab</beadle-origin><x>1</x></m>", "<m><x>1</x></m>"),
            ("<m><beadle-origin><![CDATA[ab]]></beadle-origin></m>", "<m></m>"),
            ("<beadle-origin>a</beadle-origin>-<beadle-origin>b</beadle-origin>.", "-."),
            ("<beadle-origin>never closed", "<beadle-origin>never closed"),
            ("<beadle-origin><b/></beadle-origin>", "<beadle-origin><b/></beadle-origin>"),
            (
                "<x><![CDATA[<beadle-origin>]]></x><beadle-origin>ab</beadle-origin>",
                "<x><![CDATA[<beadle-origin>]]></x>",
            ),
        ];
        for (given, left) in table {
            assert_eq!(String::from_utf8_lossy(&hide(given.as_bytes())), left);
        }
    }
}
