//! The words of the pages: one file in `assets/words` for each language.
//!
//! A new language is a new file and a line in [`FILES`].

use std::sync::LazyLock;

use serde::Deserialize;

use super::Reason;
use super::accept;

/// Tag and words of each language. The first is taken where nothing else fits.
const FILES: [(&str, &str); 5] = [
    ("en", include_str!("../../../assets/words/en.toml")),
    ("de", include_str!("../../../assets/words/de.toml")),
    ("fr", include_str!("../../../assets/words/fr.toml")),
    ("es", include_str!("../../../assets/words/es.toml")),
    ("pt-BR", include_str!("../../../assets/words/pt-BR.toml")),
];

/// A language that pages are written in.
pub(super) struct Language {
    /// Its tag (RFC 5646).
    pub(super) tag: &'static str,
    pub(super) words: Words,
}

/// Everything that a page may say, in one language.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    /// `ltr` or `rtl`: where lines begin.
    pub(super) direction: String,
    /// That the page asks again by itself every `{seconds}`.
    pub(super) retrying: String,
    /// That it no longer does.
    pub(super) stopped: String,
    /// That it cannot, and one has to go back.
    pub(super) go_back: String,
    /// The link that asks again at once.
    pub(super) try_now: String,
    /// What stands before the reference.
    pub(super) reference: String,
    /// What stands before whom to ask.
    pub(super) contact: String,
    not_started: Saying,
    moved: Saying,
    full: Saying,
    repair: Saying,
    expired: Saying,
    altered: Saying,
    trouble: Saying,
    invalid: Saying,
}

/// What is said for one reason.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Saying {
    pub(super) title: String,
    pub(super) text: String,
}

impl Words {
    /// What is said for a reason.
    pub(super) fn of(&self, reason: Reason) -> &Saying {
        match reason {
            Reason::NotStarted => &self.not_started,
            Reason::Moved => &self.moved,
            Reason::Full => &self.full,
            Reason::Repair => &self.repair,
            Reason::Expired => &self.expired,
            Reason::Altered => &self.altered,
            Reason::Trouble => &self.trouble,
            Reason::Invalid => &self.invalid,
        }
    }
}

/// The language for somebody who wants these, or the one that is taken otherwise.
pub(super) fn choose(accept_language: &str, otherwise: &str) -> Option<&'static Language> {
    let wanted = accept::languages(accept_language).into_iter().find_map(find);
    wanted.or_else(|| find(otherwise)).or_else(|| LANGUAGES.first())
}

/// A file that cannot be read is left out; a test holds that there is none.
static LANGUAGES: LazyLock<Vec<Language>> = LazyLock::new(|| {
    let read = |(tag, file)| toml::from_str(file).ok().map(|words| Language { tag, words });
    FILES.into_iter().filter_map(read).collect()
});

/// The language with this tag; else the first of the same main language (`de-AT` is `de`, `pt` is
/// `pt-BR`).
fn find(tag: &str) -> Option<&'static Language> {
    let main = |tag: &str| tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    let exact = LANGUAGES.iter().find(|language| language.tag.eq_ignore_ascii_case(tag));
    exact.or_else(|| LANGUAGES.iter().find(|language| main(language.tag) == main(tag)))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn a_language_is_found_by_its_tag_or_its_main_language() {
        for (wanted, otherwise, expected) in [
            ("", "en", "en"),
            ("", "de", "de"),
            ("", "de_AT", "de"),
            ("", "tlh", "en"),
            ("tlh", "fr", "fr"),
            ("*", "fr", "fr"),
            ("de-AT", "en", "de"),
            ("DE", "en", "de"),
            ("zh-Hant-TW, pt", "en", "pt-BR"),
            ("pt-PT", "en", "pt-BR"),
            ("pt-br", "en", "pt-BR"),
            ("en;q=0.5, es-419;q=0.8", "en", "es"),
            ("tlh, fr-CA;q=0.9, en;q=0.8", "en", "fr"),
            ("fr;q=0", "en", "en"),
        ] {
            let found = choose(wanted, otherwise).expect("a language").tag;
            assert_eq!(found, expected, "{wanted:?} or {otherwise:?}");
        }
    }

    /// Paths to texts.
    fn texts(file: &str) -> BTreeMap<String, String> {
        fn collect(path: &str, table: toml::Table, texts: &mut BTreeMap<String, String>) {
            for (key, value) in table {
                let path = format!("{path}/{key}");
                match value {
                    toml::Value::Table(table) => collect(&path, table, texts),
                    toml::Value::String(text) => {
                        texts.insert(path, text);
                    }
                    other => unreachable!("{path} is {other}"),
                }
            }
        }
        let mut all = BTreeMap::new();
        collect("", toml::from_str(file).expect("TOML"), &mut all);
        all
    }

    fn placeholders(text: &str) -> BTreeSet<&str> {
        let ends = text.split('{').skip(1);
        ends.map(|rest| rest.split_once('}').expect("a closing brace").0).collect()
    }

    #[test]
    fn all_languages_say_the_same_things() {
        assert_eq!(LANGUAGES.len(), FILES.len(), "a file cannot be read");
        let english = texts(FILES[0].1);
        for (tag, file) in FILES {
            let texts = texts(file);
            assert!(texts.keys().eq(english.keys()), "{tag} has other keys");
            for (key, text) in &texts {
                assert!(!text.trim().is_empty(), "{tag}{key} is empty");
                assert_eq!(text.trim(), text, "{tag}{key} has blanks around it");
                assert_eq!(placeholders(text), placeholders(&english[key]), "{tag}{key}");
            }
            assert!(["ltr", "rtl"].contains(&&*texts["/direction"]), "{tag}");
            let copied = texts.iter().filter(|(key, text)| {
                tag != "en" && **key != "/direction" && english[*key] == **text
            });
            assert_eq!(copied.count(), 0, "{tag} repeats English");
        }
    }

    #[test]
    fn every_file_of_words_is_used() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/words");
        let files = std::fs::read_dir(folder)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"));
        let used: BTreeSet<_> = FILES.iter().map(|(tag, _)| format!("{tag}.toml")).collect();
        assert_eq!(files.collect::<BTreeSet<_>>(), used);
    }
}
