//! `cargo xtask bench`: one JSON line a measurement.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::print;

/// Time parts of vimae; each prints one JSON line.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Step(Step),
    Fid(Fid),
}

/// Time the parts of an FID: the Inception network, the Frechet distance, KID, precision and recall.
///
/// Weights are untrained and features made up: only the speed is measured, nothing is read or downloaded.
#[derive(Debug, Args)]
struct Fid {
    /// Pictures through the network.
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

/// Time the whole VIMAE-n training step: noise, encoder, decoder, loss with MMD, backward, Adam.
#[derive(Debug, Args)]
struct Step {
    /// The network's shape: mnist, cifar10 or celeba.
    #[arg(long, default_value = "mnist", value_parser = ["mnist", "cifar10", "celeba"])]
    dataset: String,
    /// Filters of the first convolution.
    #[arg(long, default_value_t = 16)]
    width: usize,
    /// Pictures in a step.
    #[arg(long, default_value_t = 100)]
    batch: usize,
    /// Steps timed, after two that are not.
    #[arg(long, default_value_t = 20)]
    steps: usize,
    /// Where to compute.
    #[arg(long, default_value = "cpu", value_name = "cpu|cuda[:N]")]
    device: String,
    /// Print JSON; there is no other form.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    match &arguments.what {
        What::Step(Step { dataset, width, batch, steps, device, json: _ }) => {
            let timing = vimae_lab::bench_step(dataset, *width, *batch, *steps, &vimae_lab::device(device)?)?;
            print(serde_json::to_string(&timing)?);
        }
        What::Fid(Fid { images, size, rows, repeats, device, json: _ }) => {
            let timing = vimae_lab::bench_fid(*images, *size, *rows, *repeats, &vimae_lab::device(device)?)?;
            print(serde_json::to_string(&timing)?);
        }
    }
    Ok(ExitCode::SUCCESS)
}
