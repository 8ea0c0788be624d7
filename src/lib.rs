//! beadle: one address in front of a pool of BigBlueButton servers.
//!
//! To read the whole in twenty minutes, take the modules in this order:
//!
//! 1. [`model`]: the nouns. A server, a meeting, their ids and secrets.
//! 2. [`bbb`]: the protocol. Calls, parameters, checksums, what servers answer. Pure.
//! 3. [`config`]: what the operator asked for, read once.
//! 4. [`store`]: state on disk. Everybody reads, one thread writes.
//! 5. [`client`]: asking one server.
//! 6. [`pool`]: the heart. Create, join, list, poll, and which server is best.
//! 7. [`web`]: inbound HTTP. Who may pass, and the form of every answer.
//! 8. [`app`]: builds all of it, runs it, stops it; [`telemetry`] is its log.
//! 9. [`cli`]: the command line. `beadle serve`, and the commands that ask a running one.
//!
//! Beside them stands [`api`], the JSON of the operator's API, and [`sim`], BigBlueButton servers
//! that are simulated, for tests, benches and [`demo`].

pub mod api;
pub mod app;
pub mod bbb;
pub mod cli;
pub mod client;
pub mod config;
pub mod demo;
pub mod model;
pub mod pool;
pub mod sim;
pub mod store;
pub mod telemetry;
pub mod web;
