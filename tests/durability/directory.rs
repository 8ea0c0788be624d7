//! The data directory that cannot be used.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn hold() {}
pub(crate) fn find_it_read_only() {}
pub(crate) fn run_out_of_disk() {}

/// All that is below a folder, with contents; sockets are left out.
pub(crate) fn listing(folder: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    list(folder, folder, &mut found);
    found
}

fn list(top: &Path, folder: &Path, found: &mut BTreeMap<PathBuf, Option<Vec<u8>>>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let kind = entry.file_type().expect("its kind");
        let path = entry.path();
        let name = path.strip_prefix(top).expect("a path below").to_path_buf();
        if kind.is_dir() {
            found.insert(name, None);
            list(top, &path, found);
        } else if kind.is_file() {
            found.insert(name, Some(fs::read(&path).expect("a file")));
        }
    }
}
