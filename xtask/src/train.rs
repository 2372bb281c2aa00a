//! `cargo xtask train`: an experiment of one's own.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Args;

use crate::reproduce::{Common, execute, quoted};

/// Train and evaluate every run of an experiment file.
///
/// An experiment is a TOML file: a data set, a network, methods to compare, how to train and how to measure. The
/// command writes a page, results.json and a directory for each run, as `reproduce` does. Repeat it to continue after an
/// interruption.
///
/// beta_h_vae and beta_a_vae are the paper's two beta-VAEs: beta_H after Higgins et al., a weight of the rate above one,
/// and beta_A after Alemi et al., one below.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The experiment file, such as experiments/quick/digits.toml.
    spec: PathBuf,
    #[command(flatten)]
    common: Common,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask spec check mine.toml        find mistakes first
  cargo xtask spec expand mine.toml       list the runs with their time and memory
  cargo xtask train mine.toml             into runs/mine
  cargo xtask train mine.toml --seeds 3 --jobs 3

See docs/experiments.md for every key of the file.";

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let spec = arguments.spec.display().to_string();
    anyhow::ensure!(spec.ends_with(".toml"), "{spec}: an experiment is a .toml file; experiments/quick/digits.toml is an example");
    execute(&spec, &[], &arguments.common, format!("cargo xtask train {}", quoted(&spec)))
}
