//! Addresses of names, remembered: a resolver that fails for a while makes no server fail.
//!
//! An answer counts for [`fresh_for`](Names::asking). After that it is asked for anew, and while
//! there is no new answer the old one goes on to be used, for a day. Failures are not remembered.
//! Callers who need the same name share one question.

use std::collections::HashMap;
use std::error::Error;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// An old answer is better than none for this long: servers rarely move.
const STALE_FOR: Duration = Duration::from_hours(24);

/// Who has an old answer waits no longer for a new one.
const PATIENCE: Duration = Duration::from_secs(1);

/// The names that one process knows. Cheap to clone; all clones know the same.
#[derive(Clone)]
pub struct Names(Arc<Inner>);

/// Why a name has no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct NameError {
    /// What the resolver said.
    pub reason: String,
}

struct Inner {
    ask: Box<Ask>,
    fresh_for: Duration,
    known: Mutex<HashMap<String, Entry>>,
}

type Ask = dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync;
type Found = Result<Arc<[IpAddr]>, NameError>;
type Question = Shared<BoxFuture<'static, Found>>;

#[derive(Default)]
struct Entry {
    /// The last good answer, and when it came.
    last: Option<(Arc<[IpAddr]>, Instant)>,
    /// The question that is under way; it ends with the last of those who wait for it.
    question: Option<WeakShared<BoxFuture<'static, Found>>>,
    /// Whether the log says already that the last answer is old.
    told: bool,
}

impl Names {
    /// The names of the system: `/etc/hosts`, DNS and whatever else it is set up to ask. An answer
    /// is not asked for again within `fresh_for`.
    pub fn of_system(fresh_for: Duration) -> Self {
        Self::asking(fresh_for, |name| {
            async move {
                let addresses = tokio::net::lookup_host((name, 0)).await?;
                Ok(addresses.map(|address| address.ip()).collect())
            }
            .boxed()
        })
    }

    /// Names that are asked for elsewhere.
    pub fn asking(
        fresh_for: Duration,
        ask: impl Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync + 'static,
    ) -> Self {
        let known = Mutex::default();
        Self(Arc::new(Inner { ask: Box::new(ask), fresh_for, known }))
    }

    /// The addresses of a name, in the order in which the resolver gave them.
    pub async fn find(&self, name: &str) -> Result<Arc<[IpAddr]>, NameError> {
        let (question, last) = {
            let mut known = self.known();
            let entry = known.entry(name.to_owned()).or_default();
            let last = entry.last.clone();
            if let Some((addresses, at)) = &last
                && at.elapsed() < self.0.fresh_for
            {
                return Ok(Arc::clone(addresses));
            }
            let running = entry.question.as_ref().and_then(WeakShared::upgrade);
            (running.unwrap_or_else(|| self.question(name, entry)), last)
        };
        let Some((addresses, _)) = last.filter(|(_, at)| at.elapsed() < STALE_FOR) else {
            return question.await;
        };
        match tokio::time::timeout(PATIENCE, question).await {
            Ok(Ok(new)) => Ok(new),
            Ok(Err(error)) => Ok(self.old(name, addresses, &error.reason)),
            Err(_) => Ok(self.old(name, addresses, "the resolver does not answer")),
        }
    }

    /// Begins to ask for a name.
    fn question(&self, name: &str, entry: &mut Entry) -> Question {
        let (names, name) = (self.clone(), name.to_owned());
        let question = async move {
            let found = (names.0.ask)(name.clone()).await;
            names.learn(name, found)
        };
        let question = question.boxed().shared();
        entry.question = question.downgrade();
        // Those who ask may leave before the answer comes, which others will want.
        tokio::spawn(question.clone());
        question
    }

    fn learn(&self, name: String, found: io::Result<Vec<IpAddr>>) -> Found {
        let mut known = self.known();
        let entry = known.entry(name).or_default();
        entry.question = None;
        let addresses = found.map_err(|error| NameError { reason: error.to_string() })?;
        if addresses.is_empty() {
            return Err(NameError { reason: "the name has no address".to_owned() });
        }
        let addresses: Arc<[IpAddr]> = addresses.into();
        entry.last = Some((Arc::clone(&addresses), Instant::now()));
        entry.told = false;
        // Names of servers that are long gone.
        known.retain(|_, entry| {
            let used = entry.last.as_ref().is_some_and(|(_, at)| at.elapsed() < STALE_FOR);
            used || entry.question.as_ref().and_then(WeakShared::upgrade).is_some()
        });
        Ok(addresses)
    }

    fn old(&self, name: &str, addresses: Arc<[IpAddr]>, reason: &str) -> Arc<[IpAddr]> {
        let mut known = self.known();
        let told = known.get_mut(name).map(|entry| std::mem::replace(&mut entry.told, true));
        if told == Some(false) {
            tracing::warn!(name, reason, "name resolution fails; the last addresses are used");
        }
        addresses
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        // Every entry is whole at every moment.
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let names = self.clone();
        Box::pin(async move {
            let found = names.find(name.as_str()).await;
            let addresses =
                found.map_err(|error| Box::new(error) as Box<dyn Error + Send + Sync>)?;
            let addresses: Vec<_> = addresses.iter().map(|ip| SocketAddr::new(*ip, 0)).collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
