//! Why the store cannot be opened, and why a change was not made.

use std::io;
use std::path::PathBuf;

/// The data directory cannot be used. Nothing in it was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error(
        "the data directory {} is in use by another beadle; stop that one first, or choose another directory with --data-dir",
        .0.display()
    )]
    InUse(PathBuf),
    /// A newer beadle wrote it.
    #[error(
        "the data directory {} was written by a newer beadle (format {found}, this one knows {known}); install that version again",
        .path.display()
    )]
    Newer {
        /// The data directory.
        path: PathBuf,
        /// The format that it has.
        found: u32,
        /// The newest format that this beadle reads.
        known: u32,
    },
    /// The file that names the format says something else.
    #[error("{} should hold the number of the data format and does not; restore it from a backup", .0.display())]
    Format(PathBuf),
    /// Too little space is left to keep any promise.
    #[error("the file system of {} has only {free} bytes left; free at least {needed}", .path.display())]
    Full {
        /// The data directory.
        path: PathBuf,
        /// Bytes that are free.
        free: u64,
        /// Bytes that beadle wants to be free.
        needed: u64,
    },
    /// The operating system refused.
    #[error("cannot {doing} {}: {source}", .path.display())]
    Io {
        /// What was tried, as a verb.
        doing: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// The database in it cannot be read.
    #[error("cannot open the database in {}: {source}", .path.display())]
    Database {
        /// Its folder.
        path: PathBuf,
        /// What sled said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A record cannot be read.
    #[error("a record of {tree} in {} cannot be read: {source}", .path.display())]
    Record {
        /// The data directory.
        path: PathBuf,
        /// The kind of record.
        tree: &'static str,
        /// What is wrong with it.
        source: super::codec::CodecError,
    },
}

/// A change was not made. The state is as it was.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ChangeError<E> {
    /// The change itself decided against it.
    #[error(transparent)]
    Refused(E),
    /// A record is too large to be stored.
    #[error("a record of {size} bytes is too large to be stored; at most {limit} are possible")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
        /// The largest size possible, in bytes.
        limit: usize,
    },
    /// The file system is full.
    #[error("the file system of the data directory is full ({free} bytes left)")]
    Full {
        /// Bytes that are left.
        free: u64,
    },
    /// The medium failed, now or before; nothing is stored until a restart.
    #[error("the store has failed and takes no changes until beadle is restarted")]
    Failed,
    /// beadle is stopping.
    #[error("the store is closed")]
    Stopped,
}
