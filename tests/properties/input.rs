//! Whatever comes in: it is read, or refused, and never makes beadle panic.

use beadle::bbb::answer::{Answer, Outcome};
use beadle::bbb::checksum::{Algorithm, Checksum, SignedQuery, verify};
use beadle::bbb::params::{decode, encode, identifier};
use beadle::bbb::{Failure, Params, meetings};
use beadle::model::ServerUrl;
use beadle::pool::watch::list::List;
use proptest::prelude::{ProptestConfig, Strategy, any, prop, prop_assume, prop_oneof, proptest};

/// What answers are made of, and what they are not.
const WORDS: &[&str] = &[
    "<response>",
    "</response>",
    "<returncode>",
    "SUCCESS",
    "FAILED",
    "</returncode>",
    "<meetings>",
    "</meetings>",
    "<meetings/>",
    "<meeting>",
    "</meeting>",
    "<meeting/>",
    "<meetingID>",
    "m1",
    "</meetingID>",
    "<metadata>",
    "<tenant-id>",
    "</tenant-id>",
    "</metadata>",
    "<errors>",
    "<error>",
    "<key>",
    "</key>",
    "</error>",
    "</errors>",
    "<messageKey>",
    "</messageKey>",
    "<message/>",
    "<participantCount>",
    "1,024",
    "</participantCount>",
    "&amp;",
    "&#xfc;",
    "&#0;",
    "&unknown;",
    "&",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?xml version=\"1.0\"?>",
    "<!DOCTYPE a [<!ENTITY b \"c\">]>",
    "<a b=\"c\">",
    "<",
    ">",
    "\u{feff}",
    "ü",
];

