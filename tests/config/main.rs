//! The configuration through its front door, `load`: files and variables in, configuration, notices
//! or one sentence out.

#![expect(clippy::expect_used, reason = "a failed expectation is a failed test")]

mod mistakes;
mod precedence;
mod random;
mod reference;
mod scalelite;
mod support;
mod values;
