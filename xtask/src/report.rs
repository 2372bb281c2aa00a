//! `cargo xtask report`: the page of what is there.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Args;

use crate::{
    print,
    reproduce::{show, summarise},
    reproduction, root,
};

/// Write the tables, summary and page of a reproduction again, from the runs that have finished.
///
/// It trains nothing. Use it while other processes still work on the reproduction, or for a directory that you copied from
/// another machine.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The output directory of a reproduction. By default runs/quick of the checkout.
    dir: Option<PathBuf>,
    /// Directory for tables and page, where that of the reproduction cannot be written or should stay as it is.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print all cells as one JSON document on standard output.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let root = root();
    let dir = reproduction(arguments.dir.as_deref());
    let outcome = vimae_lab::report(&dir, arguments.out.as_ref().unwrap_or(&dir), &root, &vimae_lab::paper(&root.join("experiments"))?)?;
    summarise(&outcome);
    match arguments.json {
        true => print(serde_json::to_string(&outcome.cells)?),
        false => show(&outcome),
    }
    Ok(if outcome.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
