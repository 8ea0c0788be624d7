//! Voice bridges being handed out: each number goes to one meeting of the pool only.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::bbb::voice_bridge::{Candidates, TEST_BRIDGE};
use crate::config::DialIn;
use crate::model::Meeting;
use crate::pool::watch::live::Name;
use crate::store::Store;

/// Candidates that are looked at before a meeting goes without a number of the pool's.
const CANDIDATES: usize = 10_000;

/// The numbers given to meetings that are not stored yet.
#[derive(Default)]
pub(in crate::pool) struct Bridges(Mutex<HashSet<String>>);

impl Bridges {
    /// Picks the meeting's number: the front end's own where that is allowed, else the first of
    /// its candidates that no other meeting has. An empty one where none is free.
    pub(super) fn take(
        &self,
        store: &Store,
        name: &Name,
        wished: Option<String>,
        dial_in: &DialIn,
    ) -> String {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Read while nobody else takes one: a number is settled only once it is stored.
        let state = store.state();
        let wished = wished.filter(|number| dial_in.use_client_pin && usable(number));
        let candidates = Candidates::of(name.1.as_str(), dial_in.pin_length).take(CANDIDATES);
        let mut numbers = wished.into_iter().chain(candidates);
        // A meeting that starts anew elsewhere is still stored with its number, and keeps it.
        let own = |meeting: &Arc<Meeting>| meeting.tenant == name.0 && meeting.id == name.1;
        let free =
            |number: &String| state.voice_bridge(number).is_none_or(own) && !taken.contains(number);
        let number = numbers.find(free).unwrap_or_default();
        if !number.is_empty() {
            taken.insert(number.clone());
        }
        number
    }

    /// The number is stored with its meeting, or not needed any more.
    pub(super) fn settle(&self, number: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(number);
    }
}

fn usable(number: &str) -> bool {
    !number.is_empty() && number != TEST_BRIDGE
}
