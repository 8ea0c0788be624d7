//! State on disk. Everybody reads, one thread writes.
//!
//! # On disk
//!
//! The data directory holds `format` (a text file with the number of its format), `lock` (held by
//! the process that uses it) and `store/`, a sled database with one tree for each kind of record:
//!
//! | tree | key | value |
//! | --- | --- | --- |
//! | `servers` | the server's id | [`codec`]'s server record |
//! | `meetings` | tenant, NUL, meetingID | [`codec`]'s meeting record |
//! | `copies` | server's id, NUL, internalMeetingID | [`codec`]'s record of a lost copy |
//! | `ended` | internalMeetingID, or tenant, NUL, meetingID | when it was ended through beadle |
//! | `sizes` | tenant, NUL, meetingID or nothing | [`codec`]'s size record |
//!
//! A value is a version byte and the record in bincode. No value is larger than
//! [`codec::VALUE_LIMIT`]: sled keeps larger ones in files that it never syncs.
//! Two more folders come and go during a start: `store.new` (a database that is being made) and
//! `store.rehearsal` (see [`rehearsal`]). What a broken-off start left of them is not used.
//! What can be derived (which meeting an internal id or a voice bridge leads to) is not stored; it
//! is rebuilt while the records are read at the start.
//!
//! # Reading
//!
//! [`Store::state`] is an immutable picture of everything, in memory. It takes no lock that a
//! writer holds, so the calls of people joining never wait for a disk.
//!
//! # Writing
//!
//! A change is a closure over a [`Draft`]; see [`Store::change`]. The writer thread collects the
//! changes that wait, applies them in one transaction, flushes, and asks the kernel to put the
//! file on the medium (sled's own flush does not), and only then lets the callers go on. After an
//! error of the medium nothing is acknowledged any more: what a failed sync left behind is not
//! known, so the process must be started anew. A full disk is different: nothing is tried while
//! there is less room than a commit could ever need, and once there is more all goes on.

pub mod codec;
mod disk;
mod error;
mod rehearsal;
mod state;
mod writer;

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::{oneshot, watch};

pub use error::{ChangeError, OpenError};
pub use state::{Draft, State};

use disk::Disk;
use writer::{Command, Writer};

/// A handle on the state; cheap to clone.
#[derive(Clone)]
pub struct Store {
    data_dir: Arc<Path>,
    state: Arc<ArcSwap<State>>,
    writer: Writer,
    revision: watch::Receiver<u64>,
}

impl Store {
    /// Opens the data directory, making it when it is not there.
    ///
    /// Fails, and changes nothing, when the directory is in use, of a newer format, or cannot be
    /// written to.
    pub fn open(data_dir: &Path) -> Result<Self, OpenError> {
        let (disk, state) = Disk::open(data_dir)?;
        let state = Arc::new(ArcSwap::from_pointee(state));
        let (writer, revision) = Writer::start(disk, Arc::clone(&state))?;
        Ok(Self { data_dir: data_dir.into(), state, writer, revision })
    }

    /// Everything that is stored, as of the last acknowledged change.
    pub fn state(&self) -> arc_swap::Guard<Arc<State>> {
        self.state.load()
    }

    /// Changes the state. The closure sees the state with all earlier changes in it; when it
    /// returns an error nothing is changed. Returns once the change is on the medium.
    ///
    /// The closure runs on the writer thread and must not block.
    pub async fn change<T, E, F>(&self, change: F) -> Result<T, ChangeError<E>>
    where
        T: Send + 'static,
        E: Send + 'static,
        F: FnOnce(&mut Draft) -> Result<T, E> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        self.writer.send(Command::new(change, answer)).map_err(|_| ChangeError::Stopped)?;
        answered.await.unwrap_or(Err(ChangeError::Stopped))
    }

    /// Tells when servers are added, changed or removed.
    pub fn servers_changed(&self) -> watch::Receiver<u64> {
        self.revision.clone()
    }

    /// Why nothing can be stored at the moment, in words; none when all is well. It looks at the
    /// free space itself, so that nobody starts what could then not be stored.
    pub fn trouble(&self) -> Option<String> {
        self.writer.trouble().or_else(|| match disk::free_space(&self.data_dir) {
            Ok(free) if free < disk::RESERVE => {
                Some(ChangeError::<Infallible>::Full { free }.to_string())
            }
            _ => None,
        })
    }

    /// Lets the writer finish what it was given and close the files. Blocks until it has.
    pub fn close(&self) {
        self.writer.stop();
        disk::wait_until_released(&self.data_dir);
    }
}
