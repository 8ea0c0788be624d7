//! The data directory of the demo, and what the demo remembers in it: `demo.json`.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rand::distr::{Alphanumeric, SampleString as _};
use serde::{Deserialize, Serialize};

use crate::model::{EmptySecret, Secret};

/// Beside beadle's own state, so that the two cannot come apart.
const FILE: &str = "demo.json";

/// The data directory. A temporary one is removed with this.
pub(super) struct Home {
    path: PathBuf,
    temporary: bool,
    /// What carries on in the next run.
    pub(super) memory: Memory,
}

/// What carries on from one run to the next.
#[derive(Serialize, Deserialize)]
pub(super) struct Memory {
    /// What the front end signs with.
    pub(super) secret: Secret,
    /// All servers that there have been, in the order of their ids.
    pub(super) servers: Vec<Remembered>,
}

/// What carries on of a simulated server.
#[derive(Serialize, Deserialize)]
pub(super) struct Remembered {
    /// Where it listened.
    pub(super) port: u16,
    /// What it signs with.
    pub(super) secret: Secret,
}

impl Home {
    /// The given directory, or a new temporary one.
    ///
    /// A directory that holds something else than a demo is refused: the demo would put its
    /// simulated servers into somebody's real pool.
    pub(super) fn open(given: Option<&Path>) -> anyhow::Result<Self> {
        let (path, temporary) = match given {
            Some(path) => (path.to_owned(), false),
            None => (temporary_directory(), true),
        };
        let in_words = || format!("cannot use {} as data directory", path.display());
        let mut builder = DirBuilder::new();
        builder.recursive(!temporary).mode(0o700).create(&path).with_context(in_words)?;
        let file = path.join(FILE);
        let known = file.try_exists().with_context(in_words)?;
        if !known && fs::read_dir(&path).with_context(in_words)?.next().is_some() {
            anyhow::bail!(
                "{} is not empty and holds no demo; give --data-dir a directory of its own",
                path.display()
            );
        }
        let memory = if known {
            read(&file).with_context(|| {
                format!(
                    "cannot carry on with {}; remove the directory to start anew",
                    file.display()
                )
            })?
        } else {
            Memory { secret: new_secret()?, servers: Vec::new() }
        };
        let home = Self { path, temporary, memory };
        home.save()?;
        Ok(home)
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is removed at the end.
    pub(super) fn is_temporary(&self) -> bool {
        self.temporary
    }

    /// What is said at the end.
    pub(super) fn farewell(&self) -> String {
        if self.temporary {
            "stopped; nothing is left of it\n".to_owned()
        } else {
            format!("stopped; --data-dir {} carries on\n", self.path.display())
        }
    }

    /// Writes down what carries on. Nobody else may read it, for it holds secrets.
    pub(super) fn save(&self) -> anyhow::Result<()> {
        let (file, new) = (self.path.join(FILE), self.path.join("demo.json.new"));
        let write = || -> io::Result<()> {
            let mut options = OpenOptions::new();
            let mut out = options.write(true).create(true).truncate(true).mode(0o600).open(&new)?;
            out.write_all(&serde_json::to_vec_pretty(&self.memory)?)?;
            out.sync_all()?;
            fs::rename(&new, &file)
        };
        write().with_context(|| format!("cannot write {}", file.display()))
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if self.temporary {
            // What is left over in a temporary directory harms nobody.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// A secret that nobody can guess.
pub(super) fn new_secret() -> Result<Secret, EmptySecret> {
    Secret::new(Alphanumeric.sample_string(&mut rand::rng(), 40))
}

fn temporary_directory() -> PathBuf {
    let mark = Alphanumeric.sample_string(&mut rand::rng(), 8);
    std::env::temp_dir().join(format!("beadle-demo-{mark}"))
}

fn read(file: &Path) -> anyhow::Result<Memory> {
    Ok(serde_json::from_slice(&fs::read(file)?)?)
}
