//! `cargo xtask train`: an experiment of one's own.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Args;

use crate::reproduce::{Common, execute};

/// Train and evaluate every run of an experiment file.
///
/// The file is TOML; `experiments/quick/digits.toml` is an example. Results and page are those of
/// `reproduce`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The experiment file.
    spec: PathBuf,
    #[command(flatten)]
    common: Common,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let spec = arguments.spec.display().to_string();
    anyhow::ensure!(spec.ends_with(".toml"), "{spec}: an experiment is a .toml file; experiments/quick/digits.toml is an example");
    execute(&spec, &[], &arguments.common, format!("cargo xtask train {spec}"))
}
