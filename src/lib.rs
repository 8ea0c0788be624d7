//! beadle: one address in front of a pool of BigBlueButton servers.

pub mod api;
pub mod app;
pub mod bbb;
pub mod client;
pub mod config;
pub mod model;
pub mod pool;
pub mod sim;
pub mod store;
pub mod telemetry;
pub mod web;
