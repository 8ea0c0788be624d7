//! All meetings of one simulated server.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rand::distr::{Alphanumeric, SampleString};

use super::callback::Callback;
use super::meeting::{Meeting, NewMeeting, SimMeeting};
use crate::bbb::checksum::{Algorithm, Checksum};

/// Why a meeting was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotCreated {
    /// The meeting it should belong to is not there.
    #[error("the parent meeting does not exist on this server")]
    NoSuchParent,
    /// Another meeting has the voice conference number.
    #[error("another meeting on this server uses the voice bridge")]
    VoiceBridgeTaken,
    /// There is a meeting with this id.
    #[error("a meeting with this id exists on this server")]
    Exists,
}

/// The meetings, in the order in which they were made.
pub(super) struct World {
    meetings: BTreeMap<u64, Meeting>,
    /// Both ids of each meeting.
    names: HashMap<String, u64>,
    voice_bridges: HashSet<String>,
    /// How long an ended meeting is still listed.
    linger: Duration,
    /// Those that were ended and are still listed, and how long.
    lingering: Vec<(Instant, u64)>,
    next_key: u64,
    next_voice_bridge: u32,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            meetings: BTreeMap::new(),
            names: HashMap::new(),
            voice_bridges: HashSet::new(),
            linger: Duration::ZERO,
            lingering: Vec::new(),
            next_key: 0,
            next_voice_bridge: rand::random_range(10_000..60_000),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.meetings.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Meeting> {
        self.meetings.values()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Meeting> {
        self.meetings.values_mut()
    }

    /// The meeting with this external or internal id.
    pub(super) fn find(&self, id: &str) -> Option<&Meeting> {
        self.meetings.get(self.names.get(id)?)
    }

    /// The meeting with this external or internal id, to be changed.
    pub(super) fn find_mut(&mut self, id: &str) -> Option<&mut Meeting> {
        self.meetings.get_mut(self.names.get(id)?)
    }

    /// Makes a meeting.
    pub(super) fn create(&mut self, new: NewMeeting) -> Result<&Meeting, NotCreated> {
        if self.find(&new.meeting_id).is_some_and(|known| !known.forcibly_ended) {
            return Err(NotCreated::Exists);
        }
        if new.voice_bridge.as_ref().is_some_and(|bridge| self.voice_bridges.contains(bridge)) {
            return Err(NotCreated::VoiceBridgeTaken);
        }
        let parent = match &new.parent {
            None => None,
            Some(id) => Some(self.find(id).ok_or(NotCreated::NoSuchParent)?),
        };
        let parent = parent.map(|parent| parent.facts.internal_id.clone());
        let facts = self.facts(&new, parent);
        if let Some(parent) = facts.parent.as_deref().and_then(|id| self.find_mut(id)) {
            parent.facts.breakouts.push(facts.internal_id.clone());
            parent.changed();
        }
        let key = self.next_key;
        self.next_key += 1;
        self.names.insert(facts.meeting_id.clone(), key);
        self.names.insert(facts.internal_id.clone(), key);
        self.voice_bridges.insert(facts.voice_bridge.clone());
        Ok(self.meetings.entry(key).or_insert_with(|| Meeting::new(facts, new)))
    }

    /// Loses a meeting and its breakouts; whether there was one.
    pub(super) fn forget(&mut self, id: &str) -> bool {
        let Some(meeting) = self.names.get(id).and_then(|key| self.meetings.remove(key)) else {
            return false;
        };
        let facts = meeting.facts;
        // A meeting that has ended may have a successor with its external id.
        self.names.remove(&facts.internal_id);
        if self.find(&facts.meeting_id).is_none() {
            self.names.remove(&facts.meeting_id);
        }
        if !meeting.forcibly_ended {
            self.voice_bridges.remove(&facts.voice_bridge);
        }
        for breakout in &facts.breakouts {
            self.forget(breakout);
        }
        if let Some(parent) = facts.parent.as_deref().and_then(|id| self.find_mut(id)) {
            parent.facts.breakouts.retain(|breakout| *breakout != facts.internal_id);
            parent.changed();
        }
        true
    }

    /// Ends a meeting and its breakouts. Returns whom to tell; none when there is no such meeting.
    pub(super) fn end(&mut self, id: &str) -> Option<Vec<Callback>> {
        let key = *self.names.get(id)?;
        let meeting = self.meetings.get_mut(&key)?;
        if meeting.forcibly_ended {
            return Some(Vec::new());
        }
        let mut callbacks: Vec<_> = meeting.callbacks().collect();
        meeting.end();
        let (internal_id, breakouts) =
            (meeting.facts.internal_id.clone(), meeting.facts.breakouts.clone());
        self.voice_bridges.remove(&meeting.facts.voice_bridge);
        for breakout in &breakouts {
            callbacks.extend(self.end(breakout).unwrap_or_default());
        }
        if self.linger.is_zero() {
            self.forget(&internal_id);
        } else {
            self.lingering.push((Instant::now() + self.linger, key));
        }
        Some(callbacks)
    }

    /// Sets how long ended meetings are still listed.
    pub(super) fn set_linger(&mut self, linger: Duration) {
        self.linger = linger;
    }

    /// Drops the ended meetings that have been listed for long enough.
    pub(super) fn bury(&mut self) {
        if self.lingering.is_empty() {
            return;
        }
        let now = Instant::now();
        let buried: Vec<_> = self.lingering.extract_if(.., |(end, _)| *end <= now).collect();
        for (_, key) in buried {
            let ended = self.meetings.get(&key).map(|meeting| meeting.facts.internal_id.clone());
            if let Some(internal_id) = ended {
                self.forget(&internal_id);
            }
        }
    }

    /// Loses everything.
    pub(super) fn forget_all(&mut self) {
        self.meetings.clear();
        self.names.clear();
        self.voice_bridges.clear();
        self.lingering.clear();
    }

    fn facts(&mut self, new: &NewMeeting, parent: Option<String>) -> SimMeeting {
        let create_time = new_create_time();
        let (meeting_id, internal_id) = match &parent {
            Some(parent) => (breakout_id(parent, new), new.meeting_id.clone()),
            None => (
                new.meeting_id.clone(),
                format!("{}-{create_time}", sha1(&new.meeting_id).as_str()),
            ),
        };
        SimMeeting {
            meeting_id,
            internal_id,
            name: new.name.clone(),
            create_time,
            attendee_password: new.attendee_password.clone().unwrap_or_else(|| random_text(8)),
            moderator_password: new.moderator_password.clone().unwrap_or_else(|| random_text(8)),
            voice_bridge: new.voice_bridge.clone().unwrap_or_else(|| self.new_voice_bridge()),
            duration: new.duration,
            max_participants: new.max_participants,
            record: new.record,
            has_user_joined: false,
            people: new.people,
            joined: Vec::new(),
            metadata: new.metadata.clone(),
            parent,
            sequence: new.sequence,
            breakouts: Vec::new(),
            documents: new.documents,
            chat_messages: 0,
        }
    }

    fn new_voice_bridge(&mut self) -> String {
        loop {
            let bridge = self.next_voice_bridge.to_string();
            self.next_voice_bridge += 1;
            if !self.voice_bridges.contains(&bridge) {
                return bridge;
            }
        }
    }
}

/// Now; never the same twice, so that a meeting made again at once, here or on another simulated
/// server, has another internal id.
fn new_create_time() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let now = u64::try_from(now).unwrap_or_default();
    let last =
        LAST.fetch_update(Ordering::AcqRel, Ordering::Acquire, |last| Some(now.max(last + 1)));
    now.max(last.unwrap_or_default() + 1)
}

/// Letters and digits.
pub(super) fn random_text(length: usize) -> String {
    Alphanumeric.sample_string(&mut rand::rng(), length)
}

/// The external id of a breakout: BBB makes it of the parent, of the time after the first hyphen
/// of the id that was asked for, and of the sequence.
fn breakout_id(parent: &str, new: &NewMeeting) -> String {
    let time = new.meeting_id.split_once('-').map_or("", |(_, time)| time);
    format!("{}-{time}", sha1(&format!("{parent}-{time}-{}", new.sequence)).as_str())
}

/// A checksum without call and secret is the plain hash of its query.
fn sha1(text: &str) -> Checksum {
    Checksum::of(Algorithm::Sha1, "", text, "")
}
