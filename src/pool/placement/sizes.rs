//! How many people a meeting will have, learned from its earlier sittings. Pure.
//!
//! People are counted as load: whoever has a camera open counts half a person more, and so does
//! whoever has a microphone open. A [`Size`] is what is known of one meetingID. It follows growth quickly, because a class that
//! turns out large hurts at once, and shrinks slowly. A sitting to which nobody came (a room
//! opened by mistake, a lecture that was cancelled) takes only a little of it. What nobody has
//! used for [`FORGOTTEN_AFTER_MS`] is not believed any more. The same type, fed with the sittings
//! of all its meetings, says what to expect of a tenant's unknown meetings.
//!
//! A timetable repeats itself from week to week, so it is remembered as well when sittings began:
//! [`is_due`] says whether the next one is at hand.
//!
//! [`observe`] takes in a sitting that has ended, [`see`] one that goes on, [`expect`] tells the
//! number, and [`expected`] puts it in order with the front end's own hint.

use crate::model::{BEGUN, Sitting, Size, Source};

/// After this many milliseconds without a sitting nothing is expected of a meetingID: about the
/// length of a term and the holidays after it.
pub const FORGOTTEN_AFTER_MS: u64 = 200 * 24 * 60 * 60 * 1000;

/// A tenant's meetings say nothing about an unknown one before this many have been seen.
pub const TENANT_SITTINGS: u32 = 5;

/// No meeting is expected to be larger, whatever a front end hints at.
pub const MOST_PEOPLE: u32 = 10_000;

/// The most sizes that are remembered, and the most bytes that their keys may take.
pub const MOST: (usize, usize) = (50_000, 8 << 20);

const MINUTE_MS: u64 = 60 * 1000;
const WEEK_MS: u64 = 7 * 24 * 60 * MINUTE_MS;

/// A meeting is due from so long before the time at which it began a week ago until so long after.
/// Beginnings are known to the minute, so a little more than the rush itself.
const AHEAD_MS: u64 = 10 * MINUTE_MS;
const LATE_MS: u64 = 3 * MINUTE_MS;

/// How much of the way to a larger, a smaller, and an empty sitting the estimate goes.
const GROW: f64 = 0.6;
const SHRINK: f64 = 0.25;
const NOBODY_CAME: f64 = 0.1;

/// A tenant's estimate is the mean of about so many of its last sittings.
const TENANT_WINDOW: u32 = 200;

/// How many people are expected, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// How many.
    pub people: u32,
    /// Where the figure comes from.
    pub source: Source,
}

/// Takes in a sitting that ended at `now_ms` with this many people at its peak.
pub fn observe(known: Option<Size>, peak: u32, now_ms: u64) -> Option<Size> {
    let known = known.filter(|size| !forgotten(size, now_ms));
    let learned = |size: &Size| size.people > 0.0;
    let (people, sittings) = match known.filter(learned) {
        // A first sitting to which nobody came teaches nothing.
        None if peak == 0 => return known,
        None => (f64::from(peak), 1),
        Some(size) => (step(size.people, peak), size.sittings.saturating_add(1)),
    };
    let (open, begun) = known.map_or((None, [0; BEGUN]), |size| (size.open, size.begun));
    Some(Size { people, sittings, seen_ms: now_ms, open, begun })
}

/// Takes in a sitting of one of a tenant's meetings. What to expect of a tenant is a mean, which no
/// single meeting moves far.
pub fn observe_of_tenant(known: Option<Size>, peak: u32, now_ms: u64) -> Option<Size> {
    let known = known.filter(|size| !forgotten(size, now_ms));
    if peak == 0 {
        return known;
    }
    let (people, before) = known.map_or((0.0, 0), |size| (size.people, size.sittings));
    let sittings = before.saturating_add(1);
    let weight = f64::from(sittings.min(TENANT_WINDOW)).recip();
    let people = people + (f64::from(peak) - people) * weight;
    Some(Size { people, sittings, seen_ms: now_ms, open: None, begun: [0; BEGUN] })
}

/// Takes in how far a sitting has come that goes on. An earlier one whose end nobody saw counts as
/// ended; it is returned beside the new size.
pub fn see(known: Option<Size>, sitting: Sitting, now_ms: u64) -> (Size, Option<Sitting>) {
    let (known, ended) = match known.and_then(|size| size.open) {
        Some(open) if open.began_ms != sitting.began_ms => (close(known, now_ms), Some(open)),
        _ => (known, None),
    };
    let fresh = Size { people: 0.0, sittings: 0, seen_ms: now_ms, open: None, begun: [0; BEGUN] };
    let mut size = known.unwrap_or(fresh);
    let before = size.open.map_or(0, |open| open.peak);
    size.open = Some(Sitting { peak: sitting.peak.max(before), ..sitting });
    size.seen_ms = now_ms;
    size.begun = begin(size.begun, sitting.began_ms);
    (size, ended)
}

