//! The turnstile through which every call to a server goes: a sick server costs its own callers
//! little, and the callers of others nothing.
//!
//! Each server takes so many calls at once and no more (`servers.concurrent_calls`). Once it has
//! left several calls in a row without a word, it is *silent*: calls to it fail at once, but for
//! one in a while that tries it. Calls on which the life of a meeting depends always go out
//! ([`Pool::call_anyway`]), and so do polls ([`Pool::call_beside`]); any answer ends the silence.
//! Silence says nothing about [health](super::health) and ends or moves no meeting.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::client::{CallError, Client, Reply, Request};
use crate::model::Server;
use crate::pool::Pool;
use crate::pool::watch::health::Health;
use crate::pool::watch::live::Live;

/// Calls in a row without a word that make a server silent.
const SILENT_AFTER: u32 = 3;

/// A silent server is tried by one call in this time.
const TRIAL_EVERY: Duration = Duration::from_secs(2);

/// What stands before a server.
pub(in crate::pool) struct Turnstile {
    calls: Semaphore,
    breaker: Mutex<Breaker>,
}

impl Turnstile {
    /// One that lets so many calls through at once.
    pub(in crate::pool) fn of(calls: usize) -> Self {
        let calls = Semaphore::new(calls.min(Semaphore::MAX_PERMITS));
        Self { calls, breaker: Mutex::default() }
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        // A plain value that is whole at every moment.
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn enter(&self, patience: Duration) -> Result<SemaphorePermit<'_>, CallError> {
        // Mostly nobody waits, and no clock is needed.
        if let Ok(turn) = self.calls.try_acquire() {
            return Ok(turn);
        }
        let turn = tokio::time::timeout(patience, self.calls.acquire()).await;
        turn.ok().and_then(Result::ok).ok_or(CallError::Busy)
    }
}

impl Pool {
    /// Calls a server, unless it is silent or has too many calls at once. A failure counts
    /// against its health; that no answer came does so only where it had the time for one.
    pub(in crate::pool) async fn call(
        &self,
        client: &Client,
        server: &Server,
        mut request: Request<'_>,
    ) -> Result<Reply, CallError> {
        let live = self.live(&server.id);
        let hurried = {
            let config = self.config();
            let usual = config.servers.response_timeout.min(config.api.get_meetings_budget);
            request.timeout < usual / 2
        };
        let pass = live.turnstile.breaker().ask(Instant::now(), request.body.is_none());
        if pass == Pass::No {
            return Err(CallError::NotAsked);
        }
        if pass == Pass::Trial || live.health() == Health::Offline {
            request.timeout = request.timeout.min(self.config().servers.sick_timeout);
        }
        let began = Instant::now();
        let _turn = live.turnstile.enter(self.patience(&request)).await?;
        // Those before may just have learnt that nobody answers.
        if pass == Pass::Yes && live.turnstile.breaker().is_silent() {
            return Err(CallError::NotAsked);
        }
        request.timeout = request.timeout.saturating_sub(began.elapsed());
        let reply = client.call(server, request).await;
        // Who came to it with little time left has learnt nothing about it.
        if !hurried || reply.as_ref().err() != Some(&CallError::Timeout) {
            self.learn(server, &live, &reply);
        }
        reply
    }

    /// Calls a server whatever is known of it, in its turn. Where that bodes ill, a short call
    /// goes ahead: if it finds nobody, what it was for is not sent. A failure counts against the
    /// server's health.
    pub(in crate::pool) async fn call_anyway(
        &self,
        client: &Client,
        server: &Server,
        mut request: Request<'_>,
    ) -> Result<Reply, CallError> {
        let live = self.live(&server.id);
        let sick = live.turnstile.breaker().is_silent() || live.health() == Health::Offline;
        if sick {
            let timeout = request.timeout.min(self.config().servers.sick_timeout);
            let knock = Request { call: "", query: "", body: None, timeout };
            let knocked = self.send(client, server, &live, knock).await;
            knocked.map_err(CallError::before_the_call)?;
        }
        let began = Instant::now();
        let _turn = live.turnstile.enter(self.patience(&request)).await?;
        request.timeout = request.timeout.saturating_sub(began.elapsed());
        self.send(client, server, &live, request).await
    }

