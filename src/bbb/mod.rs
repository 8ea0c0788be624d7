//! BigBlueButton's protocol: pure, without input, output or clock.
//!
//! Read [`call`] for the calls there are, [`params`] and [`checksum`] for what a request is made
//! of, [`failure`] for how a refusal looks, [`answer`] and [`meetings`] for what servers say,
//! [`origin`] for how beadle knows its own meetings again, and [`voice_bridge`] for the numbers
//! that telephones dial.

pub mod answer;
pub mod call;
pub mod checksum;
pub mod failure;
pub mod meetings;
pub mod origin;
pub mod params;
pub mod voice_bridge;
mod xml;

pub use answer::Answer;
pub use call::Call;
pub use failure::Failure;
pub use params::Params;
