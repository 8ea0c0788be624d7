//! Simulated BigBlueButton servers, for the tests, the benches and the demo.
//!
//! A [`SimServer`] listens on a real port and answers the BBB API as BBB 2.7 or 3.0 does: it
//! verifies checksums with its own secret, keeps meetings, people and breakouts in memory, and has
//! an empty recording library. On demand it misbehaves: see [`Fault`], [`SimServer::stop`] and
//! [`SimServer::forget`]. A [`SimPool`] is several of them.
//!
//! It is light (two sockets, one task and about 2 KiB per idle server) and quick (no meeting's XML
//! is rendered twice), so that a thousand of them fit into one process and benches measure what
//! stands in front of it. What it leaves out: media, time-outs of empty meetings, guests, and
//! every per-session call. Two things are stricter than real: a meeting ends at once (unless told to
//! linger: [`SimServer::linger`]), and no two meetings ever have the same create time.
//!
//! Layers, outermost first: `server` (the handle), `http` (connections), `wire` (requests) and
//! `reply` (answers), `calls` (the API), `world` and `meeting` (the state).

mod call;
mod callback;
mod calls;
mod fault;
mod http;
mod meeting;
mod params;
mod pool;
mod reply;
mod server;
mod shared;
mod wire;
mod world;
mod xml;

pub use call::Call;
pub use fault::{Fault, FaultOn};
pub use meeting::{NewMeeting, People, SimMeeting};
pub use pool::SimPool;
pub use server::SimServer;
pub use shared::{BbbVersion, SimOptions, SimRequest};
pub use world::NotCreated;