/// Ends the sitting that goes on. None when nothing is worth remembering.
pub fn close(known: Option<Size>, now_ms: u64) -> Option<Size> {
    let Some(open) = known.and_then(|size| size.open) else { return known };
    let size = observe(known, open.peak, now_ms);
    size.map(|size| Size { open: None, ..size }).filter(|size| size.people > 0.0)
}

/// How many people to expect; none where nothing is known, or not for long.
pub fn expect(size: &Size, now_ms: u64) -> Option<u32> {
    if forgotten(size, now_ms) {
        return None;
    }
    // Who came to the sitting that goes on may come again at once: its server may have failed.
    let open = size.open.map_or(0, |open| open.peak);
    let people = size.people.ceil().max(f64::from(open));
    // Numbers of people fit, and absurd ones saturate.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let people = people as u32;
    (people > 0).then_some(people)
}

/// The expected number of people: what the front end hints at, else what this meetingID reached
/// before, else what its tenant's meetings reach, else `default`; never above `limit`.
pub fn expected(
    hint: Option<u32>,
    limit: Option<u32>,
    learned: (Option<&Size>, Option<&Size>),
    default: u32,
    now_ms: u64,
) -> Expected {
    let (own, tenant) = learned;
    let tenant = tenant.filter(|size| size.sittings >= TENANT_SITTINGS);
    let from = |source| move |people: u32| Expected { people: people.min(MOST_PEOPLE), source };
    let own = || own.and_then(|size| expect(size, now_ms)).map(from(Source::Meeting));
    let tenant = || tenant.and_then(|size| expect(size, now_ms)).map(from(Source::Tenant));
    let expected = hint.map(from(Source::Hint)).or_else(own).or_else(tenant);
    let expected = expected.unwrap_or_else(|| from(Source::Default)(default));
    match limit {
        Some(limit) if limit < expected.people => Expected { people: limit, source: Source::Limit },
        _ => expected,
    }
}

/// Whether a sitting is at hand: one began about now a week ago.
pub fn is_due(size: &Size, now_ms: u64) -> bool {
    let due = |minute: &u32| u64::from(*minute) * MINUTE_MS + WEEK_MS;
    let window = now_ms.saturating_sub(LATE_MS)..=now_ms.saturating_add(AHEAD_MS);
    size.begun.iter().filter(|&&minute| minute > 0).any(|minute| window.contains(&due(minute)))
}

/// Whether a size is too old to be believed.
pub fn forgotten(size: &Size, now_ms: u64) -> bool {
    now_ms.saturating_sub(size.seen_ms) > FORGOTTEN_AFTER_MS
}

/// The keys of those sizes that have to go: what is too old to be believed, and where there are
/// more than `most` (of them, and of bytes of their keys) those that were not seen for longest.
/// Then a twentieth more goes than must, so that not every new one makes a search.
pub fn surplus<'k>(
    sizes: impl Iterator<Item = (&'k [u8], &'k Size)>,
    most: (usize, usize),
    now_ms: u64,
) -> Vec<&'k [u8]> {
    let (old, mut kept): (Vec<_>, Vec<_>) = sizes.partition(|(_, size)| forgotten(size, now_ms));
    let mut surplus: Vec<_> = old.into_iter().map(|(key, _)| key).collect();
    let (mut count, mut bytes) = (kept.len(), kept.iter().map(|(key, _)| key.len()).sum::<usize>());
    if count <= most.0 && bytes <= most.1 {
        return surplus;
    }
    kept.sort_unstable_by_key(|(key, size)| (size.seen_ms, *key));
    for (key, _) in kept {
        if count <= most.0 - most.0 / 20 && bytes <= most.1 - most.1 / 20 {
            break;
        }
        (count, bytes) = (count - 1, bytes - key.len());
        surplus.push(key);
    }
    surplus
}

/// The beginnings with another one, newest first; a sitting that was seen before changes nothing.
fn begin(mut begun: [u32; BEGUN], began_ms: u64) -> [u32; BEGUN] {
    let minute = u32::try_from(began_ms / MINUTE_MS).unwrap_or(u32::MAX);
    if begun.iter().all(|&known| minute > known) {
        begun.rotate_right(1);
        if let Some(newest) = begun.first_mut() {
            *newest = minute;
        }
    }
    begun
}

