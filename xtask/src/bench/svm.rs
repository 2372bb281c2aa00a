//! `cargo xtask bench svm`.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Args;
use vimae_bench::SvmBench;

use vimae_lab::print;

/// Time support vector machines, one against the rest. RAYON_NUM_THREADS sets the number of threads.
#[derive(Debug, Args)]
pub(super) struct Svm {
    /// Safetensors file with codes `[n, d]` and labels `[n]`. By default, random codes of ten classes.
    #[arg(long, value_name = "FILE")]
    codes: Option<PathBuf>,
    /// Labelled codes.
    #[arg(long, default_value_t = 1_000)]
    labelled: usize,
    /// Codes to classify, and the pool of the transductive machines.
    #[arg(long, default_value_t = 2_000)]
    pool: usize,
    /// Dimensions of random codes.
    #[arg(long, default_value_t = 64)]
    dimensions: usize,
    /// Kernel; rbf has gamma = 1 / dimensions.
    #[arg(long, default_value = "rbf", value_parser = ["rbf", "linear"])]
    kernel: String,
    /// Time the transductive machines instead of the inductive ones.
    #[arg(long)]
    transductive: bool,
    /// Repetitions.
    #[arg(long, default_value_t = 5)]
    repeats: usize,
    /// Print JSON, which is the only format.
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
