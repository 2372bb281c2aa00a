//! `cargo xtask train`: an experiment of one's own.

use std::{path::Path, process::ExitCode};

use crate::Profile;
use anyhow::{Result, ensure};
use clap::Args;

use super::{
    place::Place,
    reproduce::{Common, execute, quoted},
};

/// Train and evaluate every run of an experiment file, or methods named here.
///
/// An experiment is a TOML file: a data set, a network, methods to compare, how to train and how to measure. In place of a file,
/// name one or more objectives at their defaults, and the data with --dataset. The command writes a page, results.json and a
/// directory for each run, as `reproduce` does. Repeat it to continue after an interruption.
///
/// beta_h_vae and beta_a_vae are the paper's two beta-VAEs: beta_H after Higgins et al., a weight of the rate above one,
/// and beta_A after Alemi et al., one below.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The experiment file, such as experiments/quick/digits.toml, or objectives: vae, vimae_n, rae ...
    #[arg(required = true, value_name = "FILE|OBJECTIVE")]
    what: Vec<String>,
    /// Data set for objectives named here: digits (ships with the code), mnist, folder:PATH ...
    #[arg(long, value_name = "NAME")]
    dataset: Option<String>,
    /// Change a key of every run, such as training.epochs=5 or model.code=16, or of the file: seeds=3. May be repeated. A key that
    /// a method lacks is skipped for it.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    changes: Vec<String>,
    #[command(flatten)]
    common: Common,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask train vae --dataset mnist --set training.epochs=5
  cargo xtask train vae vimae_n --dataset folder:photos --set dataset.size=64
  cargo xtask spec check mine.toml        find mistakes first
  cargo xtask spec expand mine.toml       list the runs with their time and memory
  cargo xtask train mine.toml             into runs/mine
  cargo xtask train mine.toml --seeds 3 --jobs 3 --set training.learning_rate=3e-4

See docs/experiments.md for every key of the file.";

pub(crate) fn run(arguments: &Arguments, place: &Place) -> Result<ExitCode> {
    let Arguments { what, dataset, changes, common } = arguments;
    let file = what.iter().find(|name| Path::new(name).extension().is_some_and(|end| end == "toml"));
    let profile = match file {
        Some(file) => {
            ensure!(what.len() == 1, "{}: give one experiment file, or objectives", what.join(" "));
            ensure!(dataset.is_none(), "{file} names its data; change it with --set dataset.name=NAME");
            Profile::of_file(Path::new(file), changes)?
        }
        None => {
            crate::check_objectives(what)?;
            let dataset = dataset
                .as_deref()
                .ok_or_else(|| anyhow::anyhow!("say on which data: --dataset digits, which ships with the code, mnist, folder:PATH"))?;
            Profile::own(what, dataset, changes)?
        }
    };
    let mut command = format!("{} train {}", place.command, what.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "));
    if let Some(dataset) = dataset {
        command += &format!(" --dataset {}", quoted(dataset));
    }
    for change in changes {
        command += &format!(" --set {}", quoted(change));
    }
    execute(profile, &[], common, command, place)
}
