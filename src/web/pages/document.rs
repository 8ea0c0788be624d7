//! The HTML of a page: one document that loads nothing else.

use std::fmt::Write as _;
use std::sync::LazyLock;

use actix_web::http::header::HeaderValue;
use quick_xml::escape::escape;
use sha2::{Digest as _, Sha256};

use super::Reason;
use super::waiting::Reference;
use super::words::Language;
use crate::config;

const STYLE: &str = include_str!("../../../assets/pages/page.css");
const FRAME: &str = include_str!("../../../assets/pages/page.html");

/// Everything that a page says.
pub(super) struct Document<'a> {
    pub(super) reason: Reason,
    pub(super) language: &'static Language,
    pub(super) pages: &'a config::Pages,
    pub(super) reference: Reference,
    pub(super) again: Again,
}

/// Whether the page asks again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// By itself, after so many seconds.
    After(u64),
    /// When its reader wants it.
    ByHand,
    /// It cannot, but it is worth to go back and come again.
    GoBack,
    /// It would be in vain.
    Never,
}

impl Document<'_> {
    /// The page. Nothing of the request stands in it.
    pub(super) fn to_html(&self) -> String {
        let words = &self.language.words;
        let saying = words.of(self.reason);
        let reference = self.reference.to_string();
        fill(FRAME, |name| {
            Some(match name {
                "language" => self.language.tag.to_owned(),
                "direction" => escape(&words.direction).into_owned(),
                "refresh" => self.refresh(),
                "style" => STYLE.to_owned(),
                "reason" => self.reason.as_str().to_owned(),
                "site" => self.site(),
                "title" => escape(&saying.title).into_owned(),
                "text" => escape(&saying.text).into_owned(),
                "again" => self.again(),
                "contact" => self.contact(&reference),
                "reference-label" => escape(&words.reference).into_owned(),
                "reference" => reference.clone(),
                _ => return None,
            })
        })
    }

    fn refresh(&self) -> String {
        match self.again {
            Again::After(seconds) => {
                format!("<meta http-equiv=\"refresh\" content=\"{seconds}\">\n")
            }
            Again::ByHand | Again::GoBack | Again::Never => String::new(),
        }
    }

    fn site(&self) -> String {
        let title = self.pages.title.as_deref();
        title.map(|title| format!("<p class=\"site\">{}</p>\n", escape(title))).unwrap_or_default()
    }

    fn again(&self) -> String {
        let words = &self.language.words;
        let link = || format!("<p><a class=\"now\" href=\"\">{}</a></p>\n", escape(&words.try_now));
        match self.again {
            Again::After(seconds) => {
                let seconds = seconds.to_string();
                let text =
                    fill(&words.retrying, |name| (name == "seconds").then(|| seconds.clone()));
                let dots = "<span class=\"dots\" aria-hidden=\"true\"><i></i><i></i><i></i></span>";
                format!(
                    "<p class=\"again\" role=\"status\">{dots}{}</p>\n{}",
                    escape(&text),
                    link()
                )
            }
            Again::ByHand => {
                format!(
                    "<p class=\"again\" role=\"status\">{}</p>\n{}",
                    escape(&words.stopped),
                    link()
                )
            }
            Again::GoBack => {
                format!("<p class=\"again\" role=\"status\">{}</p>\n", escape(&words.go_back))
            }
            Again::Never => String::new(),
        }
    }

    /// Whom to ask, as a link where it is one. A mail begins with the reference.
    fn contact(&self, reference: &str) -> String {
        let Some(contact) = self.pages.contact.as_deref() else { return String::new() };
        let shown = escape(contact);
        let whom = if contact.starts_with("https://") || contact.starts_with("http://") {
            format!("<a href=\"{shown}\" target=\"_blank\" rel=\"noopener noreferrer\">{shown}</a>")
        } else if is_mail(contact) {
            format!("<a href=\"mailto:{shown}?subject={reference}\" target=\"_blank\">{shown}</a>")
        } else {
            shown.into_owned()
        };
        format!("<p>{} {whom}</p>\n", escape(&self.language.words.contact))
    }
}

/// What the page may do: show itself. Its style is known by its hash, so nothing that somebody
/// might get into the page would be run or loaded. Framing is not forbidden.
pub(super) fn policy() -> &'static HeaderValue {
    static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
        let hash = base64(&Sha256::digest(STYLE));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'"
        );
        HeaderValue::try_from(policy)
            .unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
    });
    &POLICY
}

fn is_mail(contact: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_+".contains(c);
    contact.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && name.chars().chain(host.chars()).all(plain)
    })
}

/// Puts values in the place of `{name}`. What is put in is not looked at again.
fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(template.len() * 2 + STYLE.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, behind)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        match value(name) {
            Some(value) => out.push_str(&value),
            None => {
                let _ = write!(out, "{{{name}}}");
            }
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// Base64 (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |bits: u32| DIGITS.get(bits as usize & 63).copied().map_or('=', char::from);
    let groups = bytes.chunks(3).flat_map(|group| {
        let bits = group.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte));
        let bits = bits << (8 * (3 - group.len()));
        let digits = [18, 12, 6, 0].map(|shift| digit(bits >> shift));
        let used = group.len() + 1;
        digits.into_iter().take(used).chain(std::iter::repeat_n('=', 4 - used))
    });
    groups.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_as_in_the_standard() {
        for (text, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(text.as_bytes()), expected);
        }
    }

    #[test]
    fn what_is_put_in_is_not_looked_at_again() {
        let value = |name: &str| (name != "x").then(|| format!("<{name}{{a}}>"));
        assert_eq!(fill("{a}-{b}{x} {", value), "<a{a}>-<b{a}>{x} {");
    }

    #[test]
    fn mail_addresses_are_told_from_words() {
        for mail in ["help@example.org", "a.b+c@x-y.example"] {
            assert!(is_mail(mail), "{mail}");
        }
        for words in
            ["room 12", "@x.org", "a@b", "ask help@example.org", "a@b.org?bcc=x@y.z", "a@b@c.d"]
        {
            assert!(!is_mail(words), "{words}");
        }
    }
}
