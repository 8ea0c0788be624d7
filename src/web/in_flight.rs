//! The calls that are being answered, counted, so that a stop can wait for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// A count of calls; cheap to clone.
#[derive(Clone, Default)]
pub struct InFlight(Arc<Count>);

#[derive(Default)]
struct Count {
    calls: AtomicUsize,
    idle: Notify,
}

/// One call; it counts until it is dropped.
pub(super) struct Counted(InFlight);

impl InFlight {
    /// Counts a call. Takes no lock.
    pub(super) fn enter(&self) -> Counted {
        self.0.calls.fetch_add(1, Ordering::AcqRel);
        Counted(self.clone())
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.calls.load(Ordering::Acquire)
    }

    /// Waits until there is none.
    pub async fn none(&self) {
        loop {
            let idle = self.0.idle.notified();
            if self.count() == 0 {
                return;
            }
            idle.await;
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let Self(InFlight(count)) = self;
        if count.calls.fetch_sub(1, Ordering::AcqRel) == 1 {
            count.idle.notify_waiters();
        }
    }
}
