//! `cargo xtask verify`: numbers recomputed from their weights.

use std::{path::PathBuf, process::ExitCode};

use crate::{RunFolder, Shelf};
use anyhow::Result;
use clap::Args;

use super::{data_dir::DataDir, place::Place, standard_streams::print};

/// Recompute every number of a finished run, or one of them, and compare it with the record.
///
/// Numbers are recomputed from the stored weights and the data. The exit code is 1 if any differs.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The run's directory, which holds record.json.
    run: PathBuf,
    /// Recompute only this number: METRIC, or METRIC/PROTOCOL as record.json names them. By default, all.
    cell: Option<String>,
    #[command(flatten)]
    data: DataDir,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask verify RUN
  cargo xtask verify RUN rate
  cargo xtask verify RUN 'nll/nll.parzen(sigma=0.1,N=10000)'";

pub(crate) fn run(arguments: &Arguments, place: &Place) -> Result<ExitCode> {
    let mut shelf = Shelf::new(arguments.data.sources(place)?);
    let checks = crate::verify(&RunFolder::at(&arguments.run), arguments.cell.as_deref(), &mut shelf)?;
    for check in &checks {
        let verdict = if check.agrees { "same" } else { "DIFFERS" };
        print(format_args!("{verdict:8} {}: recorded {}, now {}", check.what, check.recorded, check.now));
    }
    let wrong = checks.iter().filter(|c| !c.agrees).count();
    print(format_args!("{} of {} the same", checks.len() - wrong, checks.len()));
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
