//! The power goes at random moments; what was acknowledged is there when it is back.

use std::convert::Infallible;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use beadle::model::{
    Capacity, Meeting, MeetingId, Secret, Server, ServerId, ServerState, ServerUrl, TenantId,
};
use beadle::store::{Draft, State, Store};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tempfile::TempDir;

use crate::medium::{Journal, Medium, Unsynced};
use crate::process::{Part, say, wait_for_the_end};
use crate::shim::{self, Faults};
use crate::tally::{chance, number, tell};

/// Tells the changing process where it works.
const ROOT: &str = "BEADLE_TEST_ROOT";

/// The data directory below the root: at the first start its parents are not there either.
const DATA: &str = "var/lib/beadle";

/// Where the changing process writes down what was acknowledged. Never synced, and read as
/// processes see it.
const BOOK: &str = "book";

/// Each has a server and some meetings of its own and changes all of them in one change.
const WORKERS: usize = 8;

/// How many meetings a worker has at the most.
const ROOMS: u64 = 5;

/// The power goes so often in one life.
const CUTS: usize = 8;

/// After so many lives a new data directory is begun.
const CHAIN: u64 = 5;

#[test]
fn what_was_acknowledged_survives_the_loss_of_power() {
    let lives = number("BEADLE_POWER_CUTS").unwrap_or(20);
    let result = Run::new("power", Faults::default()).lives(lives);
    assert!(result.acknowledged > 0, "nothing was acknowledged");
    assert_eq!(result.losses, Vec::<String>::new());
}

/// The test above is worth something: it goes red when the writer does not sync.
#[test]
fn without_the_writers_sync_a_loss_is_found() {
    let faults = Faults { ignore_sync: Some("fdatasync"), ..Faults::default() };
    let result = Run::new("power without fdatasync", faults).lives(20);
    assert!(!result.losses.is_empty(), "no loss was found");
}

/// Names have to reach the disk too.
#[test]
fn without_the_syncs_of_the_start_a_loss_is_found() {
    let faults = Faults { ignore_sync: Some("fsync"), ..Faults::default() };
    let result = Run::new("power without fsync", faults).lives(20);
    assert!(!result.losses.is_empty(), "no loss was found");
}

/// After a failed sync nobody knows what the disk holds, so nothing is acknowledged any more, and
/// what was acknowledged before is there.
#[test]
fn after_a_failed_sync_nothing_is_acknowledged() {
    let faults = Faults { fail_sync: Some(20), ..Faults::default() };
    let result = Run::new("power with a failing disk", faults).lives(5);
    assert!(result.acknowledged > 0, "nothing was acknowledged");
    assert_eq!(result.losses, Vec::<String>::new());
}

/// If the journal missed a way to change files, the other tests would prove nothing.
#[test]
fn the_shim_sees_everything() {
    let place = Place::new();
    let (root, journal) = (place.root(0), place.journal(0));
    let before = Medium::of(&root);
    let mut process = start(&root, &journal, Faults::default());
    assert_eq!(process.hear().as_deref(), Some("open"));
    thread::sleep(Duration::from_millis(200));
    assert!(process.stop());
    let journal = Journal::read(&journal);
    let mut medium = before;
    medium.play(&journal, 0, journal.len());
    let replayed = place.folder.path().join("replayed");
    medium.write(&replayed, Unsynced::Kept);
    assert!(journal.len() > 100);
    assert!(crate::directory::listing(&root) == crate::directory::listing(&replayed));
}

/// Folders of a run.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        fs::create_dir(place.root(0)).expect("a folder");
        place
    }

    /// The disk at the beginning of a life.
    fn root(&self, life: u64) -> PathBuf {
        self.folder.path().canonicalize().expect("a folder").join(format!("root-{life}"))
    }

    fn journal(&self, life: u64) -> PathBuf {
        self.folder.path().join(format!("journal-{life}"))
    }
}

fn start(root: &Path, journal: &Path, faults: Faults) -> crate::process::Process {
    let variables = [(ROOT, root.as_os_str()), ("RUST_BACKTRACE", OsStr::new("0"))];
    shim::start(Part::Change, &variables, (root, journal), faults)
}

/// Lives and deaths, with what came of them.
struct Run {
    what: &'static str,
    faults: Faults,
    random: StdRng,
    cuts: usize,
    opening: usize,
    first_start: usize,
    acknowledged: usize,
    losses: Vec<String>,
}

/// A moment at which the power goes.
struct Cut {
    step: usize,
    opening: bool,
    partly: bool,
    seed: u64,
}

impl Run {
    fn new(what: &'static str, faults: Faults) -> Self {
        Self {
            what,
            faults,
            random: chance(what),
            cuts: 0,
            opening: 0,
            first_start: 0,
            acknowledged: 0,
            losses: Vec::new(),
        }
    }

