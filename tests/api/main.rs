//! The application on a free port, asked as front ends ask it.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failed expectation is a failed test"
)]

mod about_one;
mod addresses;
mod bad_input;
mod checksum;
mod concurrency;
mod create;
mod create_parameters;
mod end;
mod explain;
mod failover;
mod forms;
mod frozen;
mod get_meetings;
mod health;
mod index;
mod join;
mod life;
mod mad;
mod management;
mod names;
mod pages;
mod placement;
mod rarities;
mod recordings;
mod routes;
mod rush;
mod sick;
mod silent;
mod sizes;
mod slow_clients;
mod support;
mod tags;
