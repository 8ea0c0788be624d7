//! The beadle binary: everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    beadle::cli::run(std::env::args_os())
}
