//! The files: the data directory and the database in it. The only place that names sled.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sled::Transactional;
use sled::transaction::ConflictableTransactionError;

use super::error::OpenError;
use super::rehearsal::rehearse;
use super::state::{State, Tree, Write};

/// The format of the data directory that this beadle writes.
///
/// 2: records of lost copies and of ended meetings, which an older beadle would not heed.
const FORMAT: u32 = 2;

/// Bytes that must be free on the file system for anything to be written.
pub(super) const RESERVE: u64 = 16 << 20;

/// sled holds this many bytes of the database in memory; everything needed is in the state.
const CACHE: u64 = 8 << 20;

/// The open data directory.
pub(super) struct Disk {
    data_dir: PathBuf,
    database: sled::Db,
    /// One for each of [`Tree::ALL`], in that order.
    trees: Vec<sled::Tree>,
    /// The database's file, opened a second time to sync it.
    file: File,
    /// Held, not read: closing it lets another process in.
    _lock: File,
}

/// Why a group of changes is not on the medium.
pub(super) enum CommitError {
    /// Nothing was tried: the file system is full.
    Full(u64),
    /// It is not known what is on the medium.
    Failed(io::Error),
}

impl Disk {
    /// Opens the directory and reads all that is in it.
    pub(super) fn open(data_dir: &Path) -> Result<(Self, State), OpenError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o750)
            .create(data_dir)
            .map_err(failing("create", data_dir))?;
        let format = read_format(data_dir)?;
        let free = free_space(data_dir).map_err(failing("look at", data_dir))?;
        if free < RESERVE {
            return Err(OpenError::Full { path: data_dir.into(), free, needed: RESERVE });
        }
        let lock = lock(data_dir)?;
        if format.is_none() {
            write_format(data_dir)?;
        }
        let disk = Self::open_database(data_dir, lock)?;
        let state = disk.read(data_dir)?;
        if format.is_some_and(|format| format < FORMAT) {
            // Records of earlier versions stay readable, so there is nothing else to do.
            write_format(data_dir)?;
        }
        Ok((disk, state))
    }

    /// Whether the file system has room for more. A look takes a microsecond, and another program
    /// may fill a disk at gigabytes per second, so there is one before every commit.
    pub(super) fn has_space(&self) -> Result<(), CommitError> {
        let free = free_space(&self.data_dir).map_err(CommitError::Failed)?;
        if free < RESERVE { Err(CommitError::Full(free)) } else { Ok(()) }
    }

    /// Puts all writes on the medium, or none.
    pub(super) fn commit(&self, writes: &[Write]) -> Result<(), CommitError> {
        self.has_space()?;
        self.trees
            .transaction(|trees| {
                for write in writes {
                    let Some(tree) = trees.get(write.tree as usize) else { continue };
                    match &write.value {
                        Some(value) => tree.insert(&*write.key, &**value)?,
                        None => tree.remove(&*write.key)?,
                    };
                }
                Ok::<(), ConflictableTransactionError<()>>(())
            })
            .map_err(|error| CommitError::Failed(io::Error::other(format!("{error:?}"))))?;
        self.database.flush().map_err(|error| CommitError::Failed(io::Error::other(error)))?;
        // sled's flush only starts the write-out; this waits for the medium.
        self.file.sync_data().map_err(CommitError::Failed)
    }

    fn open_database(data_dir: &Path, lock: File) -> Result<Self, OpenError> {
        let path = data_dir.join("store");
        rehearse(data_dir, &path)?;
        let failed = |source: sled::Error| OpenError::Database {
            path: path.clone(),
            source: Box::new(source),
        };
        let database = settings(&path).open().map_err(failed)?;
        let trees = Tree::ALL.iter().map(|tree| database.open_tree(tree.name()));
        let trees = trees.collect::<Result<_, _>>().map_err(failed)?;
        database.flush().map_err(failed)?;
        // It holds the servers' secrets, whatever the umask of who starts beadle.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700))
            .map_err(failing("protect", &path))?;
        let file = path.join("db");
        let file = File::open(&file).map_err(failing("open", &file))?;
        sync_all(data_dir, &path)?;
        let data_dir = data_dir.to_path_buf();
        Ok(Self { data_dir, database, trees, file, _lock: lock })
    }

    fn read(&self, data_dir: &Path) -> Result<State, OpenError> {
        let failed = |source: sled::Error| OpenError::Database {
            path: data_dir.join("store"),
            source: Box::new(source),
        };
        let mut state = State::default();
        for (kind, tree) in Tree::ALL.iter().zip(&self.trees) {
            for record in tree {
                let (key, value) = record.map_err(failed)?;
                state.read(*kind, &key, &value).map_err(|source| OpenError::Record {
                    path: data_dir.to_path_buf(),
                    tree: kind.name(),
                    source,
                })?;
            }
        }
        Ok(state)
    }
}

