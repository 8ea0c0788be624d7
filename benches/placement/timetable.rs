//! The timetable of a campus: what is taught when, week by week the same.
//!
//! 830 classes a week begin in six waves a day, the largest at 08:00: 200 within 60 seconds. Seven in
//! ten are seminars, a quarter courses, six in a hundred lectures; they have from 5 to 400 people
//! enrolled, most of them few. Some classes meet on two days, under the same meetingID.

use rand::RngExt as _;
use rand::rngs::StdRng;

use crate::chance::{around, between, happens, skewed, source};

/// Milliseconds.
pub const SECOND: u64 = 1000;
pub const MINUTE: u64 = 60 * SECOND;
pub const HOUR: u64 = 60 * MINUTE;
pub const DAY: u64 = 24 * HOUR;
pub const WEEK: u64 = 7 * DAY;

/// The days of a week on which there is teaching.
pub const DAYS: u64 = 5;

/// How a class is taught, which decides how many cameras and microphones are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A few people who see each other.
    Seminar,
    /// Some who ask questions.
    Course,
    /// Many who listen.
    Lecture,
}

/// A class of the timetable: it has the same meetingID whenever it meets.
#[derive(Debug, Clone)]
pub struct Class {
    /// Its meetingID.
    pub id: String,
    pub kind: Kind,
    /// How many people could come.
    pub enrolled: f64,
    /// Which part of them does on a usual day.
    pub attendance: f64,
    /// When its front end creates the meeting, in milliseconds since the week began.
    pub begins: u64,
    /// How long people stay, in milliseconds.
    pub lasts: u64,
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

/// One class in so many slots is the second meeting of a class that met two days before.
const SECOND_MEETING: f64 = 0.2;

/// The classes of a week, in the order in which they begin.
pub fn week(seed: u64) -> Vec<Class> {
    let mut chance = source(seed, 1);
    let mut classes: Vec<Class> = Vec::new();
    for day in 0..DAYS {
        for (wave, Wave { hour, classes: count, within }) in WAVES.iter().enumerate() {
            for place in 0..*count {
                let begins = day * DAY + hour * HOUR + chance.random_range(0..*within);
                let again = day >= 2 && happens(&mut chance, SECOND_MEETING);
                let earlier = again.then(|| chance.random_range(0..classes.len()));
                let class = match earlier.and_then(|earlier| classes.get(earlier)) {
                    Some(class) if class.begins / DAY + 2 <= day => class.clone(),
                    _ => class(&mut chance, None, format!("class-{day}-{wave}-{place}")),
                };
                classes.push(Class { begins, ..class });
            }
        }
    }
    classes.sort_by_key(|class| class.begins);
    classes
}

/// A class of its own; when it begins is still open.
pub fn class(chance: &mut StdRng, kind: Option<Kind>, id: String) -> Class {
    let kind = kind.unwrap_or_else(|| match chance.random_range(0..100) {
        0..70 => Kind::Seminar,
        70..94 => Kind::Course,
        _ => Kind::Lecture,
    });
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
    let late = between(chance, 0.0, 5.0 * 60_000.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "5 minutes")]
    Class { id, kind, enrolled, attendance, begins: 0, lasts: lasts + late as u64 }
}
