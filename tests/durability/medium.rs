//! What a disk would hold had the power gone: a journal of the shim, played back.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rand::RngExt as _;
use rand::rngs::StdRng;

/// What a kernel writes out at once.
const PAGE: usize = 4096;

/// The bytes of a record before its texts; see `shim.c`.
const HEAD: usize = 32;

/// Everything that a process did below a directory, in order.
pub(crate) struct Journal {
    bytes: Vec<u8>,
}

/// One thing that it did.
#[derive(Debug)]
enum Step<'j> {
    Create { path: &'j str, inode: u64 },
    MakeDirectory { path: &'j str },
    Remove { path: &'j str },
    Rename { from: &'j str, to: &'j str },
    Resize { inode: u64, length: u64 },
    Write { inode: u64, offset: u64, bytes: &'j [u8] },
    Sync { inode: u64 },
    SyncDirectory { path: &'j str },
    Unknown { what: &'j str },
}

impl Journal {
    pub(crate) fn read(path: &Path) -> Self {
        Self { bytes: fs::read(path).unwrap_or_default() }
    }

    /// The steps; what a kill cut off at the end is left out.
    fn steps(&self) -> impl Iterator<Item = Step<'_>> {
        let mut rest = &self.bytes[..];
        std::iter::from_fn(move || {
            let (step, after) = step(rest)?;
            rest = after;
            Some(step)
        })
    }

    /// After how many steps, from some step on, exactly these bytes have been written.
    pub(crate) fn position_of(&self, written: &[u8], from: usize) -> Option<usize> {
        let write = |step| matches!(step, Step::Write { bytes, .. } if bytes == written);
        self.steps().skip(from).position(write).map(|place| from + place + 1)
    }

    /// How many steps there are.
    pub(crate) fn len(&self) -> usize {
        self.steps().count()
    }
}

fn step(bytes: &[u8]) -> Option<(Step<'_>, &[u8])> {
    let (head, rest) = bytes.split_at_checked(HEAD)?;
    let small = |at: usize| u32::from_ne_bytes(head[at..at + 4].try_into().expect("4 bytes"));
    let large = |at: usize| u64::from_ne_bytes(head[at..at + 8].try_into().expect("8 bytes"));
    let (first, rest) = rest.split_at_checked(small(4) as usize)?;
    let (second, rest) = rest.split_at_checked(small(8) as usize)?;
    let (inode, number) = (large(16), large(24));
    let text = |bytes| std::str::from_utf8(bytes).expect("a path in UTF-8");
    let step = match small(0) {
        1 => Step::Create { path: text(first), inode },
        2 => Step::MakeDirectory { path: text(first) },
        3 => Step::Remove { path: text(first) },
        4 => Step::Rename { from: text(first), to: text(second) },
        5 => Step::Resize { inode, length: number },
        6 => Step::Write { inode, offset: number, bytes: first },
        7 => Step::Sync { inode },
        8 => Step::SyncDirectory { path: text(first) },
        9 => Step::Unknown { what: text(first) },
        other => unreachable!("a record of kind {other}"),
    };
    Some((step, rest))
}

/// What becomes of the work that no sync has covered.
pub(crate) enum Unsynced<'r> {
    /// It is lost.
    Lost,
    /// Each page is as it was at some moment since the last sync, and so is each folder.
    Partly(&'r mut StdRng),
    /// It is there: the process was killed, the power stayed.
    Kept,
}

/// Files and folders with what of them is on the disk and what is still on its way.
pub(crate) struct Medium<'j> {
    root: PathBuf,
    folders: Vec<Folder>,
    files: Vec<File<'j>>,
    by_inode: HashMap<u64, usize>,
    was_synced: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Node {
    Folder(usize),
    File(usize),
}

#[derive(Default)]
struct Folder {
    names: BTreeMap<String, Node>,
    on_disk: BTreeMap<String, Node>,
    pending: Vec<Vec<(String, Option<Node>)>>,
}

#[derive(Default)]
struct File<'j> {
    on_disk: Vec<u8>,
    pending: Vec<Pending<'j>>,
}

enum Pending<'j> {
    Write { offset: usize, bytes: &'j [u8] },
    Resize(usize),
}

impl<'j> Medium<'j> {
    /// A folder that has lain on the disk for long. Its path must be the one the shim was given.
    pub(crate) fn of(root: &Path) -> Self {
        let mut medium = Self {
            root: root.to_path_buf(),
            folders: Vec::new(),
            files: Vec::new(),
            by_inode: HashMap::new(),
            was_synced: true,
        };
        medium.read_folder(root);
        medium
    }

    /// Plays the journal up to a step.
    pub(crate) fn play(&mut self, journal: &'j Journal, from: usize, to: usize) {
        for step in journal.steps().skip(from).take(to - from) {
            self.apply(&step);
        }
    }

    /// Whether the last step was a sync.
    pub(crate) fn was_synced(&self) -> bool {
        self.was_synced
    }

    /// The content of a file as processes see it.
    pub(crate) fn seen(&self, name: &str) -> Vec<u8> {
        match self.folders[0].names.get(name) {
            Some(Node::File(file)) => self.files[*file].content(&mut Unsynced::Kept),
            _ => Vec::new(),
        }
    }

    /// Makes a new folder with what the disk holds.
    pub(crate) fn write(&self, to: &Path, mut unsynced: Unsynced<'_>) {
        self.write_folder(0, to, &mut unsynced);
    }

    fn read_folder(&mut self, path: &Path) -> Node {
        let number = self.folders.len();
        self.folders.push(Folder::default());
        for entry in fs::read_dir(path).expect("a folder") {
            let entry = entry.expect("an entry");
            let facts = entry.metadata().expect("its facts");
            let node = if facts.is_dir() {
                self.read_folder(&entry.path())
            } else if facts.is_file() {
                let file =
                    File { on_disk: fs::read(entry.path()).expect("a file"), pending: Vec::new() };
                self.add_file(facts.ino(), file)
            } else {
                continue;
            };
            let name = entry.file_name().into_string().expect("a name in UTF-8");
            self.folders[number].names.insert(name, node);
        }
        self.folders[number].on_disk = self.folders[number].names.clone();
        Node::Folder(number)
    }

    /// An inode is used again once its file is gone, so the newest file has it.
    fn add_file(&mut self, inode: u64, file: File<'j>) -> Node {
        let number = self.files.len();
        self.files.push(file);
        self.by_inode.insert(inode, number);
        Node::File(number)
    }

    fn apply(&mut self, step: &Step<'j>) {
        self.was_synced = matches!(step, Step::Sync { .. } | Step::SyncDirectory { .. });
        match *step {
            Step::Create { path, inode } => {
                let node = self.add_file(inode, File::default());
                self.enter(path, node);
            }
            Step::MakeDirectory { path } => {
                let number = self.folders.len();
                self.folders.push(Folder::default());
                self.enter(path, Node::Folder(number));
            }
            Step::Remove { path } => {
                let (folder, name) = self.locate(path);
                folder.change(vec![(name, None)]);
            }
            Step::Rename { from, to } => self.rename(from, to),
            Step::Resize { inode, length } => {
                let length = usize::try_from(length).expect("a length");
                self.file(inode).pending.push(Pending::Resize(length));
            }
            Step::Write { inode, offset, bytes } => {
                let offset = usize::try_from(offset).expect("an offset");
                self.file(inode).pending.push(Pending::Write { offset, bytes });
            }
            Step::Sync { inode } => self.file(inode).sync(),
            Step::SyncDirectory { path } => self.folder(Path::new(path)).sync(),
            Step::Unknown { what } => panic!("the shim cannot tell what this did: {what}"),
        }
    }

    fn enter(&mut self, path: &str, node: Node) {
        let (folder, name) = self.locate(path);
        folder.change(vec![(name, Some(node))]);
    }

    fn rename(&mut self, from: &str, to: &str) {
        let (from, to) = (Path::new(from), Path::new(to));
        let (folder, old) = self.locate(from.to_str().expect("text"));
        let node = folder.names.get(&old).copied();
        if node.is_none() {
            // A socket, which is no file: nobody asks whether it is still there.
            return;
        }
        assert_eq!(from.parent(), to.parent(), "a rename within a folder");
        let new = name(to);
        folder.change(vec![(old, None), (new, node)]);
    }

    fn file(&mut self, inode: u64) -> &mut File<'j> {
        let number = self.by_inode.get(&inode).expect("a file that was opened");
        &mut self.files[*number]
    }

    fn locate(&mut self, path: &str) -> (&mut Folder, String) {
        let path = Path::new(path);
        (self.folder(path.parent().expect("a folder")), name(path))
    }

    fn folder(&mut self, path: &Path) -> &mut Folder {
        let inside = path.strip_prefix(&self.root).expect("a path below the root");
        let mut number = 0;
        for part in inside {
            let part = part.to_str().expect("a name in UTF-8");
            let Some(Node::Folder(next)) = self.folders[number].names.get(part) else {
                panic!("{} is no folder", path.display());
            };
            number = *next;
        }
        &mut self.folders[number]
    }

    fn write_folder(&self, number: usize, to: &Path, unsynced: &mut Unsynced<'_>) {
        fs::create_dir(to).expect("a new folder");
        for (name, node) in self.folders[number].content(unsynced) {
            let to = to.join(name);
            match node {
                Node::Folder(folder) => self.write_folder(folder, &to, unsynced),
                Node::File(file) => {
                    fs::write(to, self.files[file].content(unsynced)).expect("a new file");
                }
            }
        }
    }
}

fn name(path: &Path) -> String {
    path.file_name().and_then(|name| name.to_str()).expect("a name in UTF-8").to_owned()
}

impl Folder {
    fn change(&mut self, change: Vec<(String, Option<Node>)>) {
        apply(&mut self.names, &change);
        self.pending.push(change);
    }

    fn sync(&mut self) {
        self.on_disk.clone_from(&self.names);
        self.pending.clear();
    }

    fn content(&self, unsynced: &mut Unsynced<'_>) -> BTreeMap<String, Node> {
        let kept = match unsynced {
            Unsynced::Lost => 0,
            Unsynced::Partly(random) => random.random_range(0..=self.pending.len()),
            Unsynced::Kept => self.pending.len(),
        };
        let mut names = self.on_disk.clone();
        for change in &self.pending[..kept] {
            apply(&mut names, change);
        }
        names
    }
}

fn apply(names: &mut BTreeMap<String, Node>, change: &[(String, Option<Node>)]) {
    for (name, node) in change {
        match node {
            Some(node) => names.insert(name.clone(), *node),
            None => names.remove(name),
        };
    }
}

impl File<'_> {
    fn sync(&mut self) {
        for pending in self.pending.drain(..) {
            pending.apply(&mut self.on_disk);
        }
    }

    fn content(&self, unsynced: &mut Unsynced<'_>) -> Vec<u8> {
        match unsynced {
            Unsynced::Lost => self.on_disk.clone(),
            Unsynced::Kept => self.after(self.pending.len()),
            Unsynced::Partly(random) => self.partly(random),
        }
    }

    /// The content after so many of the pending changes.
    fn after(&self, count: usize) -> Vec<u8> {
        let mut content = self.on_disk.clone();
        for pending in &self.pending[..count] {
            pending.apply(&mut content);
        }
        content
    }

    /// A kernel writes a page out when it likes, as it is at that moment; the length is one more
    /// such page.
    fn partly(&self, random: &mut StdRng) -> Vec<u8> {
        let mut moments: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut length = self.on_disk.len();
        let mut lengths = vec![length];
        for pending in &self.pending {
            length = pending.length_after(length);
            lengths.push(length);
        }
        for page in 0..lengths.iter().max().unwrap_or(&0).div_ceil(PAGE) {
            let all = self.pending.len();
            let moment = [0, random.random_range(0..=all), all][random.random_range(0..3)];
            moments.entry(moment).or_default().push(page);
        }
        let mut content = Vec::new();
        for (moment, pages) in moments {
            let then = self.after(moment);
            for page in pages {
                let from = page * PAGE;
                let to = then.len().min(from + PAGE);
                if from < to {
                    put(&mut content, from, &then[from..to]);
                }
            }
        }
        content.resize(lengths[random.random_range(0..lengths.len())], 0);
        content
    }
}

impl Pending<'_> {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => put(content, *offset, bytes),
            Self::Resize(length) => content.resize(*length, 0),
        }
    }

    fn length_after(&self, length: usize) -> usize {
        match self {
            Self::Write { offset, bytes } => length.max(offset + bytes.len()),
            Self::Resize(length) => *length,
        }
    }
}

fn put(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[offset..end].copy_from_slice(bytes);
}
