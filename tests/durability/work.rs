//! The work that a power cut interrupts, and what is left of it.

use std::convert::Infallible;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use beadle::model::{
    Capacity, LostCopy, Meeting, MeetingId, Phase, Secret, Server, ServerId, ServerState,
    ServerUrl, Sitting, Size, TenantId,
};
use beadle::pool::placement::sizes;
use beadle::store::{Draft, State, Store};

use crate::medium::Medium;
use crate::process::{nothing_starts, say, wait_for_the_end};

/// Tells the working process where it works.
pub(crate) const ROOT: &str = "BEADLE_TEST_ROOT";

/// The data directory below the root: at the first start its parents are not there either.
pub(crate) const DATA: &str = "var/lib/beadle";

/// Where the working process writes down what was acknowledged. Never synced, and read as
/// processes see it.
pub(crate) const BOOK: &str = "book";

/// What is in the book when the store is open.
pub(crate) const OPEN: &[u8] = b"open\n";

/// Each has a server and some records of every other kind of its own, and changes one of each kind
/// in one change.
const WORKERS: usize = 8;

/// How many meetings a worker has at the most, and how many records of each other kind.
const ROOMS: u64 = 5;

/// How often each worker has changed its records.
pub(crate) type Versions = [u64; WORKERS];

/// A store that is empty.
pub(crate) const NOTHING: Versions = [0; WORKERS];

/// What was acknowledged at a moment: each worker's last version.
pub(crate) struct Book {
    pub(crate) acknowledged: Versions,
    pub(crate) lines: usize,
}

impl Book {
    /// The book of a process that found what is known already.
    pub(crate) fn read(medium: &Medium<'_>, known: Versions) -> Self {
        Self::of(&String::from_utf8(medium.seen(BOOK)).expect("text"), known)
    }

    /// The book as it is now.
    pub(crate) fn read_file(path: &Path) -> Self {
        Self::of(&fs::read_to_string(path).expect("a book"), NOTHING)
    }

    fn of(text: &str, known: Versions) -> Self {
        let mut book = Self { acknowledged: known, lines: 0 };
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
    pub(crate) fn judge(&self, data: &Path) -> Result<(), String> {
        let _guard = nothing_starts();
        let opened = catch_unwind(AssertUnwindSafe(|| Store::open(data)));
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
        let records = Records::of(state, worker);
        (records != Records::at(worker, found))
            .then(|| format!("worker {worker}: half of version {found}: {records:?}"))
    }
}

/// What a worker has besides its server, each kind in the order of its ids.
#[derive(Debug, PartialEq)]
struct Records {
    rooms: Vec<Meeting>,
    copies: Vec<LostCopy>,
    ended: Vec<(String, u64)>,
    sizes: Vec<Size>,
}

impl Records {
    fn of(state: &State, worker: usize) -> Self {
        let server = server(worker, 0).id;
        let rooms = state.meetings_on(&server).map(|room| Meeting::clone(room));
        let copies = state.copies_on(&server).map(|copy| LostCopy::clone(copy));
        let ended = state.all_ended().map(|(id, when)| (id.to_owned(), when));
        let sizes = (0..ROOMS).map(|number| room(worker, number));
        let sizes = sizes.filter_map(|room| state.size(&room.tenant, room.id.as_str()).copied());
        let mut records = Self {
            rooms: rooms.collect(),
            copies: copies.collect(),
            ended: ended.filter(|(id, _)| id.starts_with(&format!("ended-{worker}-"))).collect(),
            sizes: sizes.collect(),
        };
        records.rooms.sort_by(|a, b| a.id.cmp(&b.id));
        records.copies.sort_by(|a, b| a.internal_id.cmp(&b.internal_id));
        records.ended.sort();
        records
    }

    /// What there is to be at a version.
    fn at(worker: usize, version: u64) -> Self {
        let having = |kind: Kind| {
            let of = move |number: &u64| {
                let mut last = (1..=version).rev().take(5);
                last.find(|version| version % ROOMS == *number)
            };
            (0..ROOMS).filter_map(move |number| of(&number)).filter(move |it| !removes(kind, *it))
        };
        Self {
            rooms: having(Kind::Room).map(|version| room(worker, version)).collect(),
            copies: having(Kind::Copy).map(|version| copy(worker, version)).collect(),
            ended: having(Kind::Ended).map(|version| ended(worker, version)).collect(),
            sizes: having(Kind::Size).map(size).collect(),
        }
    }
}

/// The kinds of records that come and go.
#[derive(Clone, Copy)]
enum Kind {
    Room,
    Copy,
    Ended,
    Size,
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
    book.write_all(OPEN).expect("a line");
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

/// One change over all kinds of records: the server carries the version, and of each other kind a
/// record in turn is put or, every third time, removed.
fn apply(draft: &mut Draft, worker: usize, version: u64) {
    draft.put_server(server(worker, version));
    let room = room(worker, version);
    if removes(Kind::Size, version) {
        draft.remove_size(&room.tenant, room.id.as_str());
    } else {
        draft.put_size(&room.tenant, room.id.as_str(), size(version));
    }
    if removes(Kind::Room, version) {
        draft.remove_meeting(&room.tenant, &room.id);
    } else {
        draft.put_meeting(room);
    }
    let copy = copy(worker, version);
    if removes(Kind::Copy, version) {
        draft.remove_copy(&copy.server, &copy.internal_id);
    } else {
        draft.put_copy(copy);
    }
    let (ended, when) = ended(worker, version);
    if removes(Kind::Ended, version) {
        draft.remove_ended(&ended);
    } else {
        draft.put_ended(&ended, when);
    }
}

/// Not all kinds at the same time: some come while others go.
fn removes(kind: Kind, version: u64) -> bool {
    (version / ROOMS + kind as u64) % 3 == 2
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
        spare: version % 2 == 1,
    }
}

fn room(worker: usize, version: u64) -> Meeting {
    let length = usize::try_from(version * 37 % 900).expect("a length");
    let tenant = TenantId::from(format!("tenant-{worker}"));
    let id = MeetingId::from(format!("room-{}", version % ROOMS));
    Meeting {
        phase: Phase::Running,
        internal_id: format!("{worker}-{version}").into(),
        moderator_pw: "x".repeat(length).into(),
        ..Meeting::starting(tenant, id, server(worker, 0).id, version)
    }
}

fn copy(worker: usize, version: u64) -> LostCopy {
    let room = room(worker, version);
    LostCopy {
        tenant: room.tenant,
        id: room.id,
        server: room.server,
        internal_id: format!("copy-{}", version % ROOMS).into(),
        moderator_pw: room.moderator_pw,
        lost_ms: version,
    }
}

fn ended(worker: usize, version: u64) -> (String, u64) {
    (format!("ended-{worker}-{}", version % ROOMS), version)
}

fn size(version: u64) -> Size {
    let peak = u32::try_from(version % 500).expect("a number of people");
    let before = sizes::observe(None, peak + 1, version);
    sizes::see(before, Sitting { began_ms: version, peak }, version).0
}