/// Bytes that look like an answer, more or less.
fn document() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(WORDS);
    let piece = prop_oneof![
        8 => words.prop_map(|word| word.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

/// A query as it is written by somebody, with all that can be odd in one.
fn query() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => "[a-c]{1,2}(=[a-z0-9+.~-]{0,4})?",
        1 => "[a-c%=&+]{0,6}",
        1 => "x\\[\\]=[0-9]",
        1 => "(meta|META)_[aA]=[0-9]",
        1 => "%[0-9a-fA-F]{2}=%[0-9a-fA-F]{2}",
        1 => any::<String>(),
    ];
    prop::collection::vec(part, 0..40).prop_map(|parts| parts.join("&"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_bytes_are_an_answer_or_none(
        bytes in prop_oneof![document(), prop::collection::vec(any::<u8>(), 0..300)],
    ) {
        let _ = Answer::read(&bytes);
        let _ = Answer::outcome(&bytes);
        let text = String::from_utf8_lossy(&bytes);
        if let Ok(found) = meetings::read(&text) {
            for meeting in found {
                let element = text.get(meeting.range).expect("a whole piece of the document");
                assert!(element.starts_with("<meeting") && element.ends_with('>'), "{element}");
            }
        }
        let _ = List::read(bytes.into());
    }

    #[test]
    fn any_text_is_a_query_or_none(text in prop_oneof![query(), any::<String>()]) {
        let _ = SignedQuery::split(&text);
        let _ = decode(&text);
        let _ = ServerUrl::pasted(&text);
        let _ = ServerUrl::exact(&text);
        let Ok(params) = Params::parse(&text) else { return Ok(()) };
        // What goes out is read there as it was read here.
        let sent = params.to_query();
        let again = Params::parse(&sent).expect("readable");
        let read = |params: &Params<'_>| {
            // Of metadata, the letter case of the name is nobody's business.
            let fold = |name: &str| match name.get(..5) {
                Some(prefix) if prefix.eq_ignore_ascii_case("meta_") => name.to_ascii_lowercase(),
                _ => name.to_owned(),
            };
            params.iter().map(|(name, value)| (fold(name), value.into_owned())).collect::<Vec<_>>()
        };
        assert_eq!(read(&params), read(&again));
        assert_eq!(again.to_query(), sent);
        // Nothing is added, and nothing changed but by leaving parts out.
        let parts: Vec<_> = text.split('&').collect();
        assert!(sent.is_empty() || sent.split('&').all(|part| parts.contains(&part)), "{sent}");
    }

    #[test]
    fn few_parameters_and_many_are_read_alike(text in query()) {
        let Ok(few) = Params::parse(&text) else { return Ok(()) };
        // Names of their own that make the query long enough for the other way.
        let padding = (0..40).map(|n| format!("pad{n}=1")).collect::<Vec<_>>().join("&");
        let padded = format!("{padding}&{text}");
        let mut many = Params::parse(&padded).expect("readable");
        many.retain(|name| !name.starts_with("pad"));
        let mut few = few;
        few.retain(|name| !name.starts_with("pad"));
        assert_eq!(few.to_query(), many.to_query());
    }

    #[test]
    fn what_is_set_is_what_is_got(text in query(), name in any::<String>(), value in any::<String>()) {
        let Ok(mut params) = Params::parse(&text) else { return Ok(()) };
        params.set(&name, &value);
        assert_eq!(params.get(&name).as_deref(), Some(value.as_str()));
        let query = params.to_query();
        prop_assume!(!name.is_empty());
        let again = Params::parse(&query).expect("readable");
        assert_eq!(again.get(&name).as_deref(), Some(value.as_str()));
        params.remove(&name);
        assert!(!params.has(&name));
    }

    #[test]
    fn what_is_encoded_is_decoded(text in any::<String>()) {
        let encoded = encode(&text);
        assert_eq!(decode(&encoded).as_deref(), Some(text.as_str()));
        assert!(encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"*-._+%".contains(&byte)));
    }

    #[test]
    fn identifiers_hold_no_control_characters_and_settle(text in any::<String>()) {
        let once = identifier(&text).into_owned();
        assert!(!once.contains(char::is_control));
        assert_eq!(identifier(&once), once.as_str());
    }

    /// The way that servers cut a checksum out is the way it was put in.
    #[test]
    fn a_checksum_is_cut_out_wherever_it_stands(text in query(), place in any::<prop::sample::Index>()) {
        prop_assume!(SignedQuery::split(&text).is_ok_and(|split| split.checksum.is_none()));
        let mut parts: Vec<&str> = if text.is_empty() { Vec::new() } else { text.split('&').collect() };
        parts.insert(place.index(parts.len() + 1), "checksum=0f");
        let with = parts.join("&");
        let split = SignedQuery::split(&with).expect("one checksum");
        assert_eq!((&*split.query, split.checksum), (text.as_str(), Some("0f")));
        let twice = format!("{with}&checksum=0f");
        assert!(SignedQuery::split(&twice).is_err());
    }

    #[test]
    fn only_the_very_same_request_passes(
        query in query(),
        secret in "[ -~]{1,20}",
        other in query(),
        algorithm in prop::sample::select(Algorithm::ALL.to_vec()),
    ) {
        let checksum = Checksum::of(algorithm, "create", &query, &secret);
        let pass = |call: &str, query: &str, secret: &str| {
            verify(call, query, checksum.as_str(), &Algorithm::ALL, [secret])
        };
        assert!(pass("create", &query, &secret));
        assert!(!pass("creat", &query, &secret));
        assert!(!pass("create", &query, &format!("{secret}x")));
        assert_eq!(pass("create", &other, &secret), other == query);
        assert_eq!(checksum.as_str().len(), algorithm.digits());
    }

    /// Every text comes out of XML as it went in, except for what XML cannot hold.
    #[test]
    fn refusals_are_read_as_they_were_meant(message in any::<String>(), odd in "[<>&\"'\\]\\[;#x\0-\u{1f}]{0,9}") {
        let message = format!("{message}{odd}");
        let document = Failure::internal(message.clone()).to_xml();
        let forbidden = |c: &char| {
            matches!(*c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
        };
        assert!(!document.chars().any(|c| forbidden(&c)));
        let expected: String = message.chars().filter(|c| !forbidden(c)).collect();
        match Answer::outcome(document.as_bytes()) {
            Ok(Outcome::Failed { failure, complete }) => {
                assert!(complete);
                assert_eq!(failure.key, "internalError");
                assert_eq!(failure.message, expected);
            }
            other => panic!("{other:?}"),
        }
    }
}

/// A server gone mad must not take beadle's memory along.
#[test]
fn answers_without_end_are_refused() {
    let deep = "<a>".repeat(1000) + &"</a>".repeat(1000);
    assert!(Answer::read(deep.as_bytes()).is_err());
    assert!(meetings::read(&format!("<response><returncode>SUCCESS</returncode>{deep}")).is_err());
    let wide =
        format!("<response>{}<returncode>SUCCESS</returncode></response>", "<a/>".repeat(2000));
    assert_eq!(Answer::read(wide.as_bytes()).expect("it is XML").get("returncode"), None);
    let list = "<meeting/>".repeat(30_000);
    let list =
        format!("<response><returncode>SUCCESS</returncode><meetings>{list}</meetings></response>");
    assert!(meetings::read(&list).is_err());
}
