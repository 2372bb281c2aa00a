//! `cargo xtask cancel`: a reproduction that goes on elsewhere is stopped.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use crate::{Plan, Submitted, counted::counted};
use anyhow::{Result, bail};
use clap::Args;

use super::{place::Place, standard_streams::print};

/// How long a cluster that does not answer is asked again.
const PATIENCE: Duration = Duration::from_secs(300);

/// Stop a reproduction that runs in another terminal or on a cluster.
///
/// Its runs save their state first. Repeat the command that started it to continue from there.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The output directory of a reproduction. By default runs/quick of the checkout.
    dir: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, place: &Place) -> Result<ExitCode> {
    let dir = place.reproduction(arguments.dir.as_deref());
    // What is queued is ended even where the plan is damaged.
    if let Some(tasks @ 1..) = Submitted::of(&dir)?.map(|submitted| submitted.cancel(&dir, PATIENCE)).transpose()? {
        print(format_args!("told {} of the cluster to stop", counted(tasks, "task")));
        return Ok(ExitCode::SUCCESS);
    }
    Plan::load(&dir)?;
    match crate::stop_local(&dir)? {
        Some(process) => print(format_args!("process {process} is told to stop; its runs save their state first")),
        None => bail!("{}: nothing works on it", dir.display()),
    }
    Ok(ExitCode::SUCCESS)
}
