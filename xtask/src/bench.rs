//! `cargo xtask bench`: one JSON line a measurement.

mod svm;

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
    Svm(svm::Svm),
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
    let Step { dataset, width, batch, steps, device, json: _ } = match &arguments.what {
        What::Step(step) => step,
        What::Svm(arguments) => return svm::run(arguments),
    };
    let timing = vimae_lab::bench_step(dataset, *width, *batch, *steps, &vimae_lab::device(device)?)?;
    print(serde_json::to_string(&timing)?);
    Ok(ExitCode::SUCCESS)
}
