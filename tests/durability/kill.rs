//! beadle is killed at random moments; what front ends were told is true afterwards.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::IteratorRandom as _;
use tempfile::TempDir;

use crate::front_end::FrontEnd;
use crate::medium::{Journal, Medium, Unsynced};
use crate::site::{Beadle, Servers, Serving};
use crate::tally::{chance, number, tell};

/// Front ends that call at once.
const FRONT_ENDS: u64 = 8;

/// So many older meetings are looked at after each restart; at the end all are.
const SAMPLE: usize = 40;

#[test]
fn what_was_acknowledged_survives_kill_9() {
    Story::new("kill -9", Ends::ByKill).tell(number("BEADLE_KILLS").unwrap_or(20));
}

/// The same for a loss of power, from request to answer. The power tests proper cut at more
/// moments.
#[test]
fn what_front_ends_were_told_survives_the_loss_of_power() {
    Story::new("power, through HTTP", Ends::ByPowerCut)
        .tell(number("BEADLE_POWER_CUTS").unwrap_or(20).div_ceil(4));
}

/// How a life ends.
#[derive(Clone, Copy, PartialEq)]
enum Ends {
    ByKill,
    ByPowerCut,
}

/// What front ends know of a meeting.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Created,
    /// The end was asked for and not acknowledged.
    Unclear,
    Ended,
}

/// Lives of one beadle after another over one pool of servers.
struct Story {
    what: &'static str,
    ends: Ends,
    random: StdRng,
    servers: Servers,
    folder: TempDir,
    known: BTreeMap<String, Fate>,
    lost: Vec<String>,
}

impl Story {
    fn new(what: &'static str, ends: Ends) -> Self {
        Self {
            what,
            ends,
            random: chance(what),
            servers: Servers::start(3),
            folder: tempfile::tempdir().expect("a temporary folder"),
            known: BTreeMap::new(),
            lost: Vec::new(),
        }
    }

    fn tell(mut self, lives: u64) {
        fs::create_dir(self.root(0)).expect("a folder");
        for life in 0..lives {
            self.live(life);
        }
        let mut beadle = Beadle::start(&self.data(lives));
        let Serving { front_end, .. } = beadle.serving().expect("a beadle that starts");
        for (id, fate) in &self.known {
            self.lost.extend(lost(&self.servers, front_end, id, *fate));
        }
        assert!(beadle.stop(), "beadle stops in good order");
        let count = |fate| self.known.values().filter(|known| **known == fate).count();
        let (created, ended) = (count(Fate::Created), count(Fate::Ended));
        tell(&format!(
            "{}: {lives} lives, {created} creates and {ended} ends acknowledged, {} lost",
            self.what,
            self.lost.len()
        ));
        assert!(created > 0, "nothing was acknowledged");
        assert_eq!(self.lost, Vec::<String>::new());
    }

    /// From a start to a sudden end.
    fn live(&mut self, life: u64) {
        let (root, journal) = (self.root(life), self.folder.path().join(format!("journal-{life}")));
        let medium = Medium::of(&root);
        let mut beadle = match self.ends {
            Ends::ByKill => Beadle::start(&self.data(life)),
            Ends::ByPowerCut => Beadle::start_journalled(&self.data(life), (&root, &journal)),
        };
        if life > 0 && self.random.random_range(0..4) == 0 {
            thread::sleep(Duration::from_millis(self.random.random_range(0..100)));
            beadle.kill();
        } else {
            let serving = beadle.serving().expect("a beadle that starts");
            self.look(serving.front_end, life);
            self.work(life, &serving, &mut beadle);
        }
        self.pass_on(life, medium, &journal);
    }

    /// Front ends create and end meetings until beadle is gone.
    fn work(&mut self, life: u64, serving: &Serving, beadle: &mut Beadle) {
        if life == 0 {
            self.servers.add_to(&serving.operator);
        }
        assert_eq!(serving.operator.post("/poll", "").expect("an answer").status, 200);
        let front_end = serving.front_end;
        let calls = (0..FRONT_ENDS)
            .map(|number| thread::spawn(move || call_until_it_fails(front_end, life, number)));
        let calls: Vec<_> = calls.collect();
        thread::sleep(Duration::from_millis(self.random.random_range(20..300)));
        beadle.kill();
        for call in calls {
            self.known.extend(call.join().expect("a front end"));
        }
    }

    /// Compares what beadle says with what it said before.
    fn look(&mut self, front_end: FrontEnd, life: u64) {
        let latest = format!("{}-", life.saturating_sub(1));
        let (new, old): (Vec<_>, Vec<_>) =
            self.known.iter().partition(|(id, _)| id.starts_with(&latest));
        let old = old.into_iter().sample(&mut self.random, SAMPLE);
        for (id, fate) in new.into_iter().chain(old) {
            self.lost.extend(lost(&self.servers, front_end, id, *fate));
        }
    }

    /// Hands the disk on to the next life.
    fn pass_on(&self, life: u64, medium: Medium<'_>, journal: &Path) {
        if self.ends == Ends::ByPowerCut {
            let journal = Journal::read(journal);
            let mut medium = medium;
            medium.play(&journal, 0, journal.len());
            medium.write(&self.root(life + 1), Unsynced::Lost);
        }
    }

    fn root(&self, life: u64) -> PathBuf {
        let life = if self.ends == Ends::ByKill { 0 } else { life };
        self.folder.path().canonicalize().expect("a folder").join(format!("root-{life}"))
    }

    fn data(&self, life: u64) -> PathBuf {
        self.root(life).join("data")
    }
}

fn call_until_it_fails(front_end: FrontEnd, life: u64, number: u64) -> BTreeMap<String, Fate> {
    let mut known = BTreeMap::new();
    let mut count = 0;
    while call(front_end, &format!("{life}-{number}-{count}"), &mut known).is_ok() {
        count += 1;
    }
    known
}

/// Creates a meeting, and ends every third.
fn call(front_end: FrontEnd, id: &str, known: &mut BTreeMap<String, Fate>) -> io::Result<()> {
    let answer = front_end.create(id)?;
    assert!(answer.succeeded(), "{}", answer.body);
    known.insert(id.to_owned(), Fate::Created);
    if id.ends_with(['2', '5', '8']) {
        known.insert(id.to_owned(), Fate::Unclear);
        let answer = front_end.end(id)?;
        assert!(answer.succeeded(), "{}", answer.body);
        known.insert(id.to_owned(), Fate::Ended);
    }
    Ok(())
}

/// What is wrong with a meeting.
fn lost(servers: &Servers, front_end: FrontEnd, id: &str, fate: Fate) -> Option<String> {
    let info = front_end.info(id).expect("an answer");
    let join = front_end.join(id).expect("an answer");
    match fate {
        Fate::Unclear => None,
        Fate::Ended if join.status != 302 && info.text("messageKey") == Some("notFound") => None,
        Fate::Ended => Some(format!("{id} was ended and is back: {}", info.body)),
        Fate::Created if !info.succeeded() => Some(format!("{id} is not found: {}", info.body)),
        Fate::Created => {
            let location = join.location.unwrap_or_default();
            match servers.with_meeting(id)[..] {
                [server] if location.starts_with(&server.url()) => None,
                ref servers => Some(format!("{id} is on {} servers, {location}", servers.len())),
            }
        }
    }
}
