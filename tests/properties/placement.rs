//! Placement: never a server that is full or not wished for, and always the one with most room.

use beadle::config::Policy;
use beadle::pool::placement::tags::Wanted;
use beadle::pool::placement::{Candidate, NoServer, choose, keep_room};
use proptest::prelude::{ProptestConfig, Strategy, any, prop, proptest};

const TAGS: [Option<&str>; 4] = [None, Some("a"), Some("b"), Some("a!")];

const IDS: [&str; 8] = ["c", "a", "h", "b", "g", "d", "f", "e"];

fn candidate(place: usize) -> impl Strategy<Value = Candidate<'static>> {
    let limit = || prop::option::of(0..60_u32);
    let loads = (0..60_u32, 0..60_u32);
    (prop::sample::select(TAGS.to_vec()), 1..40_u32, loads, 0..60_u32, limit(), limit()).prop_map(
        move |(tag, weight, (load, kept), meetings, max_meetings, max_users)| Candidate {
            id: IDS[place],
            tag,
            weight: f64::from(weight) / 8.0,
            load: f64::from(load),
            kept: f64::from(kept),
            meetings,
            max_meetings,
            max_users,
        },
    )
}

fn candidates() -> impl Strategy<Value = Vec<Candidate<'static>>> {
    (0..=IDS.len()).prop_flat_map(|count| (0..count).map(candidate).collect::<Vec<_>>())
}

fn has_room(candidate: &Candidate<'_>, people: f64) -> bool {
    candidate.max_meetings.is_none_or(|max| candidate.meetings < max)
        && candidate.max_users.is_none_or(|max| candidate.load + people <= f64::from(max))
}

