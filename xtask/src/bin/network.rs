//! `cargo xtask` with the network, which the command without it calls.

use std::process::ExitCode;

fn main() -> ExitCode {
    xtask::call()
}
