//! Who comes to the classes of a fortnight, when, and how long they stay.
//!
//! Most people come within ten minutes. Attendance varies from week to week, and so do cameras and
//! microphones. To one class in twenty nobody or hardly anybody comes; small ones are cancelled
//! more often than lectures.

use rand::RngExt as _;
use rand::rngs::StdRng;

use crate::chance::{around, between, source};
use crate::timetable::{Class, Kind, MINUTE, WEEK, week};

/// BBB ends a meeting to which nobody came, and one that all have left.
const NOBODY_CAME: u64 = 5 * MINUTE;
const ALL_LEFT: u64 = MINUTE;

/// People whose class was lost are back within this time.
const BACK_WITHIN: u64 = 3 * MINUTE;

/// One meeting of one class. Times are in milliseconds since the fortnight began.
#[derive(Debug, Clone)]
pub(crate) struct Lesson {
    /// Its meetingID.
    pub(crate) id: String,
    /// When it is created.
    pub(crate) begins: u64,
    /// When BBB ends it.
    pub(crate) ends: u64,
    /// When people come and when they go, both in order.
    arrivals: Vec<u64>,
    departures: Vec<u64>,
    /// Which part of the people has a microphone or a camera open.
    voice: f64,
    cameras: f64,
}

/// What a server would list of a meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Present {
    pub(crate) people: u32,
    pub(crate) moderators: u32,
    pub(crate) voices: u32,
    pub(crate) cameras: u32,
}

impl Present {
    /// The true load.
    pub(crate) fn load(self) -> f64 {
        f64::from(self.people) + 0.5 * f64::from(self.voices) + 0.5 * f64::from(self.cameras)
    }
}

impl Lesson {
    /// Who is there at a moment.
    pub(crate) fn present(&self, now: u64) -> Present {
        self.of(self.came(now) - count(&self.departures, now))
    }

    /// How many have come up to a moment.
    pub(crate) fn came(&self, now: u64) -> u32 {
        count(&self.arrivals, now)
    }

    /// The highest load up to a moment.
    pub(crate) fn most(&self, now: u64) -> u32 {
        let arrivals = self.arrivals.iter().take_while(|&&at| at <= now);
        let most = arrivals.map(|&at| self.present(at).people).max();
        round(self.of(most.unwrap_or(0)).load().ceil())
    }

    /// The same class once more after its server was lost: those who were there come back, and
    /// the others come when they would have. None if all would have left by then.
    pub(crate) fn anew(&self, begins: u64) -> Option<Self> {
        let gone = self.departures.partition_point(|&at| at <= begins);
        let mut departures = self.departures.clone();
        departures.drain(..gone);
        let staying = departures.len();
        if staying == 0 {
            return None;
        }
        let mut arrivals = self.arrivals[self.arrivals.len() - staying..].to_vec();
        for (place, arrival) in arrivals.iter_mut().enumerate() {
            *arrival = (*arrival).max(begins + BACK_WITHIN * place as u64 / staying as u64);
        }
        arrivals.sort_unstable();
        Some(Self { begins, arrivals, departures, ..self.clone() })
    }

    fn of(&self, people: u32) -> Present {
        let part = |part: f64| round(f64::from(people) * part).max(u32::from(people > 0));
        Present {
            people,
            moderators: people.min(1 + people / 100),
            voices: part(self.voice),
            cameras: part(self.cameras),
        }
    }
}

/// Every lesson of the fortnight, in the order in which they begin.
pub(crate) fn fortnight(seed: u64) -> Vec<Lesson> {
    let timetable = week(seed);
    let mut lessons = Vec::new();
    for week in 0..2 {
        let mut chance = source(seed, 2 + week);
        for planned in &timetable {
            let begins = week * WEEK + planned.begins;
            let lesson = lesson(&mut chance, planned, begins);
            let id = if planned.once { format!("{}-{week}", lesson.id) } else { lesson.id };
            lessons.push(Lesson { id, ..lesson });
        }
    }
    lessons
}

fn lesson(chance: &mut StdRng, class: &Class, begins: u64) -> Lesson {
    // How often nobody comes, and as often again only a few.
    let missing = match class.kind {
        Kind::Seminar => 0.04,
        Kind::Course => 0.02,
        Kind::Lecture => 0.01,
    };
    let part = match chance.random::<f64>() / missing {
        ..1.0 => 0.0,
        ..2.0 => between(chance, 0.1, 0.4),
        _ => around(chance, 1.0, 0.08).clamp(0.7, 1.25),
    };
    let people = round((class.enrolled * class.attendance * part).min(class.enrolled));
    let mut arrivals: Vec<u64> = (0..people).map(|_| begins + minutes(chance, 4.0, 3.0)).collect();
    let end = begins + class.lasts;
    let mut departures: Vec<u64> = (0..people).map(|_| end + minutes(chance, 2.0, 1.0)).collect();
    arrivals.sort_unstable();
    departures.sort_unstable();
    let ends = departures.last().map_or(begins + NOBODY_CAME, |&last| last + ALL_LEFT);
    let mut usual = |part: f64| (part * around(chance, 1.0, 0.1)).clamp(0.0, 1.0);
    let (voice, cameras) = (usual(class.voice), usual(class.cameras));
    Lesson { id: class.id.clone(), begins, ends, arrivals, departures, voice, cameras }
}

/// A bell-shaped time of at least nothing.
fn minutes(chance: &mut StdRng, mean: f64, deviation: f64) -> u64 {
    let minutes = around(chance, mean, deviation).max(0.0);
    u64::from(round(minutes * 60_000.0))
}

fn count(times: &[u64], now: u64) -> u32 {
    u32::try_from(times.partition_point(|&at| at <= now)).unwrap_or(u32::MAX)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small figures")]
fn round(figure: f64) -> u32 {
    figure.round().max(0.0) as u32
}