/// The servers among which the choice is, by the words of the manual.
fn eligible<'c>(
    candidates: &'c [Candidate<'c>],
    wanted: &Wanted,
    people: f64,
) -> Vec<&'c Candidate<'c>> {
    let roomy = || candidates.iter().filter(|candidate| has_room(candidate, people));
    let tagged: Vec<_> = roomy().filter(|candidate| wanted.accepts(candidate.tag)).collect();
    if tagged.is_empty() && !wanted.required() {
        return roomy().filter(|candidate| candidate.tag.is_none()).collect();
    }
    tagged
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_choice_is_the_least_used_of_the_eligible(
        candidates in candidates(),
        wish in prop::sample::select(vec!["", "a", "a!", "a;b", "b;none!", "none!", "c", "c!", "a!!"]),
        people in 0..60_u32,
        scalelite in any::<bool>(),
        tie in any::<prop::sample::Index>(),
    ) {
        let (wanted, people) = (Wanted::parse(wish), f64::from(people));
        let policy = if scalelite { Policy::Scalelite } else { Policy::Predicted };
        let eligible = eligible(&candidates, &wanted, people);
        match choose(&candidates, &wanted, people, policy, |equals| tie.index(equals)) {
            Err(no) => {
                assert!(eligible.is_empty());
                assert_eq!(no == NoServer::None && !candidates.is_empty(), {
                    let any = |c: &Candidate<'_>| wanted.accepts(c.tag) || c.tag.is_none();
                    !candidates.is_empty() && !wanted.required() && !candidates.iter().any(any)
                });
            }
            Ok(place) => {
                let chosen = &candidates[place];
                assert!(eligible.contains(&chosen), "{chosen:?}");
                let used = |candidate: &Candidate<'_>| match policy {
                    Policy::Predicted => {
                        (candidate.load + candidate.kept + people) / candidate.weight
                    }
                    Policy::Participants | Policy::Scalelite => candidate.load,
                };
                assert!(eligible.iter().all(|other| used(chosen) <= used(other)));
                if scalelite {
                    let equal = eligible.iter().filter(|other| used(other) <= used(chosen));
                    assert_eq!(equal.map(|other| other.id).min(), Some(chosen.id));
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Whatever is due: room is kept for what is larger, on no server that would not be the best for
    /// it, and nobody is turned away for it.
    #[test]
    fn room_is_kept_for_larger_ones_only(
        candidates in candidates(),
        due in prop::collection::vec(1..60_u32, 0..20),
        people in 0..60_u32,
    ) {
        let mut due = due;
        due.sort_unstable_by(|a, b| b.cmp(a));
        let due: Vec<_> = due.into_iter().map(f64::from).collect();
        let people = f64::from(people);
        let mut kept = candidates.clone();
        keep_room(&mut kept.iter_mut().collect::<Vec<_>>(), &due, people);
        let more: f64 = kept.iter().zip(&candidates).map(|(now, then)| now.kept - then.kept).sum();
        let larger: Vec<_> = due.into_iter().filter(|&due| due > people).collect();
        let expected = if candidates.is_empty() { 0.0 } else { larger.iter().sum() };
        assert!((more - expected).abs() < 1e-6, "{more} for {larger:?}");
        for (now, then) in kept.iter().zip(&candidates) {
            assert_eq!(now.has_room(people), then.has_room(people));
            let used = now.utilisation(0.0, Policy::Predicted);
            for other in kept.iter().filter(|_| now.kept > then.kept) {
                // The last one that it got would not have been better off there.
                let there = other.utilisation(larger[0], Policy::Predicted);
                assert!(used <= there + 1e-6, "{now:?} and {other:?}");
            }
        }
    }

    /// However unequal the servers: in the end no meeting would be better off elsewhere.
    #[test]
    fn many_meetings_spread_as_the_weights_say(
        weights in prop::collection::vec(1..50_u32, 1..=IDS.len()),
        people in 1..100_u32,
        tie in any::<prop::sample::Index>(),
    ) {
        let people = f64::from(people);
        let new = |(place, weight): (usize, &u32)| Candidate {
            id: IDS[place],
            tag: None,
            weight: f64::from(*weight) / 10.0,
            load: 0.0,
            kept: 0.0,
            meetings: 0,
            max_meetings: None,
            max_users: None,
        };
        let mut servers: Vec<_> = weights.iter().enumerate().map(new).collect();
        for _ in 0..200 {
            let pick = |equals| tie.index(equals);
            let place = choose(&servers, &Wanted::parse(""), people, Policy::Predicted, pick);
            servers[place.expect("a server")].load += people;
        }
        for one in servers.iter().filter(|server| server.load > 0.0) {
            for other in &servers {
                let there = (other.load + people) / other.weight;
                assert!(one.load / one.weight <= there + 1e-9, "{one:?} and {other:?}");
            }
        }
    }

    /// One `!` at the end makes the tags required, `none` and nothing mean untagged servers.
    #[test]
    fn tags_are_read_by_their_grammar(
        tags in prop::collection::vec("[a-z !]{0,3}[a-z ]|none", 1..4),
        required in any::<bool>(),
        others in prop::collection::vec("[a-z!;]{1,4}", 4),
    ) {
        let text = tags.join(";");
        let wanted = Wanted::parse(&format!("{text}{}", if required { "!" } else { "" }));
        assert_eq!((wanted.required(), wanted.text()), (required, text.as_str()));
        assert_eq!(wanted.accepts(None), tags.iter().any(|tag| tag == "none"));
        for tag in tags.iter().filter(|tag| *tag != "none") {
            assert!(wanted.accepts(Some(tag)));
        }
        for other in others.iter().filter(|other| !tags.contains(other)) {
            assert!(!wanted.accepts(Some(other)), "{other}");
        }
    }

    #[test]
    fn any_wish_is_read(wish in any::<String>(), tag in any::<String>()) {
        let wanted = Wanted::parse(&wish);
        wanted.accepts(Some(&tag));
        wanted.accepts(None);
        assert!(wish.starts_with(wanted.text()));
    }
}
