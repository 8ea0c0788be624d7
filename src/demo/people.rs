//! What people do and when: classes of all sizes, planned from a seed. Pure.
//!
//! A class is planned as a whole when it is due: who comes at which moment, cameras, people who
//! leave, and how it ends. As long as fewer people are planned than there are to be, further
//! classes are due.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};

/// A class from its begin to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Class {
    /// Its meetingID.
    pub(super) id: String,
    /// What it is called.
    pub(super) name: String,
    /// How many people are enrolled, whether they come or not.
    pub(super) enrolled: u32,
    /// What happens after it was created, in order.
    pub(super) steps: Vec<Step>,
}

/// Something that happens in a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// When, from its creation.
    pub(super) at: Duration,
    /// What.
    pub(super) act: Act,
}

/// What can happen in a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Act {
    /// Somebody comes.
    Join {
        /// Full name.
        name: String,
        /// Whether they run the class.
        moderator: bool,
    },
    /// So many cameras are on from now on.
    Cameras(u32),
    /// So many close their browsers.
    Leave(u32),
    /// The front end looks whether the class is still on, for the page of its course.
    LookIn,
    /// The front end ends it.
    End,
    /// Its server closes it, because nobody is left.
    Close,
}

/// Plans classes one after another.
pub(super) struct Timetable {
    rng: StdRng,
    /// About how many people are to be in classes.
    people: u32,
    /// When each class will be over, and how many people it takes up.
    open: Vec<(Duration, u64)>,
    planned: u32,
    /// Tells the classes of this run from those of an earlier one.
    mark: String,
}

const SUBJECTS: [&str; 14] = [
    "Linear algebra",
    "Organic chemistry",
    "Roman law",
    "Thermodynamics",
    "Algorithms",
    "Microbiology",
    "Épistémologie",
    "Macroeconomics",
    "Maschinenelemente",
    "Art history",
    "Statistics I & II",
    "Compilers",
    "Geodesy",
    "Kulturwissenschaft für Anfänger",
];
const GIVEN_NAMES: [&str; 16] = [
    "Ada",
    "Amir",
    "Béla",
    "Chiara",
    "Dorothea",
    "Emre",
    "Fatou",
    "Grzegorz",
    "Hana",
    "Ingrid",
    "João",
    "Katharina",
    "Liam",
    "Mei",
    "Nikos",
    "Zoë",
];
const FAMILY_NAMES: [&str; 14] = [
    "Ahmadi", "Bauer", "Costa", "Dvořák", "Eriksen", "Fontaine", "García", "Horváth", "Ito",
    "Jansen", "Kowalska", "Müller", "O'Brien", "Şahin",
];

/// How long the first classes take to get going, all together.
const WARM_UP: Duration = Duration::from_secs(25);

/// The front end looks after a class this often, in milliseconds.
const LOOK_EVERY: usize = 10_000;

/// What a class is like. Times are in milliseconds.
struct Kind {
    what: &'static str,
    enrolled: u32,
    /// How many of the enrolled come.
    present: u32,
    /// How many of them may show a camera at a time.
    cameras: u32,
    /// Within which time they come.
    arrival: u64,
    /// How long it takes.
    length: u64,
}

