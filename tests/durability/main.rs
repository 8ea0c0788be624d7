//! What was acknowledged is still there: after a kill, after the power was cut, on a full disk.
//!
//! Three ways to lose a machine are tried, each at random moments:
//!
//! * [`kill`]: the process gets SIGKILL. The kernel lives on and keeps all that was written.
//! * [`power`]: the power goes. What the disk then holds is worked out from a journal of all that
//!   the process did to its files, which a preloaded C library keeps ([`shim`], [`medium`]).
//! * [`directory`]: the data directory cannot be used, or the disk fills up or fails.
//!
//! [`model`] compares the store with a plain map, change by change.
//!
//! # What the power model covers
//!
//! Content and length of a file are on the disk after fsync or fdatasync of it (or a write through
//! `O_SYNC`), a name (new, changed or removed) after fsync of its folder. `sync_file_range`
//! promises nothing, as its manual says. One journal is judged at many moments: the disk may have
//! stopped between any two system calls. At each moment one of two disks is built: one that holds
//! nothing but what was synced, or one where chance has also put some of the rest on it: each page
//! of 4 KiB, each length and each folder is as it was at some moment since its last sync, whatever
//! the others are. A chain of lives goes on from such a disk, so that the power also goes while
//! beadle recovers from the last time; and the first start and a restart are cut at every step.
//!
//! It does not cover a disk that lies about its syncs, pages that are torn within 4 KiB, rot of
//! what was synced long ago, and mappings: nothing here writes through one, and the shim would
//! say so.
//!
//! # How long and how
//!
//! `BEADLE_KILLS` and `BEADLE_POWER_CUTS` set how many lives are ended (20 each), `BEADLE_SEED`
//! repeats the choices of a run; what the scheduler does is chance all the same.

#![expect(clippy::expect_used, reason = "a failed expectation is a failed test")]
#![expect(clippy::panic, reason = "so is a panic")]
#![expect(clippy::indexing_slicing, reason = "and an index that is out of bounds")]
#![expect(clippy::print_stdout, reason = "the way in which a started process talks to its test")]

mod directory;
mod front_end;
mod kill;
mod medium;
mod model;
mod power;
mod process;
mod shim;
mod site;
mod tally;
mod work;
