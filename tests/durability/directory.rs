//! A data directory that cannot be used: a clear sentence, and nothing in it changed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use beadle::model::{
    Capacity, Meeting, MeetingId, Phase, Secret, Server, ServerId, ServerState, ServerUrl, TenantId,
};
use beadle::store::{Draft, Store};
use tempfile::TempDir;

use crate::front_end::FrontEnd;
use crate::process::{Part, Process, command, nothing_starts, run, say, wait_for_the_end};
use crate::site::{Beadle, Servers, Serving, refusal};
use crate::tally::tell;

/// Tells a part which folder to use.
const FOLDER: &str = "BEADLE_TEST_FOLDER";

/// The size of the small disk in MiB: beadle wants 16 of it to be free.
const DISK: u64 = 64;

/// What is waited for has happened long before.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn in_use_by_another_process() {
    let data = data();
    let mut holder = Process::start(Part::Hold, &[(FOLDER, data.path().as_os_str())]);
    assert_eq!(holder.hear().as_deref(), Some("held"));
    let before = listing(data.path());
    let said = refusal(data.path());
    assert!(said.contains("is in use by another beadle"), "{said}");
    assert!(listing(data.path()) == before, "something was changed");
    assert!(holder.stop());
    start_and_stop(data.path());
}

#[test]
fn of_a_newer_version() {
    let data = data();
    fs::write(data.path().join("format"), "3\n").expect("a file");
    let said = refused_without_change(data.path());
    assert!(said.contains("was written by a newer beadle (format 3"), "{said}");
}

/// What the first beadle wrote, to the byte.
#[test]
fn of_the_first_version() {
    let data = tempfile::tempdir().expect("a temporary folder");
    {
        let database = sled::open(data.path().join("store")).expect("a database");
        let put = |tree: &str, key: &[u8], value: &[u8]| {
            let tree = database.open_tree(tree).expect("a tree");
            tree.insert(key, value).expect("a record");
        };
        let server = b"\x01\x0ahttp://h/b\x01s\0\0\0\0\0\0\xf0\x3f\0\0\0\0\0";
        put("servers", b"a", server);
        put("meetings", b"\0math", b"\x01\x06math-1\0\x01a\x02mp\x019\x05\x14");
        database.flush().expect("it is written");
    }
    fs::write(data.path().join("format"), "1\n").expect("a file");
    start_and_stop(data.path());
    assert_eq!(fs::read_to_string(data.path().join("format")).expect("a file"), "2\n");
    let _guard = nothing_starts();
    let store = Store::open(data.path()).expect("a store");
    let state = store.state();
    let math = state.meeting(&TenantId::none(), "math-1").expect("the meeting");
    assert_eq!((math.id.as_str(), math.phase), ("math", Phase::Running));
    assert_eq!(state.server(&ServerId::from("a")).map(|server| server.spare), Some(false));
    drop(state);
    store.close();
}

#[test]
fn with_a_format_that_is_none() {
    for format in ["", "one\n", "-1", "1 2"] {
        let data = data();
        fs::write(data.path().join("format"), format).expect("a file");
        let said = refused_without_change(data.path());
        assert!(said.contains("should hold the number of the data format"), "{said}");
    }
}

#[test]
fn with_a_format_that_cannot_be_read() {
    let data = data();
    fs::remove_file(data.path().join("format")).expect("a file");
    fs::create_dir(data.path().join("format")).expect("a folder");
    let said = refused_without_change(data.path());
    assert!(said.contains("cannot read") && said.contains("format"), "{said}");
}

#[test]
fn that_is_a_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("data");
    fs::write(&path, "mine").expect("a file");
    let said = refusal(&path);
    assert!(said.contains("cannot create") && said.contains("data"), "{said}");
    assert_eq!(fs::read(&path).expect("the file"), b"mine");
}