fn step(people: f64, peak: u32) -> f64 {
    let came = f64::from(peak);
    let part = match peak {
        0 => NOBODY_CAME,
        _ if came > people => GROW,
        _ => SHRINK,
    };
    // Whoever met once may meet again, with one person at least.
    (people + (came - people) * part).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is expected after sittings with these peaks.
    fn after(peaks: &[u32]) -> Option<u32> {
        let size = peaks.iter().fold(None, |size, &peak| observe(size, peak, 0));
        size.and_then(|size| expect(&size, 0))
    }

    #[test]
    fn growth_is_followed_quickly_and_shrinking_slowly() {
        assert_eq!(after(&[20]), Some(20));
        assert_eq!(after(&[20, 100]), Some(68));
        assert_eq!(after(&[20, 100, 100, 100]), Some(95));
        assert_eq!(after(&[100, 20]), Some(80));
        assert_eq!(after(&[100, 20, 20, 20, 20, 20]), Some(39));
    }

    #[test]
    fn who_stays_away_once_is_still_expected() {
        assert_eq!(after(&[]), None);
        assert_eq!(after(&[0, 0]), None, "nothing is known yet");
        assert_eq!(after(&[0, 50]), Some(50));
        assert_eq!(after(&[50, 0]), Some(45));
        assert_eq!(after(&[50, 0, 0, 0]), Some(37));
    }

    #[test]
    fn a_sitting_that_goes_on_counts_by_its_peak_and_once() {
        let sitting = |began_ms, peak| Sitting { began_ms, peak };
        let (size, ended) = see(None, sitting(1, 0), 10);
        assert_eq!((expect(&size, 10), ended), (None, None));
        let (size, _) = see(Some(size), sitting(1, 300), 20);
        let (size, _) = see(Some(size), sitting(1, 40), 30);
        assert_eq!(expect(&size, 30), Some(300));
        let (size, ended) = see(Some(size), sitting(2, 5), 40);
        assert_eq!(ended, Some(sitting(1, 300)), "nobody saw its end");
        assert_eq!((size.people, size.sittings, expect(&size, 40)), (300.0, 1, Some(300)));
        let size = close(Some(size), 50).expect("it was learned");
        assert_eq!((size.sittings, size.open, expect(&size, 50)), (2, None, Some(227)));
        let (nobody, _) = see(None, sitting(1, 0), 10);
        assert_eq!(close(Some(nobody), 20), None);
    }

    #[test]
    fn what_is_old_is_not_believed() {
        let size = observe(None, 80, 1000).expect("it was learned");
        let last = 1000 + FORGOTTEN_AFTER_MS;
        assert_eq!((expect(&size, last), expect(&size, last + 1)), (Some(80), None));
        let anew = observe(Some(size), 10, last + 1).expect("it was learned");
        assert_eq!((anew.people, anew.sittings), (10.0, 1));
    }

    #[test]
    fn a_meeting_is_due_about_a_week_after_it_began() {
        const START: u64 = 30_000_000 * MINUTE_MS;
        let day = WEEK_MS / 7;
        let sit = |size, began_ms| {
            let (size, _) = see(size, Sitting { began_ms, peak: 9 }, began_ms + MINUTE_MS);
            let (size, _) =
                see(Some(size), Sitting { began_ms, peak: 9 }, began_ms + 2 * MINUTE_MS);
            close(Some(size), began_ms + 90 * MINUTE_MS)
        };
        let size = sit(sit(None, START), START + 2 * day).expect("it was learned");
        let due = |from: u64, minutes: i64| {
            is_due(&size, (START + from + WEEK_MS).saturating_add_signed(minutes * 60_000))
        };
        for from in [0, 2 * day] {
            let around = [-11, -10, 0, 3, 4].map(|minutes| due(from, minutes));
            assert_eq!(around, [false, true, true, true, false]);
        }
        assert!(!due(day, 0) && !due(WEEK_MS, 0));
        // Only so many are remembered.
        let next = |size, n| sit(Some(size), START + (3 + n) * day).expect("it was learned");
        let many = (0..BEGUN as u64).fold(size, next);
        assert!(!is_due(&many, START + WEEK_MS) && is_due(&many, START + WEEK_MS + 3 * day));
    }

    #[test]
    fn the_order_is_hint_meeting_tenant_default_and_never_above_the_limit() {
        let own = observe(None, 80, 0).expect("it was learned");
        let tenant = |count| (0..count).fold(None, |size, _| observe_of_tenant(size, 30, 0));
        let (few, many) = (tenant(TENANT_SITTINGS - 1), tenant(TENANT_SITTINGS));
        let all = (Some(&own), many.as_ref());
        let got = |hint, limit, learned| {
            let expected = expected(hint, limit, learned, 20, 0);
            (expected.people, expected.source)
        };
        assert_eq!(got(Some(7), None, all), (7, Source::Hint));
        assert_eq!(got(None, None, all), (80, Source::Meeting));
        assert_eq!(got(None, Some(50), all), (50, Source::Limit));
        assert_eq!(got(None, Some(80), all), (80, Source::Meeting));
        assert_eq!(got(None, None, (None, many.as_ref())), (30, Source::Tenant));
        assert_eq!(got(None, None, (None, few.as_ref())), (20, Source::Default));
        assert_eq!(got(Some(u32::MAX), None, all), (MOST_PEOPLE, Source::Hint));
    }

    #[test]
    fn a_tenants_figure_is_a_mean() {
        let size = [10, 20, 0, 30].iter().fold(None, |size, &p| observe_of_tenant(size, p, 0));
        assert_eq!(size.map(|size| (size.people, size.sittings)), Some((20.0, 3)));
    }
}
