//! `cargo xtask bench`: one JSON line a measurement.

mod encode;
mod fid;
mod svm;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

use vimae_bench::{Agreement, largest};
use vimae_lab::{Place, print};

/// Time parts of vimae. Each command prints one JSON line.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Step(Step),
    CudaCheck(CudaCheck),
    Encode(encode::Encode),
    Fid(fid::Fid),
    Svm(svm::Svm),
}

/// Time the whole VIMAE-n training step: noise, encoder, decoder, loss with MMD, backward, Adam.
#[derive(Debug, Args)]
struct Step {
    /// Data set whose image shape and network to take.
    #[arg(long, default_value = "mnist", value_parser = ["mnist", "cifar10", "celeba"])]
    dataset: String,
    /// Filters of the first convolution.
    #[arg(long, default_value_t = 16)]
    width: usize,
    /// Images per step, two or more: the MMD is of pairs.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(2..))]
    batch: u64,
    /// Steps to time, after two warm-up steps.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    steps: u64,
    /// Device to compute on.
    #[arg(long, default_value = "cpu", value_name = "cpu|cuda[:N]")]
    device: String,
    /// Let CUDA round f32 to TF32 on tensor cores.
    #[arg(long)]
    tf32: bool,
    /// Print JSON, which is the only format.
    #[arg(long)]
    json: bool,
}

/// Compare a GPU with the CPU: every operation and the whole step, forward and backward.
#[derive(Debug, Args)]
struct CudaCheck {
    /// Device to compare with the CPU.
    #[arg(long, default_value = "cuda", value_name = "cuda[:N]")]
    device: String,
    /// Let CUDA round f32 to TF32 on tensor cores; the tolerance is wider then.
    #[arg(long)]
    tf32: bool,
    /// Print every comparison as one JSON document.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments, place: &Place) -> Result<ExitCode> {
    match &arguments.what {
        What::Step(Step { dataset, width, batch, steps, device, tf32, json: _ }) => {
            vimae_lab::allow_tf32(*tf32);
            let (batch, steps) = (usize::try_from(*batch)?, usize::try_from(*steps)?);
            let timing = vimae_bench::bench_step(dataset, *width, batch, steps, &vimae_lab::device(device)?)?;
            print(serde_json::to_string(&timing)?);
            Ok(ExitCode::SUCCESS)
        }
        What::CudaCheck(check) => cuda_check(check),
        What::Encode(arguments) => encode::run(arguments, place),
        What::Fid(arguments) => fid::run(arguments),
        What::Svm(arguments) => svm::run(arguments),
    }
}

fn cuda_check(CudaCheck { device, tf32, json }: &CudaCheck) -> Result<ExitCode> {
    vimae_lab::allow_tf32(*tf32);
    let rows = vimae_bench::agreement(&vimae_lab::device(device)?)?;
    let off = rows.iter().filter(|row| !row.agrees);
    for row in off.clone() {
        tracing::error!("{} ({}): relative error {:.1e}, tolerated {:.0e}", row.what, row.dtype, row.relative_error, row.tolerance);
    }
    let failed = off.count();
    if *json {
        print(serde_json::to_string(&rows)?);
    } else {
        print(format_args!(
            "{} of {} comparisons agree; largest relative error {:.1e} in f32, {:.1e} in f64",
            rows.len() - failed,
            rows.len(),
            worst(&rows, "f32"),
            worst(&rows, "f64"),
        ));
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The largest relative error among the rows of a kind of number; NaN where one of them is.
fn worst(rows: &[Agreement], dtype: &str) -> f64 {
    largest(rows.iter().filter(|row| row.dtype == dtype).map(|row| row.relative_error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_no_number_is_the_largest_error() {
        let row = |dtype: &str, relative_error: f64| Agreement {
            what: "x".into(),
            dtype: dtype.into(),
            relative_error,
            tolerance: 1e-4,
            agrees: relative_error <= 1e-4,
        };
        let rows = [row("f32", 1e-6), row("f32", f64::NAN), row("f32", 1e-7), row("f64", 1e-12), row("f64", 1e-10)];
        assert!(worst(&rows, "f32").is_nan());
        assert_eq!(worst(&rows, "f64"), 1e-10);
    }
}
