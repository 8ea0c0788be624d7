//! The timetable of a campus: what is taught when, week by week the same.
//!
//! 690 classes a day begin in six waves, the largest at 08:00: 200 within 60 seconds. Seven in ten
//! are seminars, a quarter courses, the others lectures; they have from 5 to 400 people enrolled,
//! most of them few. Some classes meet on two days, under the same meetingID. One in twenty is not
//! on the timetable: its meetingID is never seen again.

use rand::RngExt as _;
use rand::rngs::StdRng;

use crate::chance::{around, between, happens, skewed, source};

/// Milliseconds.
pub(crate) const SECOND: u64 = 1000;
pub(crate) const MINUTE: u64 = 60 * SECOND;
pub(crate) const HOUR: u64 = 60 * MINUTE;
pub(crate) const DAY: u64 = 24 * HOUR;
pub(crate) const WEEK: u64 = 7 * DAY;

/// The days of a week on which there is teaching.
pub(crate) const DAYS: u64 = 5;

/// How a class is taught, which decides how many cameras and microphones are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A few people who see each other.
    Seminar,
    /// Some who ask questions.
    Course,
    /// Many who listen.
    Lecture,
}

/// A class of the timetable: it has the same meetingID whenever it meets.
#[derive(Debug, Clone)]
pub(crate) struct Class {
    /// Its meetingID.
    pub(crate) id: String,
    pub(crate) kind: Kind,
    /// Whether it is no class of the timetable, but somebody's who meets once: another week it is
    /// another meeting.
    pub(crate) once: bool,
    /// How many people could come.
    pub(crate) enrolled: f64,
    /// Which part of them does on a usual day.
    pub(crate) attendance: f64,
    /// When its front end creates the meeting, in milliseconds since the week began.
    pub(crate) begins: u64,
    /// Which part of them has a microphone open on a usual day, and which a camera.
    pub(crate) voice: f64,
    pub(crate) cameras: f64,
    /// How long people stay, in milliseconds.
    pub(crate) lasts: u64,
}

/// A wave of classes that begin together.
struct Wave {
    hour: u64,
    classes: usize,
    /// They begin within so many milliseconds.
    within: u64,
}

const WAVES: [Wave; 6] = [
    Wave { hour: 8, classes: 200, within: MINUTE },
    Wave { hour: 10, classes: 150, within: 5 * MINUTE },
    Wave { hour: 12, classes: 90, within: 5 * MINUTE },
    Wave { hour: 14, classes: 130, within: 5 * MINUTE },
    Wave { hour: 16, classes: 80, within: 5 * MINUTE },
    Wave { hour: 18, classes: 40, within: 10 * MINUTE },
];

/// How often a class is one that met two days before.
const AGAIN: f64 = 0.2;

/// How often somebody meets who is not on the timetable.
const ONCE: f64 = 0.05;

/// The classes of a week, in the order in which they begin.
pub(crate) fn week(seed: u64) -> Vec<Class> {
    let mut chance = source(seed, 1);
    let mut classes: Vec<Class> = Vec::new();
    for day in 0..DAYS {
        let two_days_ago = |class: &&Class| class.begins / DAY + 2 == day && !class.once;
        let mut once_more: Vec<_> = classes.iter().filter(two_days_ago).cloned().collect();
        for (wave, Wave { hour, classes: count, within }) in WAVES.iter().enumerate() {
            for place in 0..*count {
                let begins = day * DAY + hour * HOUR + chance.random_range(0..*within);
                let again = !once_more.is_empty() && happens(&mut chance, AGAIN);
                let class = if again {
                    once_more.swap_remove(chance.random_range(0..once_more.len()))
                } else {
                    class(&mut chance, format!("class-{day}-{wave}-{place}"))
                };
                classes.push(Class { begins, ..class });
            }
        }
    }
    classes.sort_by_key(|class| class.begins);
    classes
}

/// A class of its own; when it begins is still open.
fn class(chance: &mut StdRng, id: String) -> Class {
    let once = happens(chance, ONCE);
    let kind = match chance.random_range(0..100) {
        _ if once => Kind::Seminar,
        0..70 => Kind::Seminar,
        70..94 => Kind::Course,
        _ => Kind::Lecture,
    };
    let enrolled = match kind {
        Kind::Seminar => skewed(chance, 15.0, 0.4).clamp(5.0, 40.0),
        Kind::Course => skewed(chance, 45.0, 0.35).clamp(15.0, 120.0),
        Kind::Lecture => skewed(chance, 160.0, 0.45).clamp(60.0, 400.0),
    };
    let lasts = match chance.random_range(0..100) {
        0..10 => 45 * MINUTE,
        10..88 => 90 * MINUTE,
        _ => 180 * MINUTE,
    };
    let attendance = around(chance, 0.8, 0.08).clamp(0.5, 1.0);
    let (voice, cameras) = match kind {
        Kind::Seminar => (between(chance, 0.4, 0.9), between(chance, 0.2, 0.8)),
        Kind::Course => (between(chance, 0.1, 0.4), between(chance, 0.0, 0.3)),
        Kind::Lecture => (between(chance, 0.0, 0.05), between(chance, 0.0, 0.02)),
    };
    let lasts = lasts + chance.random_range(0..5 * MINUTE);
    Class { id, kind, once, enrolled, attendance, voice, cameras, begins: 0, lasts }
}