    /// Lives until there were enough or something was lost.
    fn lives(mut self, count: u64) -> Self {
        let mut lived = 0;
        while lived < count && self.losses.is_empty() {
            let place = Place::new();
            let mut known = [0; WORKERS];
            for life in 0..CHAIN.min(count - lived) {
                lived += 1;
                known = self.live(&place, life, known);
                if !self.losses.is_empty() {
                    break;
                }
            }
        }
        tell(&format!(
            "{}: {lived} lives, the power cut {} times ({} while opening, {} of these at the very first start), {} changes acknowledged, {} cuts with a loss",
            self.what,
            self.cuts,
            self.opening,
            self.first_start,
            self.acknowledged,
            self.losses.len()
        ));
        self
    }

    /// One life from start to kill, judged at several cuts; the next life goes on from one of
    /// them. Returns what is known to be on that disk.
    fn live(&mut self, place: &Place, life: u64, known: [u64; WORKERS]) -> [u64; WORKERS] {
        let (root, path) = (place.root(life), place.journal(life));
        let mut medium = Medium::of(&root);
        let mut process = start(&root, &path, self.faults);
        if self.random.random_range(0..4) == 0 {
            thread::sleep(Duration::from_millis(self.random.random_range(0..100)));
        } else if process.hear().is_some() {
            thread::sleep(Duration::from_millis(self.random.random_range(10..250)));
        }
        process.kill();
        let journal = Journal::read(&path);
        let cuts = self.choose(&journal);
        let onward = self.random.random_range(0..cuts.len());
        let mut then = known;
        let mut played = 0;
        for (number, cut) in cuts.iter().enumerate() {
            medium.play(&journal, played, cut.step);
            played = cut.step;
            let book = Book::read(&medium, known);
            let image = place.folder.path().join(format!("image-{life}-{number}"));
            cut.write(&medium, &image);
            self.note(cut, known == [0; WORKERS] && life == 0);
            if let Err(loss) = book.judge(&image) {
                let how = if cut.partly { "partly written" } else { "synced" };
                let opening = if cut.opening { ", opening" } else { "" };
                let (step, all) = (cut.step, journal.len());
                self.losses
                    .push(format!("life {life}, step {step} of {all}{opening}, {how}: {loss}"));
            }
            if number == onward {
                cut.write(&medium, &place.root(life + 1));
                // Each life has a book of its own.
                let _ = fs::remove_file(place.root(life + 1).join(BOOK));
                then = book.acknowledged;
            }
            fs::remove_dir_all(image).expect("a folder");
        }
        medium.play(&journal, played, journal.len());
        self.acknowledged += Book::read(&medium, known).lines;
        then
    }

    /// Moments of a life in their order, half of them before its store was open.
    fn choose(&mut self, journal: &Journal) -> Vec<Cut> {
        let end = journal.len();
        let open = journal.position_of(b"open\n").unwrap_or(end);
        let mut cuts: Vec<_> = (0..CUTS)
            .map(|number| {
                let opening = number % 2 == 0 || open == end;
                let step = match opening {
                    true => self.random.random_range(0..=open),
                    false => self.random.random_range(open..=end),
                };
                Cut { step, opening, partly: self.random.random(), seed: self.random.random() }
            })
            .collect();
        cuts.sort_by_key(|cut| cut.step);
        cuts
    }

    fn note(&mut self, cut: &Cut, first: bool) {
        self.cuts += 1;
        self.opening += usize::from(cut.opening);
        self.first_start += usize::from(cut.opening && first);
    }
}

impl Cut {
    fn write(&self, medium: &Medium<'_>, to: &Path) {
        if self.partly {
            medium.write(to, Unsynced::Partly(&mut StdRng::seed_from_u64(self.seed)));
        } else {
            medium.write(to, Unsynced::Lost);
        }
    }
}

/// What was acknowledged at a moment: each worker's last version.
struct Book {
    acknowledged: [u64; WORKERS],
    lines: usize,
}

impl Book {
    fn read(medium: &Medium<'_>, known: [u64; WORKERS]) -> Self {
        let mut book = Self { acknowledged: known, lines: 0 };
        let text = String::from_utf8(medium.seen(BOOK)).expect("text");
        for line in text.lines() {
            if let Some((worker, version)) = line.split_once(' ') {
                let worker: usize = worker.parse().expect("a worker");
                book.acknowledged[worker] = version.parse().expect("a version");
                book.lines += 1;
            }
        }
        book
    }

