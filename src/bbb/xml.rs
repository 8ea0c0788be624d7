//! Writing elements and reading text, shared by everything that speaks XML.

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::BytesRef;

/// Appends `<name>text</name>`, with the text escaped and without the characters that no XML
/// document may hold, not even as references (XML 1.0, section 2.2).
pub(super) fn element(out: &mut String, name: &str, text: &str) {
    let forbidden = |c: char| matches!(c, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}');
    out.push('<');
    out.push_str(name);
    out.push('>');
    out.push_str(&quick_xml::escape::partial_escape(text.replace(forbidden, "")));
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

/// Appends what a reference such as `&amp;` or `&#252;` stands for. Others, which would need a
/// DTD, are dropped: beadle resolves no entities of a document's own.
pub(super) fn push_reference(out: &mut String, reference: &BytesRef<'_>) {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        out.push(character);
    } else if let Some(text) = resolve_predefined_entity(reference) {
        out.push_str(text);
    }
}
