//! Meetings that are due and not there yet: by the timetable that was learned, and those that have
//! just lost their server. Room is kept for the large ones among them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::config::Policy;
use crate::pool::meetings::create::Wish;
use crate::pool::placement;
use crate::pool::placement::choice::{Contender, Standing};
use crate::pool::placement::sizes;
use crate::pool::watch::live::Name;
use crate::pool::{Pool, now_ms};

/// Once a minute the timetable is read anew: beginnings are known to the minute.
const MINUTE_MS: u64 = 60 * 1000;

/// The people of a lost server are back by then, or will not come.
const BACK_WITHIN: Duration = Duration::from_mins(15);

/// What the timetable says for one minute.
#[derive(Default)]
pub(in crate::pool) struct Timetable(Mutex<(u64, Arc<[Due]>)>);

/// A meeting that is due, and how large it is expected to be.
#[derive(Debug, Clone)]
struct Due {
    name: Name,
    people: u32,
}

impl Pool {
    /// Keeps room for the meetings that are due and larger than this one on the servers that it
    /// may use.
    pub(in crate::pool) fn keep_room(&self, contenders: &mut [Contender<'_>], wish: &Wish) {
        if self.config().placement.policy != Policy::Predicted || wish.parent.is_some() {
            return;
        }
        let due = self.larger_ones(wish);
        let mut usable: Vec<_> = contenders
            .iter_mut()
            .filter(|c| c.standing == Standing::Ready && !c.spare)
            .map(|contender| &mut contender.candidate)
            .filter(|candidate| wish.wanted.accepts(candidate.tag))
            .collect();
        placement::keep_room(&mut usable, &due, f64::from(wish.expected.people));
    }

    /// How large the meetings are that are due and larger than the one that is asked for, the
    /// largest first.
    fn larger_ones(&self, wish: &Wish) -> Vec<f64> {
        let state = self.store().state();
        let timetable = self.timetable(now_ms());
        let larger = timetable.iter().take_while(|due| due.people > wish.expected.people);
        let absent = larger.filter(|Due { name, .. }| {
            *name != wish.name && state.meeting_of_id(&name.0, name.1.as_str()).is_none()
        });
        let mut people: Vec<u32> = absent.map(|due| due.people).collect();
        let lost = self.lost().into_iter().filter(|due| due.name != wish.name);
        people.extend(lost.map(|due| due.people).filter(|&people| people > wish.expected.people));
        people.sort_unstable_by(|a, b| b.cmp(a));
        people.into_iter().map(f64::from).collect()
    }

    /// The meetings that are due by the timetable, the largest first.
    fn timetable(&self, now_ms: u64) -> Arc<[Due]> {
        let minute = now_ms / MINUTE_MS;
        let mut read = self.0.timetable.0.lock().unwrap_or_else(PoisonError::into_inner);
        if read.0 != minute {
            let due = self.store().state().sizes_of_meetings(|size| sizes::is_due(size, now_ms));
            let due = due.into_iter().filter_map(|(tenant, id, size)| {
                Some(Due { name: (tenant, id), people: sizes::expect(&size, now_ms)? })
            });
            let mut due: Vec<_> = due.collect();
            due.sort_unstable_by(|a, b| (b.people, &a.name).cmp(&(a.people, &b.name)));
            *read = (minute, due.into());
        }
        Arc::clone(&read.1)
    }

    /// The meetings whose server is dead, and has not been for long.
    fn lost(&self) -> Vec<Due> {
        let (now, config, state) = (Instant::now(), self.config(), self.store().state());
        let mut lost = Vec::new();
        for (server, live) in self.servers() {
            let silent = live.silent_for(now).unwrap_or(Duration::MAX);
            if silent > BACK_WITHIN || !live.dead(now, &config.health) {
                continue;
            }
            for meeting in state.meetings_on(&server.id) {
                let size = self.size_of(&meeting.tenant, &meeting.id);
                // One to which nobody came yet is not missed.
                if let Some(open) = size.and_then(|size| size.open)
                    && open.peak > 0
                {
                    let name = (meeting.tenant.clone(), meeting.id.clone());
                    lost.push(Due { name, people: open.peak });
                }
            }
        }
        lost
    }
}
