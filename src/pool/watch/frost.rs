//! The pool as a whole failing and coming back: feeds [`Freeze`] and tells operators.

use std::sync::{MutexGuard, PoisonError};
use std::time::Instant;

use crate::pool::Pool;
use crate::pool::watch::freeze::Freeze;

impl Pool {
    /// Since when failures do not count, because all servers failed at once.
    pub fn frozen_since(&self, now: Instant) -> Option<Instant> {
        self.end_frost_in_time(now);
        self.freeze().since()
    }

    /// To be called before a contact is taken note of.
    pub(in crate::pool) fn end_frost_in_time(&self, now: Instant) {
        let mut freeze = self.freeze();
        if freeze.is_over(now, self.config().health.frozen_at_most) {
            self.thaw(now);
            drop(freeze);
            tracing::error!("no server has answered for long; failures count again");
        }
    }

    /// To be called after a success was taken note of.
    pub(in crate::pool) fn end_frost(&self, now: Instant) {
        let mut freeze = self.freeze();
        if freeze.succeeded() {
            self.thaw(now);
            drop(freeze);
            tracing::warn!("a server answers again; failures count again");
        }
    }

    /// To be called after a failure was taken note of.
    pub(in crate::pool) fn begin_frost(&self, now: Instant) {
        let config = self.config();
        if config.health.frozen_at_most.is_zero() {
            return;
        }
        // Polls that begin within one interval may take as long as a connection to fail.
        let window = config.poll.interval.mul_f64(1.1) + config.servers.connect_timeout;
        let lives = self.0.live.load();
        let mut freeze = self.freeze();
        if freeze.failed(now, window, lives.values().map(|live| live.standing())) {
            for live in lives.values() {
                live.freeze(now);
            }
            drop(freeze);
            tracing::error!(
                "all servers failed at once: the fault is probably in beadle's own network or \
                 name resolution; the pool is frozen, nothing is changed"
            );
        }
    }

    fn thaw(&self, now: Instant) {
        for live in self.0.live.load().values() {
            live.thaw(now);
        }
    }

    /// To be held until all servers are told as well: one that is frozen after the frost has ended
    /// would stay so.
    fn freeze(&self) -> MutexGuard<'_, Freeze> {
        // A plain value that is whole at every moment.
        self.0.freeze.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
