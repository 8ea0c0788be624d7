//! The start of the database, rehearsed on a copy.
//!
//! When sled opens a database it reads the log, writes a snapshot of what it found, and at once
//! blanks those parts of the log that this snapshot does not need. It does not wait for the
//! snapshot's name to be on the medium. Were the power to go just then, the blanked parts would be
//! found beside the old snapshot, which needs them; sled would take the log for torn, cut it off,
//! and with it everything that was ever stored.
//!
//! So the snapshot is made beforehand, on a copy, and put in its place durably. The real start
//! then finds nothing to add to it, and blanks only what no snapshot on the medium needs. A
//! database that cannot be opened shows itself on the copy, too, and is left as it is.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::disk::{RESERVE, failing, free_space, open_for_once, sync, sync_files};
use super::error::OpenError;

/// The copy's folder in the data directory. Nothing in it is ever needed again.
const COPY: &str = "store.rehearsal";

/// The folder of a new database that is not whole yet.
const NEW: &str = "store.new";

/// Makes sure that there is a database, and brings its snapshot up to date, so that it can be
/// opened safely.
pub(super) fn rehearse(data_dir: &Path, store: &Path) -> Result<(), OpenError> {
    let copy = data_dir.join(COPY);
    remove(&copy)?;
    let database = store.join("db");
    let known = database.exists();
    if known {
        remove_unfinished_snapshots(store)?;
        // A snapshot must not promise what only the kernel's memory holds.
        sync(&database)?;
        has_space_for(&database)?;
        fill(&copy, store)?;
        fill(&copy.join("blobs"), &store.join("blobs"))?;
    }
    let done = open_for_once(&copy, store).and_then(|_open| {
        if known { bring_snapshot(&copy, store) } else { bring_database(data_dir, &copy, store) }
    });
    remove(&copy)?;
    done
}

/// Puts a new database in its place, whole: sled cannot open one that the power left half made.
fn bring_database(data_dir: &Path, copy: &Path, store: &Path) -> Result<(), OpenError> {
    let new = data_dir.join(NEW);
    remove(&new)?;
    fill(&new, copy)?;
    fill(&new.join("blobs"), &copy.join("blobs"))?;
    sync_files(&new)?;
    fs::rename(&new, store).map_err(failing("create", store))?;
    sync(data_dir)
}

fn has_space_for(database: &Path) -> Result<(), OpenError> {
    let size = fs::metadata(database).map_err(failing("look at", database))?.len();
    let free = free_space(database).map_err(failing("look at", database))?;
    let needed = RESERVE.saturating_add(size);
    if free < needed {
        return Err(OpenError::Full { path: database.into(), free, needed });
    }
    Ok(())
}

fn fill(copy: &Path, store: &Path) -> Result<(), OpenError> {
    fs::create_dir(copy).map_err(failing("create", copy))?;
    for name in files(store)? {
        let from = store.join(&name);
        fs::copy(&from, copy.join(&name)).map_err(failing("copy", &from))?;
    }
    Ok(())
}

/// Puts the newest snapshot of the copy where it belongs, and removes those it replaces.
fn bring_snapshot(copy: &Path, store: &Path) -> Result<(), OpenError> {
    // Their names end in digits of equal number, so the greatest name is the newest.
    let Some(newest) = files(copy)?.into_iter().filter(|name| is_snapshot(name)).max() else {
        return Ok(());
    };
    let place = store.join(&newest);
    if place.exists() {
        return Ok(());
    }
    let draft = place.with_added_extension("generating");
    fs::copy(copy.join(&newest), &draft)
        .and_then(|_| File::open(&draft)?.sync_all())
        .and_then(|()| fs::rename(&draft, &place))
        .map_err(failing("write", &place))?;
    sync(store)?;
    for name in files(store)? {
        if is_snapshot(&name) && name != newest {
            let old = store.join(&name);
            fs::remove_file(&old).map_err(failing("remove", &old))?;
        }
    }
    Ok(())
}

/// A snapshot that was being written when the power went makes sled refuse the database. The
/// one before it is still there, or the log is read instead.
fn remove_unfinished_snapshots(store: &Path) -> Result<(), OpenError> {
    for name in files(store)? {
        let path = store.join(name);
        if path.extension() == Some(OsStr::new("generating")) {
            fs::remove_file(&path).map_err(failing("remove", &path))?;
        }
    }
    Ok(())
}

fn is_snapshot(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with("snap."))
}

fn files(folder: &Path) -> Result<Vec<OsString>, OpenError> {
    let read = || -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                names.push(entry.file_name());
            }
        }
        Ok(names)
    };
    read().map_err(failing("read", folder))
}

fn remove(copy: &Path) -> Result<(), OpenError> {
    match fs::remove_dir_all(copy) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(failing("remove", copy)(error))
        }
        _ => Ok(()),
    }
}
