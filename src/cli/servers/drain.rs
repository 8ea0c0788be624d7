//! `cordon`, and waiting until a server is empty.

use std::time::{Duration, Instant};

use super::state;
use crate::api::{ServerView, Status};
use crate::cli::args::Cordon;
use crate::cli::console::Console;
use crate::cli::daemon::Resource;
use crate::cli::error::{CliError, Exit};
use crate::cli::{print, words};
use crate::model::ServerState;

/// How often the daemon is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often somebody who watches is told how far it is.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// Figures that are older than this are asked for anew: automatic polling may be off, or slow.
const STALE: Duration = Duration::from_secs(30);

pub(super) async fn cordon(console: &Console, wish: &Cordon) -> Result<Exit, CliError> {
    let server = state::put(console, &wish.of.server, ServerState::Cordoned, false).await?;
    if !wish.wait {
        console.done(&server, |server| format!("server {} takes no new meetings", server.id))?;
        return Ok(Exit::Fine);
    }
    let mut drain = Drain::new(console, server);
    let empty = match wish.timeout {
        Some(timeout) => tokio::time::timeout(timeout, drain.run()).await,
        None => Ok(drain.run().await),
    };
    // Time was up where there is no result.
    let exit = if let Ok(result) = empty { result.map(|()| Exit::Fine)? } else { Exit::TimedOut };
    console.done(&drain.server, |server| match exit {
        Exit::Fine => format!("server {} is empty", server.id),
        _ => format!("time is up; on server {}: {}", server.id, left(server)),
    })?;
    Ok(exit)
}

/// A server on its way to being empty.
struct Drain<'a> {
    console: &'a Console,
    /// As it was seen last.
    server: ServerView,
    began: Instant,
    told: Option<Instant>,
    polled: Option<Instant>,
}

impl<'a> Drain<'a> {
    fn new(console: &'a Console, server: ServerView) -> Self {
        Self { console, server, began: Instant::now(), told: None, polled: None }
    }

    /// Returns when no meeting is left.
    async fn run(&mut self) -> Result<(), CliError> {
        loop {
            self.refresh().await?;
            self.server = super::find(self.console, &self.server.id).await?;
            if self.is_empty() {
                return Ok(());
            }
            self.tell();
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// A meeting may have been on its way to the server when it was cordoned, so only what it
    /// said after that counts.
    fn is_empty(&self) -> bool {
        let server = &self.server;
        let nothing = server.placed == 0 && server.meetings == 0 && server.breakouts == 0;
        nothing && self.silence().is_some_and(|silence| silence < self.began.elapsed())
    }

    /// Has the servers asked where the figures are from before, or too old.
    async fn refresh(&mut self) -> Result<(), CliError> {
        let limit = self.began.elapsed().min(STALE);
        let fresh = self.silence().is_some_and(|silence| silence < limit);
        let just_polled = self.polled.is_some_and(|polled| polled.elapsed() < STALE);
        if !fresh && !just_polled {
            let _: Status = self.console.daemon.post(Resource::at(&["poll"])).await?;
            self.polled = Some(Instant::now());
        }
        Ok(())
    }

    fn silence(&self) -> Option<Duration> {
        Duration::try_from_secs_f64(self.server.last_answer?).ok()
    }

    fn tell(&mut self) {
        let due = self.told.is_none_or(|told| told.elapsed() >= TELL_EVERY);
        if due && print::watched() {
            print::say(&format!("on server {}: {}", self.server.id, left(&self.server)));
            self.told = Some(Instant::now());
        }
    }
}

/// What is left on a server, and how sure that is.
fn left(server: &ServerView) -> String {
    let listed = usize::try_from(server.meetings).unwrap_or(usize::MAX);
    let crowd = words::crowd(listed.max(server.placed), server.users);
    match (&server.trouble, server.last_answer) {
        (Some(trouble), None) => format!("unknown, it never answered ({trouble})"),
        (Some(trouble), Some(age)) => {
            format!("{crowd} {} ago; now it fails ({trouble})", words::time(age))
        }
        (None, _) => crowd,
    }
}
