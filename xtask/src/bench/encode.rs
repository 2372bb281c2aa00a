//! `cargo xtask bench encode`: images to codes, timed.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use vimae_lab::{DataDir, Place, print};

/// Time `encode`: open a set of images, encode it, write its codes.
#[derive(Debug, Args)]
pub(super) struct Encode {
    /// The directory of a finished run.
    run: String,
    /// The images, as `encode` takes them.
    images: String,
    /// Passes to time, after one to warm up.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    passes: u64,
    /// Device to compute on.
    #[arg(long, default_value = "cpu", value_name = "cpu|cuda[:N]")]
    device: String,
    #[command(flatten)]
    data: DataDir,
    /// Print JSON, which is the only format.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(Encode { run, images, passes, device, data, json: _ }: &Encode, place: &Place) -> Result<ExitCode> {
    let passes = usize::try_from(*passes)?;
    let timing = vimae_bench::bench_encode(run, images, passes, data.sources(place)?, &vimae_lab::device(device)?)?;
    print(serde_json::to_string(&timing)?);
    Ok(ExitCode::SUCCESS)
}
