//! The power goes at random moments; what was acknowledged is there when it is back.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tempfile::TempDir;

use crate::medium::{Journal, Medium, Unsynced};
use crate::process::{Part, Process};
use crate::shim::{self, Faults};
use crate::tally::{chance, number, tell};
use crate::work::{BOOK, Book, DATA, NOTHING, OPEN, ROOT, Versions};

/// The power goes so often in one life.
const CUTS: usize = 8;

/// So many restarts are looked at step by step.
const RESTARTS: u64 = 4;

/// Each worker has made at least so many changes before a restart, enough for some of the log to
/// have become superfluous.
const VERSIONS: u64 = 100;

/// After so many lives a new data directory is begun.
const CHAIN: u64 = 5;

#[test]
fn what_was_acknowledged_survives_the_loss_of_power() {
    let lives = number("BEADLE_POWER_CUTS").unwrap_or(20);
    let result = Run::new("power", Faults::default()).lives(lives);
    assert!(result.acknowledged > 0, "nothing was acknowledged");
    assert_eq!(result.losses, Vec::<String>::new());
}

/// The first start, and restarts after a kill in full flight, each of which finds old parts of the
/// log to free.
#[test]
fn the_power_may_go_at_every_step_of_a_start() {
    let mut run = Run::new("power, step by step", Faults::default());
    let place = Place::new();
    let (root, path) = (place.root(0), place.journal(0));
    let before = Medium::of(&root);
    let mut starts = Vec::new();
    for life in 1..=RESTARTS + 1 {
        let from = Journal::read(&path).len();
        let mut process = start(&root, &path, run.faults);
        assert_eq!(process.hear().as_deref(), Some("open"));
        let versions = life * VERSIONS + run.random.random_range(0..VERSIONS);
        let reached = || Book::read_file(&root.join(BOOK)).acknowledged.into_iter().min();
        while reached() < Some(versions) {
            thread::yield_now();
        }
        shim::kill(&mut process, &path);
        starts.push(from);
    }
    let journal = Journal::read(&path);
    let mut medium = before;
    let mut played = 0;
    for from in starts {
        let open = journal.position_of(OPEN, from).expect("a start");
        medium.play(&journal, played, from);
        run.step_by_step((&mut medium, &journal), from..open, &place);
        played = open;
        if from == 0 {
            run.first_start = run.opening;
        }
    }
    run.acknowledged = Book::read_file(&root.join(BOOK)).lines;
    run.report(RESTARTS + 1);
    assert_eq!(run.losses, Vec::<String>::new());
}

/// The tests above are worth something: they go red when the writer does not sync.
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
        let place = Self { folder: quick_folder() };
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

/// In memory where there is room, because most disks are built only to be looked at once.
fn quick_folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let free = rustix::fs::statvfs(memory).map_or(0, |facts| facts.f_bavail * facts.f_frsize);
    if free > 512 << 20
        && let Ok(folder) = tempfile::tempdir_in(memory)
    {
        return folder;
    }
    tempfile::tempdir().expect("a temporary folder")
}

