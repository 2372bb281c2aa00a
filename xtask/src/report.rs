//! `cargo xtask report`: the page of what is there.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Args;

use crate::{print, reproduce::summarise, reproduction, root};

/// Write tables, summary and page of a reproduction again, from the runs that are finished there.
///
/// Trains nothing; useful while other processes still work on it, and for a folder that came from another machine.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The folder of the reproduction; runs/quick where absent.
    dir: Option<PathBuf>,
    /// Print all cells as one JSON document on standard output, and nothing else there.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let root = root();
    let dir = reproduction(arguments.dir.as_deref());
    let outcome = vimae_lab::report(&dir, &root, &vimae_lab::paper(&root.join("experiments"))?)?;
    summarise(&outcome);
    match arguments.json {
        true => print(serde_json::to_string(&outcome.cells)?),
        false => print(format_args!("page: {}", outcome.page.display())),
    }
    Ok(if outcome.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
