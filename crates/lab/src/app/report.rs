//! `cargo xtask report`: the page of what is there.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Args;

use super::{
    place::Place,
    reproduce::{show, summarise},
    standard_streams::print,
};

/// Write the tables, summary and page of a reproduction again, from the runs that have finished.
///
/// It trains nothing. Use it while other processes still work on the reproduction, or for a directory that you copied from
/// another machine.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The output directory of a reproduction. By default runs/quick of the checkout.
    dir: Option<PathBuf>,
    /// Directory for tables and page, where that of the reproduction cannot be written or should stay as it is. One that holds
    /// another reproduction is refused.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print all cells as one JSON document on standard output.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments, place: &Place) -> Result<ExitCode> {
    let dir = place.reproduction(arguments.dir.as_deref());
    let outcome = crate::report(&dir, arguments.out.as_ref().unwrap_or(&dir), &place.root, &place.paper()?)?;
    summarise(&outcome);
    match arguments.json {
        true => print(serde_json::to_string(&crate::cells::written(&outcome.cells))?),
        false => show(&outcome, &place.command),
    }
    Ok(if outcome.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