fn start(root: &Path, journal: &Path, faults: Faults) -> Process {
    shim::start(Part::Change, &[(ROOT, root.as_os_str())], (root, journal), faults)
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
#[derive(Debug)]
struct Cut {
    step: usize,
    opening: bool,
    /// The seed of what else is on the disk; none when nothing is but what was synced.
    partly: Option<u64>,
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
            let mut known = NOTHING;
            for life in 0..CHAIN.min(count - lived) {
                lived += 1;
                known = self.live(&place, life, known);
                if !self.losses.is_empty() {
                    break;
                }
            }
        }
        self.report(lived);
        self
    }

    /// One life from start to kill, judged at several cuts; the next life goes on from one of
    /// them. Returns what is known to be on that disk.
    fn live(&mut self, place: &Place, life: u64, known: Versions) -> Versions {
        let (root, path) = (place.root(life), place.journal(life));
        let mut medium = Medium::of(&root);
        let mut process = start(&root, &path, self.faults);
        if self.random.random_range(0..4) == 0 {
            thread::sleep(Duration::from_millis(self.random.random_range(0..100)));
        } else if process.hear().is_some() {
            thread::sleep(Duration::from_millis(self.random.random_range(10..250)));
        }
        shim::kill(&mut process, &path);
        let journal = Journal::read(&path);
        let cuts = self.choose(&journal);
        let onward = self.random.random_range(0..cuts.len());
        let mut then = known;
        let mut played = 0;
        for (number, cut) in cuts.iter().enumerate() {
            medium.play(&journal, played, cut.step);
            played = cut.step;
            let book = Book::read(&medium, known);
            self.first_start += usize::from(cut.opening && life == 0 && known == NOTHING);
            self.judge(cut, &medium, &book, place);
            if number == onward {
                cut.write(&medium, &place.root(life + 1));
                // Each life has a book of its own.
                let _ = fs::remove_file(place.root(life + 1).join(BOOK));
                then = book.acknowledged;
            }
        }
        medium.play(&journal, played, journal.len());
        self.acknowledged += Book::read(&medium, known).lines;
        then
    }

    /// Moments of a life in their order, half of them before its store was open.
    fn choose(&mut self, journal: &Journal) -> Vec<Cut> {
        let end = journal.len();
        let open = journal.position_of(OPEN, 0).unwrap_or(end);
        let mut cuts: Vec<_> = (0..CUTS)
            .map(|number| {
                let opening = number % 2 == 0 || open == end;
                let moments = if opening { 0..=open } else { open..=end };
                let step = self.random.random_range(moments);
                let partly = self.random.random::<bool>().then(|| self.random.random());
                Cut { step, opening, partly }
            })
            .collect();
        cuts.sort_by_key(|cut| cut.step);
        cuts
    }

    /// Cuts the power at every step of a start. The disk that holds nothing but what was synced
    /// only changes at a sync.
    fn step_by_step<'j>(
        &mut self,
        (medium, journal): (&mut Medium<'j>, &'j Journal),
        steps: std::ops::Range<usize>,
        place: &Place,
    ) {
        for step in steps {
            let book = Book::read(medium, NOTHING);
            if medium.was_synced() {
                self.judge(&Cut { step, opening: true, partly: None }, medium, &book, place);
            }
            let partly = Some(self.random.random());
            self.judge(&Cut { step, opening: true, partly }, medium, &book, place);
            medium.play(journal, step, step + 1);
        }
    }

    /// Builds the disk and opens the store on it.
    fn judge(&mut self, cut: &Cut, medium: &Medium<'_>, book: &Book, place: &Place) {
        self.cuts += 1;
        self.opening += usize::from(cut.opening);
        let image = place.folder.path().join("image");
        cut.write(medium, &image);
        let judged = book.judge(&image.join(DATA));
        fs::remove_dir_all(&image).expect("a folder");
        if let Err(loss) = judged {
            self.losses.push(format!("{cut:?}: {loss}"));
            if let Some(folder) = std::env::var_os("BEADLE_KEEP_LOSS") {
                cut.write(medium, Path::new(&folder));
            }
        }
    }

    fn report(&self, lives: u64) {
        tell(&format!(
            "{}: {lives} lives, the power cut {} times ({} while opening, {} of these at the very first start), {} changes acknowledged, {} cuts with a loss",
            self.what,
            self.cuts,
            self.opening,
            self.first_start,
            self.acknowledged,
            self.losses.len()
        ));
    }
}

impl Cut {
    fn write(&self, medium: &Medium<'_>, to: &Path) {
        match self.partly {
            Some(seed) => medium.write(to, Unsynced::Partly(&mut StdRng::seed_from_u64(seed))),
            None => medium.write(to, Unsynced::Lost),
        }
    }
}