/// What sled leaves behind when it is killed at the wrong moment would keep it from opening.
#[test]
fn with_an_unfinished_snapshot() {
    for content in ["", "half a snapshot, too short to be one"] {
        let data = data();
        let snapshot = data.path().join("store/snap.0000000000000C0D.generating");
        fs::write(&snapshot, content).expect("a file");
        assert_eq!(meetings(data.path()), ["art", "math"]);
        assert!(!snapshot.exists());
    }
}

/// sled cuts off what it takes for torn; it must not do that to the only copy.
#[test]
fn with_a_damaged_database() {
    let data = data();
    start_and_stop(data.path());
    let is_snapshot = |name: &PathBuf| name.to_string_lossy().starts_with("store/snap.");
    let snapshot = listing(data.path()).into_keys().find(is_snapshot).expect("a snapshot");
    let snapshot = data.path().join(snapshot);
    fs::write(snapshot, "not a snapshot at all").expect("a file");
    let said = refused_without_change(data.path());
    assert!(said.contains("cannot open the database in"), "{said}");
}

#[test]
fn with_a_damaged_record() {
    type Damage = (&'static str, &'static [u8], &'static [u8], &'static str);
    let damages: [Damage; 4] = [
        ("servers", b"b", b"\x01", "damaged"),
        ("servers", b"b", b"", "empty"),
        ("meetings", b"\0art", b"\x01\xff\xff\xff", "damaged"),
        ("meetings", b"\0new", b"\x09", "unknown version 9"),
    ];
    for (tree, key, value, sentence) in damages {
        let data = data();
        put(data.path(), tree, key, value);
        let said = refusal(data.path());
        assert!(said.contains(&format!("a record of {tree}")), "{said}");
        assert!(said.contains(sentence), "{said}");
        assert!(said.contains(&*data.path().to_string_lossy()), "{said}");
    }
}

#[test]
fn on_a_disk_that_is_read_only() {
    in_a_mount_namespace(Part::ReadOnly);
}

/// The same by permissions, which do not bind the superuser.
#[test]
fn that_must_not_be_written_to() {
    if is_superuser() {
        return tell("skipped: permissions do not bind the superuser");
    }
    let data = data();
    protect(data.path(), false);
    let said = refused_without_change(data.path());
    protect(data.path(), true);
    assert!(said.contains("cannot write") && said.contains("lock"), "{said}");
}

#[test]
fn on_a_disk_that_is_full() {
    in_a_mount_namespace(Part::Full);
}

/// The part of a process that has the data directory.
pub(crate) fn hold() {
    let store = Store::open(&folder()).expect("a store");
    say("held");
    wait_for_the_end();
    store.close();
}

/// The part of a process that may mount: its data directory is on a read-only disk.
pub(crate) fn find_it_read_only() {
    let disk = folder();
    let (old, fresh) = (disk.join("old"), disk.join("fresh"));
    mount(&disk, &["-t", "tmpfs", "-o", &format!("size={DISK}m"), "tmpfs"]);
    fill_in(&old);
    fs::create_dir(&fresh).expect("a folder");
    mount(&disk, &["-o", "remount,bind,ro"]);
    for data in [old, fresh] {
        let said = refused_without_change(&data);
        assert!(said.contains("cannot write") && said.contains("Read-only"), "{said}");
    }
    let said = refusal(&disk.join("new"));
    assert!(said.contains("cannot create") && said.contains("Read-only"), "{said}");
    say("done");
}

/// The part of a process that may mount: its data directory is on a disk that fills up.
pub(crate) fn run_out_of_disk() {
    let disk = folder();
    mount(&disk, &["-t", "tmpfs", "-o", &format!("size={DISK}m"), "tmpfs"]);
    start_on_a_full_disk(&disk);
    fill_the_disk_while_running(&disk);
    say("done");
}

