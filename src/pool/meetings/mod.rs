//! What front ends ask for, and the life of a meeting.
//!
//! [`create`] brings a class together on one server, [`join`] sends people there, [`about`] asks
//! that server about it, [`listing`] puts the lists of all servers together. `ending` is how
//! meetings are forgotten, `adoption` how they are found again, and what becomes of copies that
//! were lost. [`unstarted`] remembers what kept one from starting, [`rules`] are the operator's
//! wishes for parameters.

pub mod about;
mod adoption;
pub mod create;
mod ending;
pub mod join;
pub mod listing;
pub mod rules;
pub mod unstarted;

pub use about::About;

pub(super) use ending::remember_ended;
