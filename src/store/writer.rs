//! The one thread that writes, and the queue in front of it.

use std::convert::Infallible;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SendError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::sync::{oneshot, watch};

use super::codec::VALUE_LIMIT;
use super::disk::{CommitError, Disk};
use super::error::{ChangeError, OpenError};
use super::state::{Draft, State, Write};

/// How many waiting changes share one flush at most.
const GROUP: usize = 1024;

/// How often a full disk is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// What is handed to the writer: a change, or the wish to stop.
pub(super) enum Command {
    Change(Change),
    Stop,
}

/// How a group of changes ended.
pub(super) type Outcome = Result<(), ChangeError<Infallible>>;

/// A change with its answer inside: run on a draft, it returns what to call when the outcome is
/// known.
pub(super) type Change = Box<dyn FnOnce(&mut Draft) -> Finish + Send>;

pub(super) enum Finish {
    /// The change decided against itself, and has told its caller.
    Refused,
    /// To be called once the writes are on the medium, or are known not to be.
    Waiting(Box<dyn FnOnce(&Outcome) + Send>),
}

impl Command {
    pub(super) fn new<T, E, F>(
        change: F,
        answer: oneshot::Sender<Result<T, ChangeError<E>>>,
    ) -> Self
    where
        T: Send + 'static,
        E: Send + 'static,
        F: FnOnce(&mut Draft) -> Result<T, E> + Send + 'static,
    {
        Self::Change(Box::new(move |draft| match change(draft) {
            Err(refusal) => {
                // The caller may have gone away; then nobody needs the answer.
                let _ = answer.send(Err(ChangeError::Refused(refusal)));
                Finish::Refused
            }
            Ok(value) => Finish::Waiting(Box::new(move |outcome| {
                let _ = answer.send(outcome.as_ref().map(|()| value).map_err(widen));
            })),
        }))
    }
}

fn widen<E>(error: &ChangeError<Infallible>) -> ChangeError<E> {
    match error {
        ChangeError::Refused(never) => match *never {},
        ChangeError::TooLarge { size, limit } => {
            ChangeError::TooLarge { size: *size, limit: *limit }
        }
        ChangeError::Full { free } => ChangeError::Full { free: *free },
        ChangeError::Failed => ChangeError::Failed,
        ChangeError::Stopped => ChangeError::Stopped,
    }
}

