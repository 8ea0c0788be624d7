//! Sources in a folder of their own.

use std::fs;
use std::path::{Path, PathBuf};

use beadle::config::{Config, Loaded, NoticeLevel, Sources, load};
use tempfile::TempDir;

/// A set of sources; the TOML file is always named, so that the machine's own is never read.
pub(crate) struct Case {
    folder: TempDir,
    pub(crate) sources: Sources,
}

impl Case {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("temporary folder");
        let file = folder.path().join("beadle.toml");
        fs::write(&file, "").expect("empty file");
        let sources = Sources { config_file: Some(file), ..Sources::default() };
        Self { folder, sources }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folder");
        fs::write(path, content).expect("file");
        self
    }

    pub(crate) fn toml(self, content: &str) -> Self {
        self.file("beadle.toml", content)
    }

    pub(crate) fn env_file(mut self, content: impl AsRef<[u8]>) -> Self {
        self = self.file("env", content);
        self.sources.env_file = Some(self.path("env"));
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.sources.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn load(&self) -> Loaded {
        load(&self.sources).expect("a valid configuration")
    }

    pub(crate) fn config(&self) -> Config {
        self.load().config
    }

    /// The sentence of the error, with the temporary folder taken out.
    pub(crate) fn error(&self) -> String {
        self.strip(&load(&self.sources).expect_err("an error").to_string())
    }

    /// The texts of all notices of a level; that no secret is set is left out.
    pub(crate) fn notices(&self, level: NoticeLevel) -> Vec<String> {
        let notices = self.load().notices.into_iter().filter(|notice| notice.level == level);
        let texts = notices.map(|notice| self.strip(&notice.text));
        texts.filter(|text| !text.starts_with("no secret is set")).collect()
    }

    pub(crate) fn warnings(&self) -> Vec<String> {
        self.notices(NoticeLevel::Warn)
    }

    fn strip(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.folder.path().display()), "")
    }
}

/// What a TOML file makes.
pub(crate) fn config_of(toml: &str) -> Config {
    Case::new().toml(toml).config()
}

/// What is wrong with a TOML file.
pub(crate) fn error_of(toml: &str) -> String {
    Case::new().toml(toml).error()
}

/// A file of this repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The texts of secrets.
pub(crate) fn exposed(config: &Config) -> Vec<&str> {
    config.api.secrets.iter().map(beadle::model::Secret::expose).collect()
}
