//! `cargo xtask bench fid`: the parts of an FID, timed.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::print;

/// Time the parts of an FID: the Inception network, the Frechet distance, KID, precision and recall.
///
/// Weights are untrained and features made up: only the speed is measured, nothing is read or downloaded.
#[derive(Debug, Args)]
pub(super) struct Fid {
    /// Images through the network.
    #[arg(long, default_value_t = 96)]
    images: usize,
    /// Rows and columns of each, before they are resized to 299.
    #[arg(long, default_value_t = 32)]
    size: usize,
    /// Rows of each of the two sets for KID, precision and recall.
    #[arg(long, default_value_t = 10_000)]
    rows: usize,
    /// How often the network, covariance and Frechet distance are timed; the fastest counts.
    #[arg(long, default_value_t = 3)]
    repeats: usize,
    /// Where to compute.
    #[arg(long, default_value = "cpu", value_name = "cpu|cuda[:N]")]
    device: String,
    /// Print JSON; there is no other form.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(Fid { images, size, rows, repeats, device, json: _ }: &Fid) -> Result<ExitCode> {
    let timing = vimae_bench::bench_fid(*images, *size, *rows, *repeats, &vimae_lab::device(device)?)?;
    print(serde_json::to_string(&timing)?);
    Ok(ExitCode::SUCCESS)
}