    /// Opens the store on a disk and compares.
    fn judge(&self, image: &Path) -> Result<(), String> {
        let opened = catch_unwind(AssertUnwindSafe(|| Store::open(&image.join(DATA))));
        let store = match opened {
            Ok(Ok(store)) => store,
            Ok(Err(error)) => return Err(format!("it does not open: {error}")),
            Err(_) => return Err("it does not open: a panic".to_owned()),
        };
        let state = State::clone(&store.state());
        store.close();
        let losses: Vec<_> = (0..WORKERS).filter_map(|worker| self.lost(&state, worker)).collect();
        if losses.is_empty() { Ok(()) } else { Err(losses.join("; ")) }
    }

    /// A worker has one change under way at a time, so at most the next version may be there.
    fn lost(&self, state: &State, worker: usize) -> Option<String> {
        let (found, acknowledged) = (version(state, worker), self.acknowledged[worker]);
        if found < acknowledged {
            return Some(format!("worker {worker}: {found} instead of {acknowledged}"));
        }
        if found > acknowledged + 1 {
            return Some(format!("worker {worker}: {found}, but {acknowledged} was the last"));
        }
        let server = server(worker, 0).id;
        let mut rooms: Vec<_> =
            state.meetings_on(&server).map(|room| Meeting::clone(room)).collect();
        rooms.sort_by(|a, b| a.id.cmp(&b.id));
        (rooms != rooms_at(worker, found))
            .then(|| format!("worker {worker}: half of version {found}: {rooms:?}"))
    }
}

/// The part of the process that is killed: opens the store and lets all workers change it.
pub(crate) fn change_without_end() {
    let root = PathBuf::from(std::env::var_os(ROOT).expect("a root"));
    let mut book =
        OpenOptions::new().create(true).append(true).open(root.join(BOOK)).expect("a book");
    let store = Store::open(&root.join(DATA)).expect("a store");
    for worker in 0..WORKERS {
        let seen = version(&store.state(), worker);
        // What a reader has seen must not go away either.
        book.write_all(format!("{worker} {seen}\n").as_bytes()).expect("a line");
    }
    book.write_all(b"open\n").expect("a line");
    say("open");
    let book = Arc::new(book);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    thread::spawn(move || {
        let workers = (0..WORKERS).map(|worker| work(store.clone(), worker, Arc::clone(&book)));
        runtime.block_on(futures_util::future::join_all(workers));
    });
    wait_for_the_end();
    // No destructors: a thread is still at work.
    std::process::exit(0);
}

async fn work(store: Store, worker: usize, book: Arc<File>) {
    let mut next = version(&store.state(), worker) + 1;
    loop {
        let change = store.change(move |draft| {
            apply(draft, worker, next);
            Ok::<(), Infallible>(())
        });
        if change.await.is_ok() {
            (&*book).write_all(format!("{worker} {next}\n").as_bytes()).expect("a line");
            next += 1;
        } else {
            // A store that has failed must stay so, however often it is asked.
            tokio::task::yield_now().await;
        }
    }
}

/// The version of a worker's records, 0 where there are none.
fn version(state: &State, worker: usize) -> u64 {
    state.server(&server(worker, 0).id).and_then(|server| server.max_users).unwrap_or(0).into()
}

/// One change over both kinds of records: the server carries the version, and a room in turn is
/// put or, every third time, removed.
fn apply(draft: &mut Draft, worker: usize, version: u64) {
    draft.put_server(server(worker, version));
    let room = room(worker, version);
    if removes(version) {
        draft.remove_meeting(&room.tenant, &room.id);
    } else {
        draft.put_meeting(room);
    }
}

fn removes(version: u64) -> bool {
    (version / ROOMS) % 3 == 2
}

/// The rooms that a worker has at a version, in the order of their ids.
fn rooms_at(worker: usize, version: u64) -> Vec<Meeting> {
    let last = |room: u64| (1..=version).rev().take(5).find(|version| version % ROOMS == room);
    let versions = (0..ROOMS).filter_map(last).filter(|version| !removes(*version));
    versions.map(|version| room(worker, version)).collect()
}

fn server(worker: usize, version: u64) -> Server {
    Server {
        id: ServerId::from(format!("server-{worker}")),
        url: ServerUrl::exact("https://bbb.example.org/bigbluebutton/api").expect("an address"),
        secret: Secret::new("secret").expect("a secret"),
        capacity: Capacity::default(),
        tag: None,
        state: ServerState::Enabled,
        max_meetings: None,
        max_users: u32::try_from(version).ok(),
    }
}

fn room(worker: usize, version: u64) -> Meeting {
    let length = usize::try_from(version * 37 % 900).expect("a length");
    Meeting {
        tenant: TenantId::from(format!("tenant-{worker}")),
        id: MeetingId::from(format!("room-{}", version % ROOMS)),
        internal_id: format!("{worker}-{version}").into(),
        alias: None,
        server: server(worker, 0).id,
        moderator_pw: "x".repeat(length).into(),
        voice_bridge: "".into(),
        created_ms: version,
        expected_people: 20,
    }
}
