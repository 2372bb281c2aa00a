//! `cargo xtask verify`: numbers recomputed from their weights.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Args;
use vimae_lab::{RunFolder, Shelf};

use crate::{print, sources};

/// Recompute every number of a finished run, or one of them, from its stored weights and data, and compare.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The run's folder: the one that holds record.json.
    run: PathBuf,
    /// Only this number: METRIC, or METRIC/PROTOCOL, as record.json names them.
    cell: Option<String>,
    /// Folder to look for data sets in before anywhere else.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut shelf = Shelf::new(sources(arguments.data_dir.clone()));
    let checks = vimae_lab::verify(&RunFolder::at(&arguments.run), arguments.cell.as_deref(), &mut shelf)?;
    for check in &checks {
        let verdict = if check.agrees { "same" } else { "DIFFERS" };
        print(format_args!("{verdict:8} {}: recorded {}, now {}", check.what, check.recorded, check.now));
    }
    let wrong = checks.iter().filter(|c| !c.agrees).count();
    print(format_args!("{} of {} the same", checks.len() - wrong, checks.len()));
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