fn start_on_a_full_disk(disk: &Path) {
    let (old, fresh) = (disk.join("old"), disk.join("fresh"));
    fill_in(&old);
    fs::create_dir(&fresh).expect("a folder");
    let filler = fill(disk);
    for data in [&old, &fresh] {
        let said = refused_without_change(data);
        assert!(said.contains("the file system of") && said.contains("bytes left"), "{said}");
    }
    fs::remove_file(filler).expect("a file");
    assert_eq!(meetings(&old), ["art", "math"]);
    start_and_stop(&fresh);
}

/// Creates are refused, everything else goes on, and beadle recovers by itself.
fn fill_the_disk_while_running(disk: &Path) {
    let servers = Servers::start(2);
    let mut beadle = Beadle::start(&disk.join("data"));
    let Serving { front_end, operator } = beadle.serving().expect("a beadle that starts");
    servers.add_to(&operator);
    assert!(front_end.create("before").expect("an answer").succeeded());
    let filler = fill(disk);
    let refused = create_until(front_end, "while", false);
    assert!(refused.contains("the file system of the data directory is full"), "{refused}");
    let health = front_end.get("/health_check").expect("an answer");
    assert_eq!(health.status, 503);
    assert!(health.body.contains("the file system of the data directory is full"));
    assert_eq!(front_end.join("before").expect("an answer").status, 302);
    assert!(front_end.info("before").expect("an answer").succeeded());
    fs::remove_file(filler).expect("a file");
    // Whoever sends no creates to an unwell beadle must see it recover as well.
    wait_until(|| front_end.get("/health_check").expect("an answer").status == 200);
    create_until(front_end, "after", true);
    assert!(beadle.stop());
    let known = meetings(&disk.join("data"));
    assert!(known.iter().any(|id| id == "before"));
    assert!(known.iter().any(|id| id.starts_with("after")));
}

/// Creates one meeting after another until one is answered as expected; the last answer's text.
fn create_until(front_end: FrontEnd, name: &str, succeeds: bool) -> String {
    let mut count = 0;
    let mut last = String::new();
    wait_until(|| {
        count += 1;
        let answer = front_end.create(&format!("{name}-{count}")).expect("an answer");
        answer.text("message").unwrap_or_default().clone_into(&mut last);
        answer.succeeded() == succeeds
    });
    last
}

fn wait_until(mut done: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < PATIENCE, "it takes too long");
    }
}

/// Runs a part where mounts are its own affair, or says why that is not possible here.
fn in_a_mount_namespace(part: Part) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let unshare = || {
        let mut unshare = Command::new("unshare");
        unshare.args(["--map-root-user", "--mount"]);
        unshare
    };
    let mut try_it = unshare();
    let tried = run(try_it.args(["mount", "-t", "tmpfs", "tmpfs"]).arg(folder.path()));
    if let Err(why) = worked(tried) {
        return tell(&format!("skipped {part:?}: no disk can be mounted here: {}", why.trim()));
    }
    let mut played = unshare();
    let inner = command(part);
    played.arg(inner.get_program()).args(inner.get_args());
    played.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = worked(run(played.env(FOLDER, folder.path())));
    match output {
        Ok(said) => assert!(said.contains("done"), "{said}"),
        Err(said) => panic!("{said}"),
    }
}

/// What a command said, as an error where it failed.
fn worked(output: io::Result<Output>) -> Result<String, String> {
    let output = output.map_err(|error| error.to_string())?;
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    if output.status.success() { Ok(said) } else { Err(said) }
}

fn mount(on: &Path, arguments: &[&str]) {
    if let Err(why) = worked(run(Command::new("mount").args(arguments).arg(on))) {
        panic!("{why}");
    }
}

/// Writes a file until not a byte is left.
fn fill(disk: &Path) -> PathBuf {
    let path = disk.join("filler");
    let mut file = File::create(&path).expect("a file");
    for size in [1 << 20, 4096, 1] {
        while file.write_all(&vec![1; size]).is_ok() {}
    }
    path
}

