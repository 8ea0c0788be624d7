//! Server tags: which servers a create asks for with `meta_server-tag`.
//!
//! The grammar is Scalelite's: `tag[;tag…][!]`. One `!` at the very end makes the tags required;
//! `none` means servers without a tag. Letter case and blanks matter.

/// The tags that a create wishes for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    text: String,
    tags: Vec<String>,
    required: bool,
}

impl Wanted {
    /// Reads the value of `meta_server-tag`; an empty one wishes for untagged servers.
    pub fn parse(value: &str) -> Self {
        let (text, required) = match value.strip_suffix('!') {
            Some(text) => (text, true),
            None => (value, false),
        };
        let tags = text.trim_end_matches(';').split(';').map(str::to_owned).collect();
        Self { text: text.to_owned(), tags, required }
    }

    /// Whether no server is better than one without the tags.
    pub fn required(&self) -> bool {
        self.required && !self.text.is_empty()
    }

    /// The wish without its final `!`, as the refusal names it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether a server of this tag is among the wished ones.
    pub fn accepts(&self, tag: Option<&str>) -> bool {
        self.tags.iter().any(|wanted| match tag {
            Some(tag) => wanted == tag,
            None => wanted.is_empty() || wanted == "none",
        })
    }
}

/// A tag that no create could ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadTag {
    /// Nothing but blanks.
    #[error("a tag cannot be blank")]
    Blank,
    /// It would stand for servers without a tag.
    #[error(
        "a server cannot have the tag none: in a create, none stands for servers without a tag"
    )]
    Nothing,
    /// It would be read as several.
    #[error("a tag cannot hold a semicolon: in a create, it stands between two tags")]
    Several,
    /// Its end would be read as a demand.
    #[error("a tag cannot end with !: in a create, that makes tags required")]
    Demand,
    /// It holds what nobody sees.
    #[error("a tag cannot hold control characters")]
    Control,
}

/// Refuses a tag that no create could ask for.
///
/// # Errors
///
/// What is wrong with it.
pub fn check(tag: &str) -> Result<(), BadTag> {
    match tag {
        _ if tag.trim().is_empty() => Err(BadTag::Blank),
        "none" => Err(BadTag::Nothing),
        _ if tag.contains(';') => Err(BadTag::Several),
        _ if tag.ends_with('!') => Err(BadTag::Demand),
        _ if tag.contains(char::is_control) => Err(BadTag::Control),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::Wanted;

    /// For each value: which of the tags `a`, `b`, none are accepted, and whether it is required.
    #[test]
    fn grammar_is_that_of_scalelite() {
        let table = [
            ("", [false, false, true], false),
            ("!", [false, false, true], false),
            ("a", [true, false, false], false),
            ("a;b", [true, true, false], false),
            ("a;none", [true, false, true], false),
            ("a!", [true, false, false], true),
            ("a;b!", [true, true, false], true),
            ("a!;b", [false, true, false], false),
            ("none!", [false, false, true], true),
            ("a;", [true, false, false], false),
            ("A", [false, false, false], false),
        ];
        for (value, accepted, required) in table {
            let wanted = Wanted::parse(value);
            let got = [Some("a"), Some("b"), None].map(|tag| wanted.accepts(tag));
            assert_eq!((got, wanted.required()), (accepted, required), "{value:?}");
        }
        assert!(Wanted::parse("a!!").accepts(Some("a!")));
        assert_eq!(Wanted::parse("gpu;!").text(), "gpu;");
    }
}
