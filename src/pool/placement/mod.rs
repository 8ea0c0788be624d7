//! Where a new meeting goes, and why.
//!
//! [`choose()`] is the choice among those that may have it, [`choice`] says of every server whether
//! and why, both without looking at a clock or asking anybody. [`load`] is how much a server has to
//! do, [`tags`] what a create may insist on. [`sizes`] makes of earlier sittings, which
//! [`sittings`] watches, how many people a meeting will have; `due` keeps room for those that the
//! timetable announces. [`explain`] and [`headroom`] are for operators.

pub mod choice;
mod choose;
pub(super) mod due;
pub mod explain;
pub mod headroom;
pub mod load;
pub mod sittings;
pub mod sizes;
pub mod tags;

pub use choose::{Candidate, NoServer, choose, keep_room};
