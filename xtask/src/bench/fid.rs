//! `cargo xtask bench fid`: the parts of an FID, timed.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use vimae_lab::print;

/// Time the parts of an FID: the Inception network, the Frechet distance, KID, precision and recall.
///
/// Weights and features are random: only speed is measured, and nothing is downloaded.
#[derive(Debug, Args)]
pub(super) struct Fid {
    /// Images to put through the network.
    #[arg(long, default_value_t = 96)]
    images: usize,
    /// Height and width of each image, before it is resized to 299.
    #[arg(long, default_value_t = 32)]
    size: usize,
    /// Rows of each of the two sets of features for KID, precision and recall.
    #[arg(long, default_value_t = 10_000)]
    rows: usize,
    /// Repetitions of network, covariance and Frechet distance; the fastest counts.
    #[arg(long, default_value_t = 3)]
    repeats: usize,
    /// Device to compute on.
    #[arg(long, default_value = "cpu", value_name = "cpu|cuda[:N]")]
    device: String,
    /// Print JSON, which is the only format.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(Fid { images, size, rows, repeats, device, json: _ }: &Fid) -> Result<ExitCode> {
    let timing = vimae_bench::bench_fid(*images, *size, *rows, *repeats, &vimae_lab::device(device)?)?;
    print(serde_json::to_string(&timing)?);
    Ok(ExitCode::SUCCESS)
}
