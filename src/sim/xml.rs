//! Writes XML as BBB's templates do: no declaration, one element per line, no indentation.

use quick_xml::escape::escape;

/// Appends elements to a buffer.
pub(super) struct Xml<'a>(pub(super) &'a mut Vec<u8>);

impl Xml<'_> {
    pub(super) fn open(&mut self, name: &str) -> &mut Self {
        self.tag("<", name).raw(b"\n")
    }

    pub(super) fn close(&mut self, name: &str) -> &mut Self {
        self.tag("</", name).raw(b"\n")
    }

    /// An element with text, escaped.
    pub(super) fn text(&mut self, name: &str, text: &str) -> &mut Self {
        self.tag("<", name).raw(escape(text).as_bytes()).tag("</", name).raw(b"\n")
    }

    pub(super) fn number(&mut self, name: &str, number: impl Into<u64>) -> &mut Self {
        self.text(name, &number.into().to_string())
    }

    /// A number with a comma before every third digit, as BBB 2.7 writes counts.
    pub(super) fn grouped(&mut self, name: &str, number: impl Into<u64>) -> &mut Self {
        self.text(name, &grouped(number.into()))
    }

    pub(super) fn flag(&mut self, name: &str, flag: bool) -> &mut Self {
        self.text(name, if flag { "true" } else { "false" })
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn tag(&mut self, start: &str, name: &str) -> &mut Self {
        self.raw(start.as_bytes()).raw(name.as_bytes()).raw(b">")
    }
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn digits_are_grouped_in_threes_from_the_right() {
        let texts = [0, 999, 1_000, 1_024, 123_456, 1_234_567].map(grouped);
        assert_eq!(texts, ["0", "999", "1,000", "1,024", "123,456", "1,234,567"]);
    }
}
