//! How much a server has to do, from the list of its meetings. Pure.

use std::collections::HashMap;

use crate::bbb::meetings::Listed;
use crate::config::{Placement, Policy};
use crate::model::{Capacity, Meeting};

/// What one successful poll says about a server.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    /// The load, by the policy in force; none where nothing was measured yet.
    pub load: Option<f64>,
    /// The part of it that is there, without what is expected to come.
    pub measured: f64,
    /// Meetings, without breakout rooms.
    pub meetings: u32,
    /// Breakout rooms.
    pub breakouts: u32,
    /// People, without those in breakout rooms, who are counted in the parent meeting.
    pub users: u32,
    /// People with an open microphone or listening by telephone.
    pub voices: u32,
    /// Open cameras.
    pub videos: u32,
    /// People in the largest meeting.
    pub largest: u32,
}

/// A meeting that is expected on a server: how large, since when, under which id.
pub struct Awaited<'a> {
    /// The id that the server gave it; empty while it is being created.
    pub internal_id: &'a str,
    /// How many people.
    pub people: u32,
    /// Since when, in milliseconds since 1970.
    pub since_ms: u64,
}

impl<'a> From<&'a Meeting> for Awaited<'a> {
    fn from(meeting: &'a Meeting) -> Self {
        Self {
            internal_id: &meeting.internal_id,
            people: meeting.expected_people,
            since_ms: meeting.created_ms,
        }
    }
}

/// The figures of a server that listed these meetings.
pub fn figures<'a>(
    listed: &[Listed],
    expected: impl Iterator<Item = Awaited<'a>>,
    capacity: Capacity,
    placement: &Placement,
    now_ms: u64,
) -> Figures {
    let mut figures = Figures::default();
    for meeting in listed {
        figures.voices = figures.voices.saturating_add(meeting.voices);
        figures.videos = figures.videos.saturating_add(meeting.videos);
        figures.largest = figures.largest.max(meeting.participants);
        if meeting.breakout {
            figures.breakouts += 1;
        } else {
            figures.meetings += 1;
            figures.users = figures.users.saturating_add(meeting.participants);
        }
    }
    let multiplier = capacity.load_multiplier();
    let (load, measured) = match placement.policy {
        Policy::Predicted => {
            let measured = listed.iter().map(actual).sum();
            (predicted(listed, expected, placement, now_ms), measured)
        }
        Policy::Participants => [participants(listed) * multiplier; 2].into(),
        Policy::Scalelite => [scalelite(listed, placement, now_ms) * multiplier; 2].into(),
    };
    (figures.load, figures.measured) = (Some(load), measured);
    figures
}

/// People, half of the voices and half of the cameras; a young meeting counts no less than what
/// is still expected of it, also while the server does not list it yet.
fn predicted<'a>(
    listed: &[Listed],
    expected: impl Iterator<Item = Awaited<'a>>,
    placement: &Placement,
    now_ms: u64,
) -> f64 {
    let mut loads: HashMap<&str, f64> = HashMap::with_capacity(listed.len());
    for meeting in listed {
        loads.insert(&meeting.internal_id, actual(meeting));
    }
    let mut unlisted = 0.0;
    for meeting in expected {
        let reserve = reserve(meeting.people, meeting.since_ms, placement, now_ms);
        match loads.get_mut(meeting.internal_id) {
            Some(load) => *load = load.max(reserve),
            None => unlisted += reserve,
        }
    }
    loads.values().sum::<f64>() + unlisted
}

/// What a meeting is to its server: people, half of the voices, half of the cameras.
pub(in crate::pool) fn actual(meeting: &Listed) -> f64 {
    // Whoever is in a breakout room is still in its parent meeting's count.
    let people = if meeting.breakout { 0 } else { meeting.participants };
    f64::from(people) + 0.5 * f64::from(meeting.voices) + 0.5 * f64::from(meeting.videos)
}

/// The part of the expected people that still counts: it shrinks to nothing with age.
fn reserve(people: u32, since_ms: u64, placement: &Placement, now_ms: u64) -> f64 {
    let minutes = minutes_between(since_ms, now_ms);
    let left = 1.0 - minutes / f64::from(placement.decay_minutes.max(1));
    f64::from(people) * left.clamp(0.0, 1.0)
}

/// The people in all rooms. Those in breakout rooms count twice, as they do in the variant of
/// Scalelite that this follows: it counts whoever a list names.
fn participants(listed: &[Listed]) -> f64 {
    listed.iter().map(|meeting| f64::from(meeting.participants)).fold(0.0, |sum, one| sum + one)
}

/// Scalelite's formula: moderators count twice, young meetings at least `min_users`.
fn scalelite(listed: &[Listed], placement: &Placement, now_ms: u64) -> f64 {
    let meetings = listed.iter().filter(|meeting| !meeting.breakout);
    let people = meetings.map(|meeting| {
        let people = meeting.participants.saturating_add(meeting.moderators);
        let young =
            minutes_between(meeting.create_time, now_ms) < f64::from(placement.young_minutes);
        if young { people.max(placement.min_users) } else { people }
    });
    // The sum of nothing is -0.0, and management shows the figure.
    people.map(f64::from).fold(0.0, |sum, people| sum + people)
}

/// Fractions of a minute matter to no load, so whole milliseconds below 2^52 are exact enough.
#[expect(clippy::cast_precision_loss, reason = "an age in ms is far below 2^52")]
fn minutes_between(earlier_ms: u64, later_ms: u64) -> f64 {
    later_ms.saturating_sub(earlier_ms) as f64 / 60_000.0
}
