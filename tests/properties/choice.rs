//! The choice among all servers: health before spares before load, and each verdict is true.

use beadle::config::Policy;
use beadle::pool::placement::choice::{Choice, Contender, Out, Standing, Terms, Verdict, choose};
use beadle::pool::placement::tags::Wanted;
use beadle::pool::placement::{self, Candidate, NoServer};
use proptest::prelude::{ProptestConfig, Strategy, any, prop, proptest};

const IDS: [&str; 8] = ["c", "a", "h", "b", "g", "d", "f", "e"];

const STANDINGS: [Standing; 4] = [
    Standing::Ready,
    Standing::Doubtful,
    Standing::Out(Out::Offline),
    Standing::Out(Out::Cordoned),
];

fn contender(place: usize) -> impl Strategy<Value = Contender<'static>> {
    let limit = || prop::option::of(0..60_u32);
    let tag = prop::sample::select(vec![None, Some("a"), Some("b")]);
    let numbers = (1..40_u32, 0..60_u32, 0..60_u32, limit(), limit());
    let standing = prop::sample::select(STANDINGS.to_vec());
    (tag, numbers, standing, any::<bool>()).prop_map(move |(tag, numbers, standing, spare)| {
        let (weight, load, meetings, max_meetings, max_users) = numbers;
        let (weight, load) = (f64::from(weight) / 8.0, f64::from(load));
        let id = IDS[place];
        let candidate =
            Candidate { id, tag, weight, load, kept: 0.0, meetings, max_meetings, max_users };
        Contender { candidate, standing, spare }
    })
}

fn contenders() -> impl Strategy<Value = Vec<Contender<'static>>> {
    (0..=IDS.len()).prop_flat_map(|count| (0..count).map(contender).collect::<Vec<_>>())
}

/// Whether a verdict says that the server could have taken the meeting.
fn passed_over(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Doubtful | Verdict::Spare | Verdict::Busier | Verdict::Tie)
}

/// Whether a meeting could go to a server if there were no other.
fn fits(contender: &Contender<'_>, terms: Terms<'_>) -> bool {
    let alone = [Contender { spare: false, ..contender.clone() }];
    choose(&alone, terms, |_| 0).chosen.is_ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_best_group_that_can_take_it_does(
        contenders in contenders(),
        wish in prop::sample::select(vec!["", "a", "a!", "a;b", "b;none!", "c!"]),
        people in 0..60_u32,
        policy in prop::sample::select(vec![Policy::Predicted, Policy::Participants, Policy::Scalelite]),
        tie in any::<prop::sample::Index>(),
    ) {
        let wanted = Wanted::parse(wish);
        let terms = Terms { wanted: &wanted, people: f64::from(people), policy, room: false };
        let Choice { chosen, verdicts } = choose(&contenders, terms, |equals| tie.index(equals));
        assert_eq!(verdicts.len(), contenders.len());
        let fitting = || contenders.iter().filter(|contender| fits(contender, terms));
        match chosen {
            Err(no) => {
                assert_eq!(fitting().count(), 0);
                assert!(!verdicts.iter().any(|&verdict| passed_over(verdict)), "{verdicts:?}");
                let full = verdicts.iter().any(|v| matches!(v, Verdict::Meetings | Verdict::People));
                assert_eq!(no == NoServer::Full, full, "{verdicts:?}");
            }
            Ok(place) => {
                let chosen = &contenders[place];
                let rank = |one: &Contender<'_>| (one.standing != Standing::Ready, one.spare);
                assert!(fitting().all(|other| rank(chosen) <= rank(other)));
                // Among equals the tie may fall differently, the figure may not.
                let group: Vec<_> = contenders
                    .iter()
                    .filter(|other| rank(other) == rank(chosen))
                    .filter(|other| !matches!(other.standing, Standing::Out(_)))
                    .map(|other| other.candidate.clone())
                    .collect();
                let pick = |equals| tie.index(equals);
                let alone = placement::choose(&group, &wanted, terms.people, policy, pick);
                assert_eq!(Ok(&chosen.candidate), alone.map(|place| &group[place]));
            }
        }
        for (place, (verdict, contender)) in verdicts.iter().zip(&contenders).enumerate() {
            assert_eq!(*verdict == Verdict::Chosen, chosen == Ok(place));
            match (contender.standing, verdict) {
                (Standing::Out(why), verdict) => assert_eq!(*verdict, Verdict::Out(why)),
                (_, Verdict::Meetings | Verdict::People) => {
                    assert!(!contender.candidate.has_room(terms.people));
                }
                (_, Verdict::Tag) => assert!(!wanted.accepts(contender.candidate.tag)),
                (_, verdict) => assert!(passed_over(*verdict) || *verdict == Verdict::Chosen),
            }
            if passed_over(*verdict) {
                assert!(fits(contender, terms), "{verdict:?}");
            }
        }
    }

    #[test]
    fn a_breakout_room_goes_to_its_parent_or_nowhere(
        contenders in contenders(),
        parent in any::<prop::sample::Index>(),
        people in 0..60_u32,
    ) {
        let mut contenders = contenders;
        let parent = parent.index(contenders.len().max(1));
        for (place, contender) in contenders.iter_mut().enumerate() {
            if place != parent {
                contender.standing = Standing::Out(Out::OtherParent);
            }
        }
        let wanted = Wanted::parse("nowhere!");
        let people = f64::from(people);
        let terms = Terms { wanted: &wanted, people, policy: Policy::Predicted, room: true };
        let there = contenders.get(parent).map(|c| matches!(c.standing, Standing::Out(_)));
        let expected = if there == Some(false) { Ok(parent) } else { Err(NoServer::None) };
        assert_eq!(choose(&contenders, terms, |_| 0).chosen, expected);
    }
}
