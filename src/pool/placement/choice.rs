//! Which server a new meeting goes to, and why not to any other. Pure.
//!
//! [`placement`] knows tags, limits and loads. Here is what comes before:
//! servers in good health before those that failed lately, and spare ones last among either.

use crate::config::Policy;
use crate::pool::placement::tags::Wanted;
use crate::pool::placement::{self, Candidate, NoServer};

/// A server of the pool, before it is known whether the meeting may go there.
#[derive(Debug, Clone, PartialEq)]
pub struct Contender<'a> {
    /// What counts once it may.
    pub candidate: Candidate<'a>,
    /// Whether it may.
    pub standing: Standing,
    /// Whether it is used only where no other can be.
    pub spare: bool,
}

/// Whether a server can take a new meeting at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It can.
    Ready,
    /// It failed lately, or was not reached yet: better than no class.
    Doubtful,
    /// It cannot.
    Out(Out),
}

/// Why a server cannot take a new meeting, whatever meeting that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Out {
    /// This create tried it just now, in vain.
    Tried,
    /// It drains.
    Cordoned,
    /// The operator took it out.
    Disabled,
    /// It has failed for long.
    Offline,
    /// It was never reached, and has failed.
    Unreached,
    /// It has just been put to work, and its load is not known yet.
    Unmeasured,
    /// The meeting is a breakout room, and its parent runs elsewhere.
    OtherParent,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// The tags.
    pub wanted: &'a Wanted,
    /// How many people are expected.
    pub people: f64,
    /// How load is reckoned.
    pub policy: Policy,
    /// Whether it is a breakout room of a class that runs: no tag and no limit sends it elsewhere.
    pub room: bool,
}

/// What came of a choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The place of the chosen contender.
    pub chosen: Result<usize, NoServer>,
    /// For each contender why it was chosen or not.
    pub verdicts: Vec<Verdict>,
}

/// Why a server was chosen or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was chosen.
    Chosen,
    /// It could not take the meeting.
    Out(Out),
    /// It has not the tag that was asked for.
    Tag,
    /// It has as many meetings as it may have.
    Meetings,
    /// With the meeting it would have more people than it may have.
    People,
    /// It failed lately or was not reached yet, and others can take the meeting.
    Doubtful,
    /// It is a spare one, and others can take the meeting.
    Spare,
    /// Another one is less used.
    Busier,
    /// It is used as little as the chosen one, and lost the tie.
    Tie,
}

impl Verdict {
    /// The word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chosen => "chosen",
            Self::Out(Out::Tried) => "tried",
            Self::Out(Out::Cordoned) => "cordoned",
            Self::Out(Out::Disabled) => "disabled",
            Self::Out(Out::Offline) => "offline",
            Self::Out(Out::Unreached) => "unreached",
            Self::Out(Out::Unmeasured) => "unmeasured",
            Self::Out(Out::OtherParent) => "parent",
            Self::Tag => "tag",
            Self::Meetings => "meetings",
            Self::People => "people",
            Self::Doubtful => "doubtful",
            Self::Spare => "spare",
            Self::Busier => "busier",
            Self::Tie => "tie",
        }
    }

    /// The same in words for people.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Chosen => "chosen",
            Self::Out(Out::Tried) => "this create had tried it in vain",
            Self::Out(Out::Cordoned) => "it is cordoned",
            Self::Out(Out::Disabled) => "it is disabled",
            Self::Out(Out::Offline) => "it is offline",
            Self::Out(Out::Unreached) => "it was never reached",
            Self::Out(Out::Unmeasured) => "its load is not known yet",
            Self::Out(Out::OtherParent) => "the class of this breakout room runs elsewhere",
            Self::Tag => "it has not the tag that counts",
            Self::Meetings => "it has as many meetings as it may have",
            Self::People => "it would have more people than it may have",
            Self::Doubtful => "it failed lately or was not reached yet, and another can take it",
            Self::Spare => "it is spare, and another can take it",
            Self::Busier => "another is less used",
            Self::Tie => "another is used as little, and won the tie",
        }
    }
}

/// Chooses among all servers of the pool. `tie` picks one of that many equals.
pub fn choose(
    contenders: &[Contender<'_>],
    terms: Terms<'_>,
    mut tie: impl FnMut(usize) -> usize,
) -> Choice {
    let mut chosen = Err(NoServer::None);
    for standing in [Standing::Ready, Standing::Doubtful] {
        for spare in [false, true] {
            if chosen.is_err() {
                let group = |c: &Contender<'_>| c.standing == standing && c.spare == spare;
                let found = choose_of(contenders, group, terms, &mut tie);
                chosen = found.map_err(|no| worse(no, chosen));
            }
        }
    }
    let verdict = |place| verdict(contenders, terms, chosen, place);
    let verdicts = (0..contenders.len()).map(verdict).collect();
    Choice { chosen, verdicts }
}

/// The refusal that tells more: a full server is one that the meeting could have used.
fn worse(no: NoServer, before: Result<usize, NoServer>) -> NoServer {
    let rank = |no: &NoServer| match no {
        NoServer::None => 0,
        NoServer::Tag => 1,
        NoServer::Full => 2,
    };
    before.err().filter(|before| rank(before) > rank(&no)).unwrap_or(no)
}

/// Chooses among those of a group only.
fn choose_of(
    contenders: &[Contender<'_>],
    group: impl Fn(&Contender<'_>) -> bool,
    terms: Terms<'_>,
    tie: impl FnOnce(usize) -> usize,
) -> Result<usize, NoServer> {
    let (places, candidates): (Vec<usize>, Vec<Candidate<'_>>) = contenders
        .iter()
        .enumerate()
        .filter(|(_, contender)| group(contender))
        .map(|(place, contender)| (place, contender.candidate.clone()))
        .unzip();
    if terms.room {
        return places.first().copied().ok_or(NoServer::None);
    }
    let Terms { wanted, people, policy, .. } = terms;
    let chosen = placement::choose(&candidates, wanted, people, policy, tie)?;
    places.get(chosen).copied().ok_or(NoServer::None)
}

fn verdict(
    contenders: &[Contender<'_>],
    terms: Terms<'_>,
    chosen: Result<usize, NoServer>,
    place: usize,
) -> Verdict {
    let Some(contender) = contenders.get(place) else { return Verdict::Tag };
    let own = &contender.candidate;
    if chosen == Ok(place) {
        return Verdict::Chosen;
    }
    if let Standing::Out(why) = contender.standing {
        return Verdict::Out(why);
    }
    let tagged = terms.wanted.accepts(own.tag);
    if !tagged && (terms.wanted.required() || own.tag.is_some()) {
        return Verdict::Tag;
    }
    if own.max_meetings.is_some_and(|max| own.meetings >= max) {
        return Verdict::Meetings;
    }
    if !own.has_room(terms.people) {
        return Verdict::People;
    }
    // Whatever is left could have taken it, so one was chosen.
    let Some(winner) = chosen.ok().and_then(|place| contenders.get(place)) else {
        return Verdict::Tag;
    };
    if contender.standing != winner.standing {
        return Verdict::Doubtful;
    }
    if contender.spare != winner.spare {
        return Verdict::Spare;
    }
    if !tagged && terms.wanted.accepts(winner.candidate.tag) {
        return Verdict::Tag;
    }
    let used = |candidate: &Candidate<'_>| candidate.utilisation(terms.people, terms.policy);
    if used(own) > used(&winner.candidate) { Verdict::Busier } else { Verdict::Tie }
}
