//! The C library that journals what a process does to its files.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::process::{Part, Process, run};

/// The library, compiled once for each run of the tests.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/durability/shim.c");
        let (draft, path) = (folder.join("shim.new"), folder.join("shim.so"));
        let cc = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let flags = ["-shared", "-fPIC", "-O1", "-Wall", "-o"];
        match run(Command::new(&cc).args(flags).args([&draft, &source])) {
            Ok(done) if done.status.success() => {}
            Ok(done) => panic!("{}", String::from_utf8_lossy(&done.stderr)),
            Err(error) => panic!(
                "the power tests need a C compiler, and {} cannot be started: {error}",
                cc.display()
            ),
        }
        // Another run of the tests may be using the old one.
        fs::rename(&draft, &path).expect("a rename");
        path
    })
}

/// What the shim is told besides the directory.
#[derive(Clone, Copy, Default)]
pub(crate) struct Faults {
    /// The sync that leaves no trace: `fdatasync` or `fsync`.
    pub(crate) ignore_sync: Option<&'static str>,
    /// How many fdatasyncs work before they fail.
    pub(crate) fail_sync: Option<u32>,
}

/// Starts a process whose work below a directory is journalled.
pub(crate) fn start(
    part: Part,
    variables: &[(&str, &OsStr)],
    (root, journal): (&Path, &Path),
    faults: Faults,
) -> Process {
    let fail = faults.fail_sync.map(|count| OsString::from(count.to_string()));
    let mut all = vec![
        ("LD_PRELOAD", library().as_os_str()),
        ("BEADLE_SHIM_ROOT", root.as_os_str()),
        ("BEADLE_SHIM_JOURNAL", journal.as_os_str()),
    ];
    all.extend(faults.ignore_sync.map(|which| ("BEADLE_SHIM_IGNORE_SYNC", OsStr::new(which))));
    all.extend(fail.as_deref().map(|count| ("BEADLE_SHIM_FAIL_SYNC", count)));
    all.extend_from_slice(variables);
    Process::start(part, &all)
}

/// Kills such a process between two operations, so that the journal lacks none that was done.
pub(crate) fn kill(process: &mut Process, journal: &Path) {
    let file = File::options().create(true).append(true).open(journal).expect("a journal");
    file.lock().expect("a lock");
    process.kill();
}