    /// Calls a server beside all others: how it is doing must be seen while they wait. Only the
    /// caller knows what a failure means.
    pub(in crate::pool) async fn call_beside(
        &self,
        client: &Client,
        server: &Server,
        request: Request<'_>,
    ) -> Result<Reply, CallError> {
        let live = self.live(&server.id);
        let reply = client.call(server, request).await;
        note(server, &live, &reply);
        reply
    }

    async fn send(
        &self,
        client: &Client,
        server: &Server,
        live: &Live,
        request: Request<'_>,
    ) -> Result<Reply, CallError> {
        let reply = client.call(server, request).await;
        self.learn(server, live, &reply);
        reply
    }

    fn learn(&self, server: &Server, live: &Live, reply: &Result<Reply, CallError>) {
        note(server, live, reply);
        if let Err(error) = reply
            && error.is_the_servers()
            && self.is_still(server)
        {
            self.failed(&server.id, error, Instant::now());
        }
    }

    /// How long a call waits for its turn: most of its time must be left for itself.
    fn patience(&self, request: &Request<'_>) -> Duration {
        request.timeout.min(self.config().servers.connect_timeout)
    }
}

fn note(server: &Server, live: &Live, reply: &Result<Reply, CallError>) {
    let mut breaker = live.turnstile.breaker();
    let was_silent = breaker.is_silent();
    match reply {
        Err(error) if error.is_silence() => breaker.missed(),
        Err(error) if !error.is_the_servers() => {}
        // Whoever refuses or hangs up does so at once, and keeps nobody waiting.
        _ => breaker.answered(),
    }
    let is_silent = breaker.is_silent();
    drop(breaker);
    match (was_silent, is_silent) {
        (false, true) => {
            tracing::warn!(server = %server.id, "server is silent; calls to it fail at once");
        }
        (true, false) => tracing::info!(server = %server.id, "server is no longer silent"),
        _ => {}
    }
}

/// Whether a call goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    Yes,
    /// To see whether the server is still silent.
    Trial,
    No,
}

/// Counts calls without a word. Pure.
#[derive(Debug, Default)]
struct Breaker {
    missed: u32,
    last_trial: Option<Instant>,
}

impl Breaker {
    fn is_silent(&self) -> bool {
        self.missed >= SILENT_AFTER
    }

    /// Only a `brief` call may be the one that tries a silent server.
    fn ask(&mut self, now: Instant, brief: bool) -> Pass {
        if !self.is_silent() {
            return Pass::Yes;
        }
        let waited = self.last_trial.map(|last| now.saturating_duration_since(last));
        if !brief || waited.is_some_and(|time| time < TRIAL_EVERY) {
            return Pass::No;
        }
        self.last_trial = Some(now);
        Pass::Trial
    }

    fn missed(&mut self) {
        self.missed = self.missed.saturating_add(1);
    }

    fn answered(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_server_is_tried_now_and_then_until_it_answers() {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let mut breaker = Breaker::default();
        breaker.missed();
        breaker.missed();
        assert_eq!(breaker.ask(at(0), true), Pass::Yes, "two calls");
        breaker.answered();
        for _ in 0..SILENT_AFTER {
            assert_eq!(breaker.ask(at(0), true), Pass::Yes, "an answer came in between");
            breaker.missed();
        }
        let table = [
            (0, false, Pass::No),
            (0, true, Pass::Trial),
            (1, true, Pass::No),
            (1999, true, Pass::No),
            (2000, false, Pass::No),
            (2000, true, Pass::Trial),
            (3999, true, Pass::No),
            (4000, true, Pass::Trial),
        ];
        for (time, brief, pass) in table {
            assert_eq!(breaker.ask(at(time), brief), pass, "{time} {brief}");
        }
        breaker.answered();
        assert_eq!(breaker.ask(at(4001), false), Pass::Yes);
    }
}