/// Opens a copy that is thrown away afterwards, so that nothing of it is synced. An error names
/// the original.
pub(super) fn open_for_once(copy: &Path, original: &Path) -> Result<sled::Db, OpenError> {
    let open = || {
        let database = settings(copy).temporary(true).open()?;
        database.flush()?;
        Ok(database)
    };
    // Some damage makes sled panic.
    let opened = std::panic::catch_unwind(open)
        .unwrap_or_else(|_| Err(sled::Error::Corruption { at: None, bt: () }));
    opened.map_err(|source| OpenError::Database { path: original.into(), source: Box::new(source) })
}

fn settings(path: &Path) -> sled::Config {
    sled::Config::new().path(path).cache_capacity(CACHE).flush_every_ms(None)
}

/// The number in the file `format`; none in a fresh directory.
fn read_format(data_dir: &Path) -> Result<Option<u32>, OpenError> {
    let path = data_dir.join("format");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failing("read", &path)(error)),
    };
    let found = text.trim().parse().map_err(|_| OpenError::Format(path))?;
    if found > FORMAT {
        return Err(OpenError::Newer { path: data_dir.into(), found, known: FORMAT });
    }
    Ok(Some(found))
}

fn write_format(data_dir: &Path) -> Result<(), OpenError> {
    let (path, draft) = (data_dir.join("format"), data_dir.join(".format.new"));
    let write = || -> io::Result<()> {
        let mut file = File::create(&draft)?;
        file.write_all(format!("{FORMAT}\n").as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, &path)
    };
    write().map_err(failing("write", &path))
}

fn lock(data_dir: &Path) -> Result<File, OpenError> {
    let path = data_dir.join("lock");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(failing("write", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(data_dir.into())),
        Err(TryLockError::Error(error)) => Err(failing("lock", &path)(error)),
    }
}

/// sled never syncs its small files and folders; without this a power cut after the very first
/// start could take the whole database along.
fn sync_all(data_dir: &Path, store: &Path) -> Result<(), OpenError> {
    sync_files(store)?;
    sync(data_dir)?;
    sync_ancestors(data_dir)
}

/// Syncs what is in a folder, and the folder.
pub(super) fn sync_files(folder: &Path) -> Result<(), OpenError> {
    for entry in fs::read_dir(folder).map_err(failing("read", folder))? {
        sync(&entry.map_err(failing("read", folder))?.path())?;
    }
    sync(folder)
}

/// Syncs a file or a folder.
pub(super) fn sync(path: &Path) -> Result<(), OpenError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(failing("sync", path))
}

/// The data directory's own name, and those of folders that had to be made for it, by this start
/// or by one that was broken off. Folders that are only passed through need not be readable.
fn sync_ancestors(data_dir: &Path) -> Result<(), OpenError> {
    use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
    let data_dir = data_dir.canonicalize().map_err(failing("find", data_dir))?;
    for folder in data_dir.ancestors().skip(1) {
        match File::open(folder).and_then(|folder| folder.sync_all()) {
            Err(error)
                if !matches!(error.kind(), PermissionDenied | InvalidInput | Unsupported) =>
            {
                return Err(failing("sync", folder)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

pub(super) fn free_space(path: &Path) -> io::Result<u64> {
    let figures = rustix::fs::statvfs(path)?;
    Ok(figures.f_bavail.saturating_mul(figures.f_frsize))
}

pub(super) fn failing(doing: &'static str, path: &Path) -> impl Fn(io::Error) -> OpenError {
    let path = path.to_path_buf();
    move |source| OpenError::Io { doing, path: path.clone(), source }
}

/// sled's own threads may hold the database for a moment after it was dropped. Waits, for a few
/// seconds at most, until somebody else could open it.
pub(super) fn wait_until_released(data_dir: &Path) {
    let Ok(file) = File::open(data_dir.join("store").join("db")) else { return };
    let until = Instant::now() + Duration::from_secs(5);
    while matches!(file.try_lock(), Err(TryLockError::WouldBlock)) && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(2));
    }
}
