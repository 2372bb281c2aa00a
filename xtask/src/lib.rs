//! The project's own command: the command line of `vimae-lab`, and what works on a checkout.

mod bench;
mod check;
mod network;
mod new;

use std::{
    error::Error,
    path::{Path, PathBuf},
    process::ExitCode,
};

use candle_core::Device;
use clap::Subcommand;
use vimae_lab::{App, Place, TimedStep};
use vimae_ops::LineAllocator;

#[global_allocator]
static ALLOCATOR: LineAllocator = LineAllocator;

#[derive(Debug, Subcommand)]
enum Command {
    Bench(bench::Arguments),
    New(new::Arguments),
    Check(check::Arguments),
}

/// The command, with the arguments of the process.
pub fn call() -> ExitCode {
    App::new().command("cargo xtask").root(&root()).timed_step(timed_step).with_network(network::build).run_with(run)
}

fn run(command: Command, place: &Place) -> Result<ExitCode, Box<dyn Error + Send + Sync>> {
    let done = match command {
        Command::Bench(arguments) => bench::run(&arguments, place),
        Command::New(arguments) => new::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
    };
    done.map_err(Into::into)
}

/// The checkout that this command was built from; where that is not on this machine, the directory that the command lies
/// in, if `experiments` lies beside it.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let checkout = here.parent().unwrap_or(here);
    let packed = || std::env::current_exe().ok()?.parent().filter(|beside| beside.join("experiments").is_dir()).map(Path::to_path_buf);
    if checkout.join("experiments").is_dir() { checkout.into() } else { packed().unwrap_or_else(|| checkout.into()) }
}

/// Times about a second of steps of the quick profile's network.
fn timed_step(device: &Device) -> Result<TimedStep, Box<dyn Error + Send + Sync>> {
    let (width, batch) = (16, 100);
    let timing = vimae_bench::bench_step("mnist", width, batch, 15, device)?;
    Ok(TimedStep { width, batch, seconds: timing.min_ms / 1e3 })
}
