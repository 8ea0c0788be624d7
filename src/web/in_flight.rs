//! The calls that are being answered, counted, so that a stop can wait for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::Notify;

/// A count of calls; cheap to clone.
#[derive(Clone, Default)]
pub struct InFlight(Arc<Count>);

#[derive(Default)]
struct Count {
    calls: AtomicUsize,
    idle: Notify,
    stopping: AtomicBool,
}

/// One call; it counts until it is dropped.
pub(super) struct Counted(InFlight);

impl InFlight {
    /// Counts a call. Takes no lock.
    pub(super) fn enter(&self) -> Counted {
        self.0.calls.fetch_add(1, Ordering::AcqRel);
        Counted(self.clone())
    }

    /// Does work to its end, even when whoever asked for it hangs up meanwhile. It counts until it
    /// is done. None when it broke down.
    pub(super) async fn to_the_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let counted = self.enter();
        let task = tokio::spawn(async move {
            let done = work.await;
            drop(counted);
            done
        });
        task.await.ok()
    }

    /// From now on every answer closes its connection, so that those who keep asking on theirs do
    /// not hold up the stop.
    pub fn stop(&self) {
        self.0.stopping.store(true, Ordering::Release);
    }

    /// Whether there is a stop under way.
    pub(super) fn stopping(&self) -> bool {
        self.0.stopping.load(Ordering::Acquire)
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
