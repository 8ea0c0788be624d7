//! beadle: one address in front of a pool of BigBlueButton servers.

pub mod bbb;
pub mod model;
pub mod sim;
