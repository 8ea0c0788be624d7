//! What a browser wants: HTML or not, and in which language (RFC 9110, section 12.5).

/// How many entries of a list are read.
const MANY: usize = 50;

/// Whether HTML is wanted by name, and more than XML. Programs want anything, or XML.
pub(super) fn wants_html(accept: &str) -> bool {
    let weight_of = |names: [&str; 2]| {
        let named =
            entries(accept).filter(|(name, _)| names.iter().any(|n| n.eq_ignore_ascii_case(name)));
        named.map(|(_, weight)| weight).max().unwrap_or(0)
    };
    // `text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2` is what Java's own client sends, for
    // whatever it fetches. No browser writes the bare star.
    let java = entries(accept).any(|(name, _)| name == "*");
    !java
        && weight_of(["text/html", "application/xhtml+xml"])
            > weight_of(["application/xml", "text/xml"])
}

/// The language tags of a list, the most wanted first; those with weight 0 are left out.
pub(super) fn languages(accept_language: &str) -> Vec<&str> {
    let mut wanted: Vec<_> = entries(accept_language).filter(|(_, weight)| *weight > 0).collect();
    wanted.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
    wanted.into_iter().map(|(name, _)| name).collect()
}

/// Names with their weights, in thousandths.
fn entries(list: &str) -> impl Iterator<Item = (&str, u16)> {
    let entries = list.split(',').take(MANY).map(|entry| {
        let (name, parameters) = entry.split_once(';').unwrap_or((entry, ""));
        let weight = parameters.split(';').find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim().eq_ignore_ascii_case("q").then(|| thousandths(value.trim()))
        });
        (name.trim(), weight.unwrap_or(1000))
    });
    entries.filter(|(name, _)| !name.is_empty())
}

/// A weight; 0 where it is none.
fn thousandths(weight: &str) -> u16 {
    let weight = weight.parse::<f32>().unwrap_or(0.0).clamp(0.0, 1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000")]
    let thousandths = (weight * 1000.0).round() as u16;
    thousandths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_want_html_and_programs_do_not() {
        for browser in [
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
            "text/html, application/xhtml+xml, image/jxr, */*",
            "text/html, text/*;q=0.5, image/*",
            "TEXT/HTML",
            "text/html;level=1;Q=0.5, application/xml;q=0.4",
            "application/xhtml+xml, */*;q=0.1",
        ] {
            assert!(wants_html(browser), "{browser}");
        }
        for program in [
            "",
            "*/*",
            "application/xml",
            "text/xml, */*",
            "application/json, text/plain, */*",
            "text/*",
            "application/xml, text/html",
            "application/xml, text/html;q=0.9",
            "text/html;q=0",
            "text/html;q=nan",
            "text/html;q=x",
            "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
        ] {
            assert!(!wants_html(program), "{program}");
        }
    }

    #[test]
    fn languages_come_in_the_order_of_their_weights() {
        for (header, expected) in [
            ("", &[] as &[&str]),
            ("de-AT,de;q=0.9,en;q=0.8", &["de-AT", "de", "en"]),
            ("en;q=0.1, fr ; q=0.9 , *;q=0.5", &["fr", "*", "en"]),
            ("a;q=0.5,b;q=0.5,c", &["c", "a", "b"]),
            ("en;q=0,de;q=0.000,fr;q=-1", &[]),
            (",,;q=1,  ,es;q=7", &["es"]),
            ("es;q=NaN,pt;q=", &[]),
        ] {
            assert_eq!(languages(header), expected, "{header}");
        }
        assert_eq!(languages(&"x,".repeat(10_000)).len(), MANY);
    }
}
