//! The application on a free port, asked as front ends ask it.

#![expect(clippy::expect_used, reason = "a failed expectation is a failed test")]

mod create;
mod create_parameters;
mod failover;
mod index;
mod support;
mod tags;
