//! A data directory and a configuration of its own, and commands about it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// The secret of front ends.
pub(crate) const SECRET: &str = "the front end's";

/// Longer than anything takes that ends at all.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

/// A folder with `beadle.toml`, in which the data directory will be. Automatic polling is off, so
/// that figures change when a test says so.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        place.configure(&format!("poll.interval = 0\napi.secrets = [\"{SECRET}\"]\n"));
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.path("data/beadle.sock")
    }

    pub(crate) fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).expect("a file");
        path
    }

    /// Writes the configuration file.
    pub(crate) fn configure(&self, toml: &str) {
        self.write("beadle.toml", toml);
    }

    /// A command that names this place, in an empty environment.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = bare(words);
        command.arg("--config").arg(self.path("beadle.toml"));
        command.arg("--data-dir").arg(self.data());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, words: &[&str]) -> Ran {
        run(self.command(words))
    }

    /// Runs a command that must succeed, and gives its standard output.
    pub(crate) fn ok(&self, words: &[&str]) -> String {
        let ran = self.run(words);
        assert_eq!(ran.code, 0, "{words:?}: {ran:?}");
        ran.out
    }

    /// Runs a command with `--json` that must succeed.
    pub(crate) fn json(&self, words: &[&str]) -> Value {
        let ran = self.run(&[words, &["--json"]].concat());
        assert_eq!(ran.code, 0, "{words:?}: {ran:?}");
        ran.json()
    }

    /// Runs a command that must end with this code and nothing on standard output, and gives what
    /// it says.
    pub(crate) fn fails(&self, code: i32, words: &[&str]) -> String {
        let ran = self.run(words);
        assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{words:?}: {ran:?}");
        ran.err
    }
}

/// A command in an empty environment.
pub(crate) fn bare(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_beadle"));
    command.env_clear().args(words);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).expect("JSON")
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("text");
        let code = output.status.code().expect("an exit code");
        let (out, err) = (text(output.stdout), text(output.stderr));
        assert!(!err.contains("panicked"), "{err}");
        Self { code, out, err }
    }
}

/// Runs a command to its end.
pub(crate) fn run(mut command: Command) -> Ran {
    finish(command.spawn().expect("a process"))
}

/// Runs a command to its end with this on its standard input.
pub(crate) fn run_with_input(mut command: Command, input: &str) -> Ran {
    let mut child = command.stdin(Stdio::piped()).spawn().expect("a process");
    let mut stdin = child.stdin.take().expect("its standard input");
    stdin.write_all(input.as_bytes()).expect("it listens");
    drop(stdin);
    finish(child)
}

/// Waits for the end of a process; one that does not end fails the test.
pub(crate) fn finish(child: Child) -> Ran {
    let (sender, ended) = mpsc::channel();
    let id = child.id();
    thread::spawn(move || sender.send(child.wait_with_output()));
    let Ok(output) = ended.recv_timeout(DEADLINE) else {
        kill(id, rustix::process::Signal::KILL);
        unreachable!("the command does not end")
    };
    output.expect("its output").into()
}

/// Sends a signal to a process of this test.
pub(crate) fn kill(id: u32, signal: rustix::process::Signal) {
    let id = i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw).expect("an id");
    rustix::process::kill_process(id, signal).expect("the process is there");
}

/// Whether there is such a file.
pub(crate) fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}
