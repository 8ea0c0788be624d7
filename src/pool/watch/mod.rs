//! How the servers are doing, and the way to them.
//!
//! [`poller`] asks each of them in its own time. [`health`] judges one of them, and [`freeze`] all
//! of them: both are pure. [`live`] is the picture that this leaves in memory, [`list`] the last
//! list of a server in it. Every call to a server goes through the turnstile in `call`. [`probe`] looks
//! at one for an operator.

mod call;
pub mod freeze;
mod frost;
pub mod health;
pub mod list;
pub mod live;
pub mod poller;
pub mod probe;
