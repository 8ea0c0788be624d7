//! The real binary: the daemon with its signals, and every command that asks it.

#![expect(clippy::expect_used, reason = "a failed expectation is a failed test")]

mod adding;
mod daemon;
mod doctor;
mod draining;
mod explain;
mod forcing;
mod meetings;
mod odd;
mod place;
mod pool;
mod reloading;
mod servers;
mod starting;
mod status;
mod stopping;
mod terminal;
mod usage;
mod waiting;