impl Timetable {
    /// A timetable for about so many people. The same seed makes the same plans.
    pub(super) fn new(seed: u64, people: u32) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let mark = format!("{:04x}", rng.random::<u16>());
        Self { rng, people, open: Vec::new(), planned: 0, mark }
    }

    /// The classes that begin now, at this time since the begin of all.
    pub(super) fn due(&mut self, now: Duration) -> Vec<Class> {
        self.open.retain(|(over, _)| *over > now);
        let wanted = self.wanted(now);
        let mut taken: u64 = self.open.iter().map(|(_, people)| people).sum();
        let mut classes = Vec::new();
        while taken < wanted {
            let kind = self.kind();
            // One that nobody comes to takes up some room as well, or it would be due for ever.
            let people = u64::from(kind.present).max(1);
            self.open.push((now + Duration::from_millis(kind.length), people));
            taken += people;
            classes.push(self.plan(&kind));
        }
        classes
    }

    /// How many people to plan for. More than there are to be, since not everybody is there from
    /// the begin to the end of a class.
    fn wanted(&self, now: Duration) -> u64 {
        let full = u64::from(self.people) * 9 / 8;
        let warm_up = millis(WARM_UP);
        let warm = warm_up / 5 + millis(now);
        full * warm.min(warm_up) / warm_up
    }

    /// Most classes are seminars. None takes more than a quarter of all people, so that a small
    /// campus has several, too.
    fn kind(&mut self) -> Kind {
        let rng = &mut self.rng;
        let most = (self.people / 4).max(2);
        let (what, enrolled, arrival) = match rng.random_range(0..10) {
            0 => ("Lecture", rng.random_range(40..=90), 20_000),
            1..=5 => ("Seminar", rng.random_range(8..=25), 12_000),
            6..=8 => ("Tutorial", rng.random_range(2..=6), 6_000),
            _ => ("Reading group", rng.random_range(5..=15), 0),
        };
        let enrolled = most.min(enrolled);
        let (present, cameras) = match what {
            "Lecture" => (enrolled, 3),
            "Seminar" => (enrolled, enrolled / 2),
            "Tutorial" => (enrolled, enrolled),
            // Nobody shows up.
            _ => (0, 0),
        };
        let length = if present == 0 { 40_000..60_000 } else { 50_000..110_000 };
        let length = rng.random_range(length);
        Kind { what, enrolled, present, cameras, arrival, length }
    }

    fn plan(&mut self, kind: &Kind) -> Class {
        self.planned += 1;
        let subject = pick(&mut self.rng, &SUBJECTS);
        let mut steps = Vec::new();
        self.plan_arrivals(kind, &mut steps);
        self.plan_middle(kind, &mut steps);
        self.plan_end(kind, &mut steps);
        // Stable: what was planned for the same moment stays in order.
        steps.sort_by_key(|step| step.at);
        Class {
            id: format!("course-{}-{}", self.mark, self.planned),
            name: format!("{}: {subject}", kind.what),
            enrolled: kind.enrolled,
            steps,
        }
    }

    /// Whoever runs the class comes first.
    fn plan_arrivals(&mut self, kind: &Kind, steps: &mut Vec<Step>) {
        for number in 0..kind.present {
            let given = pick(&mut self.rng, &GIVEN_NAMES);
            let family = pick(&mut self.rng, &FAMILY_NAMES);
            let moderator = number == 0;
            let at = if moderator { 500 } else { self.rng.random_range(500..=kind.arrival) };
            steps.push(step(at, Act::Join { name: format!("{given} {family}"), moderator }));
        }
    }

    /// Cameras go on and off, a few leave early, and the front end looks in.
    fn plan_middle(&mut self, kind: &Kind, steps: &mut Vec<Step>) {
        for part in [2, 4, 6, 8] {
            let cameras = self.rng.random_range(0..=kind.cameras);
            if kind.present > 0 {
                steps.push(step(kind.length * part / 10, Act::Cameras(cameras)));
            }
        }
        if kind.present >= 10 {
            steps.push(step(kind.length * 6 / 10, Act::Leave(kind.present / 10)));
        }
        let looks = (5_000..kind.length).step_by(LOOK_EVERY);
        steps.extend(looks.map(|at| step(at, Act::LookIn)));
    }

    /// Two of three classes are ended by those who run them; else people leave, and the server
    /// closes the empty room.
    fn plan_end(&mut self, kind: &Kind, steps: &mut Vec<Step>) {
        let end = kind.length;
        if kind.present == 0 {
            steps.push(step(end, Act::Close));
        } else if self.rng.random_ratio(2, 3) {
            steps.push(step(end, Act::End));
        } else {
            let quarter = kind.present / 4;
            for before in [6_000, 4_000, 2_000] {
                steps.push(step(end - before, Act::Leave(quarter)));
            }
            steps.push(step(end, Act::Leave(kind.present)));
            steps.push(step(end + 3_000, Act::Close));
        }
    }
}

fn step(at: u64, act: Act) -> Step {
    Step { at: Duration::from_millis(at), act }
}

fn pick(rng: &mut StdRng, from: &[&'static str]) -> &'static str {
    from.choose(rng).copied().unwrap_or_default()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: u64 = 20_260_801;

    /// All classes of ten minutes.
    fn ten_minutes(people: u32) -> Vec<(Duration, Class)> {
        let mut timetable = Timetable::new(SEED, people);
        let moments = (0..600).map(Duration::from_secs);
        moments.flat_map(|now| timetable.due(now).into_iter().map(move |c| (now, c))).collect()
    }

    /// How many people are in classes at a moment.
    fn present(classes: &[(Duration, Class)], now: Duration) -> u32 {
        let in_class = |(begin, class): &(Duration, Class)| {
            let past = class.steps.iter().take_while(|step| *begin + step.at <= now);
            past.fold(0_u32, |people, step| match step.act {
                Act::Join { .. } => people + 1,
                Act::Leave(count) => people.saturating_sub(count),
                Act::End | Act::Close => 0,
                Act::Cameras(_) | Act::LookIn => people,
            })
        };
        classes.iter().map(in_class).sum()
    }

    #[test]
    fn the_same_seed_makes_the_same_plans() {
        assert_eq!(ten_minutes(300), ten_minutes(300));
    }

    #[test]
    fn about_as_many_people_as_wanted_are_in_classes() {
        for people in [40_u32, 300, 5_000] {
            let classes = ten_minutes(people);
            let moments = (60..600).step_by(5).map(Duration::from_secs);
            let counts: Vec<u32> = moments.map(|now| present(&classes, now)).collect();
            let mean = counts.iter().sum::<u32>() / u32::try_from(counts.len()).unwrap();
            assert!((people * 9 / 10..=people * 11 / 10).contains(&mean), "{people}: {mean}");
        }
    }

    #[test]
    fn every_class_ends_once_and_last() {
        for (_, class) in ten_minutes(300) {
            let ends = |step: &Step| matches!(step.act, Act::End | Act::Close);
            assert_eq!(class.steps.iter().filter(|step| ends(step)).count(), 1, "{class:?}");
            assert!(class.steps.last().is_some_and(ends), "{class:?}");
            assert!(class.steps.is_sorted_by_key(|step| step.at), "{class:?}");
        }
    }

    #[test]
    fn some_classes_are_large_and_some_see_nobody() {
        let classes = ten_minutes(300);
        let come = |class: &Class| {
            class.steps.iter().filter(|step| matches!(step.act, Act::Join { .. })).count()
        };
        assert!(classes.iter().any(|(_, class)| come(class) >= 40));
        assert!(classes.iter().any(|(_, class)| come(class) == 0));
        assert!(classes.iter().all(|(_, class)| come(class) <= 75));
    }

    #[test]
    fn nobody_means_no_classes() {
        assert!(ten_minutes(0).is_empty());
    }
}
