//! `cargo xtask bench svm`.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Args;
use vimae_bench::SvmBench;

use crate::print;

/// Time support vector machines, one class against the rest; RAYON_NUM_THREADS sets the threads.
#[derive(Debug, Args)]
pub(super) struct Svm {
    /// A safetensors file with `codes` `[n, d]` and `labels` `[n]`; made-up codes of ten classes where absent.
    #[arg(long, value_name = "FILE")]
    codes: Option<PathBuf>,
    /// Labelled codes.
    #[arg(long, default_value_t = 1_000)]
    labelled: usize,
    /// Codes to classify; the pool of the transductive machines.
    #[arg(long, default_value_t = 2_000)]
    pool: usize,
    /// Dimensions of made-up codes.
    #[arg(long, default_value_t = 64)]
    dimensions: usize,
    /// The kernel: rbf (gamma = 1 / d) or linear.
    #[arg(long, default_value = "rbf", value_parser = ["rbf", "linear"])]
    kernel: String,
    /// Time the transductive machines instead of the inductive ones.
    #[arg(long)]
    transductive: bool,
    /// Repetitions.
    #[arg(long, default_value_t = 5)]
    repeats: usize,
    /// Print JSON; there is no other form.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Svm) -> Result<ExitCode> {
    let &Svm { labelled, pool, dimensions, transductive, repeats, .. } = arguments;
    let codes = arguments.codes.as_deref();
    let bench = SvmBench { codes, labelled, pool, dimensions, linear: arguments.kernel == "linear", transductive, repeats };
    print(serde_json::to_string(&vimae_bench::bench_svm(&bench)?)?);
    Ok(ExitCode::SUCCESS)
}