/// The sentence with which beadle refuses, after which everything is as it was.
fn refused_without_change(data: &Path) -> String {
    let before = listing(data);
    let said = refusal(data);
    assert!(listing(data) == before, "something was changed: {said}");
    assert!(said.contains(&*data.to_string_lossy()), "{said}");
    said
}

fn start_and_stop(data: &Path) {
    let mut beadle = Beadle::start(data);
    assert_eq!(beadle.serving().err(), None);
    assert!(beadle.stop());
}

/// A data directory with a server and two meetings.
fn data() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fill_in(folder.path());
    folder
}

fn fill_in(data: &Path) {
    let _guard = nothing_starts();
    let store = Store::open(data).expect("a store");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let change = store.change(|draft: &mut Draft| {
        draft.put_server(server());
        draft.put_meeting(meeting("math"));
        draft.put_meeting(meeting("art"));
        Ok::<(), std::convert::Infallible>(())
    });
    runtime.block_on(change).expect("a change");
    store.close();
}

fn meetings(data: &Path) -> Vec<String> {
    let _guard = nothing_starts();
    let store = Store::open(data).expect("a store");
    let mut ids: Vec<_> = store.state().meetings().map(|meeting| meeting.id.to_string()).collect();
    store.close();
    ids.sort();
    ids
}

/// Writes a record past the store.
fn put(data: &Path, tree: &str, key: &[u8], value: &[u8]) {
    let _guard = nothing_starts();
    let database = sled::open(data.join("store")).expect("a database");
    let tree = database.open_tree(tree).expect("a tree");
    tree.insert(key, value).expect("a record");
    database.flush().expect("a flush");
    drop((tree, database));
    // sled's threads let go of the file a little later; this waits for them.
    let file = File::open(data.join("store/db")).expect("the database's file");
    file.lock().expect("a lock");
}

fn server() -> Server {
    Server {
        id: ServerId::from("a"),
        url: ServerUrl::exact("https://bbb.example.org/bigbluebutton/api").expect("an address"),
        secret: Secret::new("secret").expect("a secret"),
        capacity: Capacity::default(),
        tag: None,
        state: ServerState::Enabled,
        max_meetings: None,
        max_users: None,
        spare: false,
    }
}

fn meeting(id: &str) -> Meeting {
    Meeting {
        phase: Phase::Running,
        internal_id: format!("{id}-1").into(),
        moderator_pw: "mp".into(),
        ..Meeting::starting(TenantId::none(), MeetingId::from(id), ServerId::from("a"), 1)
    }
}

fn folder() -> PathBuf {
    PathBuf::from(std::env::var_os(FOLDER).expect("a folder"))
}

fn is_superuser() -> bool {
    fs::metadata("/proc/self").expect("this process").uid() == 0
}

/// Takes the right to write from everything below a folder, or gives it back.
fn protect(folder: &Path, writable: bool) {
    let mode = |is_folder| match (is_folder, writable) {
        (true, true) => 0o755,
        (true, false) => 0o555,
        (false, true) => 0o644,
        (false, false) => 0o444,
    };
    let set = |path: &Path, is_folder| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode(is_folder))).expect("a mode");
    };
    set(folder, true);
    for (name, content) in listing(folder) {
        set(&folder.join(name), content.is_none());
    }
}

/// All that is below a folder, with contents; sockets are left out.
pub(crate) fn listing(folder: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    list(folder, folder, &mut found);
    found
}

fn list(top: &Path, folder: &Path, found: &mut BTreeMap<PathBuf, Option<Vec<u8>>>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let kind = entry.file_type().expect("its kind");
        let path = entry.path();
        let name = path.strip_prefix(top).expect("a path below").to_path_buf();
        if kind.is_dir() {
            found.insert(name, None);
            list(top, &path, found);
        } else if kind.is_file() {
            found.insert(name, Some(fs::read(&path).expect("a file")));
        }
    }
}