/// The way to the writer thread; cheap to clone.
#[derive(Clone)]
pub(super) struct Writer {
    commands: Sender<Command>,
    trouble: Arc<ArcSwapOption<String>>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Writer {
    pub(super) fn start(
        disk: Disk,
        state: Arc<ArcSwap<State>>,
    ) -> Result<(Self, watch::Receiver<u64>), OpenError> {
        let (commands, waiting) = channel();
        let (revision, changed) = watch::channel(0);
        let trouble = Arc::new(ArcSwapOption::empty());
        let told = Arc::clone(&trouble);
        let thread = thread::Builder::new()
            .name("store".into())
            .spawn(move || {
                let _ended = Ended(Arc::clone(&told));
                let (full, failed) = (false, false);
                Loop { disk, state, revision, trouble: told, full, failed }.run(&waiting);
            })
            .map_err(|source| OpenError::Io {
                doing: "start the thread for",
                path: "store".into(),
                source,
            })?;
        Ok((Self { commands, trouble, thread: Arc::new(Mutex::new(Some(thread))) }, changed))
    }

    pub(super) fn send(&self, command: Command) -> Result<(), SendError<Command>> {
        self.commands.send(command)
    }

    pub(super) fn trouble(&self) -> Option<String> {
        self.trouble.load().as_deref().cloned()
    }

    pub(super) fn stop(&self) {
        // A thread that has already ended needs no telling.
        let _ = self.commands.send(Command::Stop);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

/// Says that the thread has ended, however it did: nothing is stored without it.
struct Ended(Arc<ArcSwapOption<String>>);

impl Drop for Ended {
    fn drop(&mut self) {
        let why = if thread::panicking() {
            let why = "the store has broken down; nothing is stored until a restart";
            tracing::error!("{why}");
            why.to_owned()
        } else {
            ChangeError::<Infallible>::Stopped.to_string()
        };
        self.0.store(Some(Arc::new(why)));
    }
}

struct Loop {
    disk: Disk,
    state: Arc<ArcSwap<State>>,
    revision: watch::Sender<u64>,
    trouble: Arc<ArcSwapOption<String>>,
    full: bool,
    failed: bool,
}

impl Loop {
    fn run(mut self, waiting: &Receiver<Command>) {
        while let Some(first) = self.next(waiting) {
            let mut group = vec![first];
            let mut stop = false;
            while group.len() < GROUP {
                match waiting.try_recv() {
                    Ok(Command::Change(change)) => group.push(change),
                    Ok(Command::Stop) => {
                        stop = true;
                        break;
                    }
                    Err(_) => break,
                }
            }
            self.make(group);
            if stop {
                return;
            }
        }
    }

    /// The next change; none when the writer is to stop.
    ///
    /// A full disk is looked at while nothing comes: who sees that beadle is unwell may send it no
    /// change, and it would stay unwell.
    fn next(&mut self, waiting: &Receiver<Command>) -> Option<Change> {
        while self.full {
            match waiting.recv_timeout(LOOK_AGAIN) {
                Ok(Command::Change(change)) => return Some(change),
                Ok(Command::Stop) | Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {
                    if self.disk.has_space().is_ok() {
                        self.recovered();
                    }
                }
            }
        }
        match waiting.recv() {
            Ok(Command::Change(change)) => Some(change),
            Ok(Command::Stop) | Err(_) => None,
        }
    }

    /// Makes a group of changes, and answers all of them.
    fn make(&mut self, group: Vec<Change>) {
        let mut state = State::clone(&self.state.load());
        let mut writes: Vec<Write> = Vec::new();
        let mut servers_changed = false;
        let mut finishes = Vec::with_capacity(group.len());
        for change in group {
            let mut draft = Draft::new(state.clone());
            let Finish::Waiting(finish) = change(&mut draft) else { continue };
            if let Some(failure) = draft.failure {
                finish(&Err(too_large(&failure)));
                continue;
            }
            state = draft.state;
            writes.append(&mut draft.writes);
            servers_changed |= draft.servers_changed;
            finishes.push(finish);
        }
        let outcome = if writes.is_empty() { Ok(()) } else { self.commit(&writes) };
        if outcome.is_ok() && !writes.is_empty() {
            self.state.store(Arc::new(state));
        }
        if outcome.is_ok() && servers_changed {
            self.revision.send_modify(|revision| *revision += 1);
        }
        for finish in finishes {
            finish(&outcome);
        }
    }

    fn commit(&mut self, writes: &[Write]) -> Outcome {
        if self.failed {
            return Err(ChangeError::Failed);
        }
        match self.disk.commit(writes) {
            Ok(()) => {
                self.recovered();
                Ok(())
            }
            Err(CommitError::Full(free)) => {
                let error = ChangeError::Full { free };
                if !self.full {
                    tracing::error!(%error, "nothing can be stored until there is room again");
                }
                self.full = true;
                self.trouble.store(Some(Arc::new(error.to_string())));
                Err(error)
            }
            Err(CommitError::Failed(error)) => {
                // After a failed sync the kernel may have dropped what it could not write, so
                // trying again could acknowledge what is not there.
                self.failed = true;
                self.full = false;
                tracing::error!(%error, "the store has failed; nothing is stored until a restart");
                self.trouble.store(Some(Arc::new(format!(
                    "{}: {error}",
                    ChangeError::<Infallible>::Failed
                ))));
                Err(ChangeError::Failed)
            }
        }
    }

    fn recovered(&mut self) {
        if self.full {
            tracing::info!("the disk has room again");
        }
        self.full = false;
        self.trouble.store(None);
    }
}

fn too_large(failure: &super::codec::CodecError) -> ChangeError<Infallible> {
    match failure {
        super::codec::CodecError::TooLarge(size) => {
            ChangeError::TooLarge { size: *size, limit: VALUE_LIMIT }
        }
        _ => ChangeError::Failed,
    }
}
