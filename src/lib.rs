//! beadle: one address in front of a pool of BigBlueButton servers.

pub mod bbb;
pub mod config;
pub mod model;
