//! BigBlueButton's protocol: pure, without input, output or clock.

pub mod checksum;
