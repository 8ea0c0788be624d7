//! Learned sizes: within what was seen, and never more of them than allowed.

use beadle::model::{BEGUN, Sitting, Size};
use beadle::pool::placement::sizes::{close, expect, observe, see, surplus};
use proptest::prelude::{any, prop, proptest};

proptest! {
    #[test]
    fn what_is_expected_is_within_what_was_seen(peaks in prop::collection::vec(0..500_u32, 1..30)) {
        let size = peaks.iter().fold(None, |size, &peak| observe(size, peak, 0));
        let came = || peaks.iter().copied().filter(|&peak| peak > 0);
        let people = size.and_then(|size| expect(&size, 0));
        assert_eq!(people.is_some(), came().next().is_some());
        assert!(people.is_none_or(|people| people > 0 && Some(people) <= came().max()));
        // Who always comes is expected.
        let last = *peaks.last().expect("a peak");
        let steady = (0..40).fold(size, |size, _| observe(size, last.max(1), 0));
        let people = steady.and_then(|size| expect(&size, 0)).expect("it was learned");
        assert!(people.abs_diff(last.max(1)) <= 1, "{people} instead of {last}");
    }

    /// However often a sitting is looked at: it counts once, by the most that were seen.
    #[test]
    fn a_sitting_counts_once(looks in prop::collection::vec(0..500_u32, 1..30), before in 1..500_u32) {
        let before = observe(None, before, 0);
        let look = |size, &peak: &u32| Some(see(size, Sitting { began_ms: 5, peak }, 9).0);
        let size = looks.iter().fold(before, look);
        let most = looks.iter().copied().max().expect("a look");
        assert!(size.and_then(|size| expect(&size, 9)) >= Some(most).filter(|&most| most > 0));
        assert_eq!(close(size, 9), observe(before, most, 9));
    }

    #[test]
    fn the_newest_stay_and_never_too_many(
        seen in prop::collection::vec((any::<u8>(), 1..40_usize), 0..60),
        most in (1..40_usize, 1..400_usize),
    ) {
        let sizes: Vec<(Vec<u8>, Size)> = seen
            .iter()
            .enumerate()
            .map(|(place, &(seen, length))| {
                let mut key = vec![b'x'; length];
                key.push(u8::try_from(place).expect("few"));
                let seen_ms = u64::from(seen);
                (key, Size { people: 1.0, sittings: 1, seen_ms, open: None, begun: [0; BEGUN] })
            })
            .collect();
        let all = || sizes.iter().map(|(key, size)| (key.as_slice(), size));
        let gone = surplus(all(), most, 300);
        let (left, left_out): (Vec<_>, Vec<_>) = all().partition(|(key, _)| !gone.contains(key));
        assert!(left.len() <= most.0 && left.iter().map(|(key, _)| key.len()).sum::<usize>() <= most.1);
        let oldest = left.iter().map(|(_, size)| size.seen_ms).min();
        assert!(left_out.iter().all(|(_, size)| oldest.is_none_or(|oldest| size.seen_ms <= oldest)));
        let bytes: usize = all().map(|(key, _)| key.len()).sum();
        assert_eq!(gone.is_empty(), sizes.len() <= most.0 && bytes <= most.1);
    }
}
