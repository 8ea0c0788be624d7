//! Choose the server of a new meeting. Pure: a picture of the pool in, a choice out.

use crate::config::Policy;
use crate::pool::placement::tags::Wanted;

/// A server that is up and takes new meetings.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate<'a> {
    /// Its id; under a policy like Scalelite's it settles ties.
    pub id: &'a str,
    /// Its tag.
    pub tag: Option<&'a str>,
    /// Bigger is stronger.
    pub weight: f64,
    /// Its load, with everything reserved on it. Already multiplied where the policy says so.
    pub load: f64,
    /// What larger meetings that are due will need of it; see [`keep_room`].
    pub kept: f64,
    /// Meetings on it, counting those just placed.
    pub meetings: u32,
    /// The most meetings it may have.
    pub max_meetings: Option<u32>,
    /// The most people it may have, by load.
    pub max_users: Option<u32>,
}

/// Why no server was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoServer {
    /// None is there, or none that this meeting may use.
    None,
    /// None has the required tag.
    Tag,
    /// Those that it may use are at their limits.
    Full,
}

impl Candidate<'_> {
    /// Whether that many more people in one more meeting are within its limits.
    pub fn has_room(&self, people: f64) -> bool {
        let meetings = self.max_meetings.is_none_or(|max| self.meetings < max);
        meetings && self.max_users.is_none_or(|max| self.load + people <= f64::from(max))
    }

    /// What the choice compares: how much it would be used with that many more people. A policy
    /// like Scalelite's compares the loads as they are.
    pub fn utilisation(&self, people: f64, policy: Policy) -> f64 {
        match policy {
            Policy::Predicted => (self.load + self.kept + people) / self.weight,
            Policy::Participants | Policy::Scalelite => self.load,
        }
    }
}

/// Keeps room for the larger ones of the meetings that are due, which come `largest` first: each
/// where it would be felt least.
///
/// Classes begin together, in any order. Where a large one comes last, every server is half full
/// already, and the one that takes it ends far above the others. So a smaller meeting goes where
/// no larger one will be wanted, and it comes out as if the largest had been placed first. Limits
/// look at the load alone: nobody is turned away for somebody who may not come.
pub fn keep_room(candidates: &mut [&mut Candidate<'_>], largest: &[f64], people: f64) {
    for &larger in largest.iter().take_while(|&&due| due > people) {
        let used = |candidate: &Candidate<'_>| candidate.utilisation(larger, Policy::Predicted);
        let least = candidates.iter_mut().min_by(|a, b| used(a).total_cmp(&used(b)));
        if let Some(least) = least {
            least.kept += larger;
        }
    }
}

/// Chooses among the candidates for a meeting of `people`, and returns the place of the choice.
///
/// `tie` picks one of that many equals. It is not asked under a policy like Scalelite's, where the
/// lowest id wins.
pub fn choose(
    candidates: &[Candidate<'_>],
    wanted: &Wanted,
    people: f64,
    policy: Policy,
    tie: impl FnOnce(usize) -> usize,
) -> Result<usize, NoServer> {
    if candidates.is_empty() {
        return Err(NoServer::None);
    }
    let tagged = places(candidates, |candidate| wanted.accepts(candidate.tag));
    let roomy = |places: &[usize]| -> Vec<usize> {
        let room = |place: &&usize| candidates.get(**place).is_some_and(|c| c.has_room(people));
        places.iter().filter(room).copied().collect()
    };
    let mut usable = roomy(&tagged);
    let mut full = !tagged.is_empty();
    if usable.is_empty() && !wanted.required() {
        let untagged = places(candidates, |candidate| candidate.tag.is_none());
        usable = roomy(&untagged);
        full |= !untagged.is_empty();
    }
    match (usable.is_empty(), full, wanted.required()) {
        (false, ..) => Ok(least(candidates, &usable, people, policy, tie)),
        (true, true, _) => Err(NoServer::Full),
        (true, false, true) => Err(NoServer::Tag),
        (true, false, false) => Err(NoServer::None),
    }
}

fn places(candidates: &[Candidate<'_>], wanted: impl Fn(&Candidate<'_>) -> bool) -> Vec<usize> {
    candidates.iter().enumerate().filter(|(_, c)| wanted(c)).map(|(place, _)| place).collect()
}

fn least(
    candidates: &[Candidate<'_>],
    usable: &[usize],
    people: f64,
    policy: Policy,
    tie: impl FnOnce(usize) -> usize,
) -> usize {
    let figure = |place: usize| {
        candidates.get(place).map_or(f64::INFINITY, |c| c.utilisation(people, policy))
    };
    let lowest = usable.iter().map(|&place| figure(place)).fold(f64::INFINITY, f64::min);
    let equals: Vec<usize> =
        usable.iter().copied().filter(|&place| figure(place).total_cmp(&lowest).is_le()).collect();
    let first_by_id = || equals.iter().copied().min_by_key(|&p| candidates.get(p).map(|c| c.id));
    let chosen = match policy {
        Policy::Participants | Policy::Scalelite => first_by_id(),
        Policy::Predicted => equals.get(tie(equals.len())).copied(),
    };
    chosen.or_else(|| usable.first().copied()).unwrap_or_default()
}
