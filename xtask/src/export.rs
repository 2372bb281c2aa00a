//! `cargo xtask export`: results as CSV, LaTeX or Markdown.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use vimae_lab::{ExportRequest, Format};

use crate::{print, reproduction, root};

/// Write the tables of a reproduction as CSV (every cell, every column), LaTeX (booktabs) or Markdown.
///
/// LaTeX and Markdown show means over seeds with their 95 % interval beside the paper's values, the best of a row in bold.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The folder with results.json and summary.json; runs/quick where absent.
    folder: Option<PathBuf>,
    /// The form.
    #[arg(long, value_enum)]
    format: Form,
    /// A table, figure or experiment; may be given several times, all where absent.
    #[arg(long = "target", value_name = "NAME")]
    targets: Vec<String>,
    /// Show in tables also what the paper has no row for, by every protocol. CSV always has all.
    #[arg(long)]
    all: bool,
    /// A file to write; standard output where absent.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    Csv,
    Latex,
    Markdown,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let Arguments { folder, format, targets, all, out } = arguments;
    let root = root();
    let text = vimae_lab::export(&ExportRequest {
        folder: reproduction(folder.as_deref()),
        paper: vimae_lab::paper(&root.join("experiments"))?,
        targets: targets.clone(),
        format: match format {
            Form::Csv => Format::Csv,
            Form::Latex => Format::Latex,
            Form::Markdown => Format::Markdown,
        },
        all: *all,
    })?;
    match out {
        Some(path) => vimae_lab::write_whole(path, text.as_bytes()).with_context(|| format!("writing {}", path.display()))?,
        None => print(text.trim_end_matches('\n')),
    }
    Ok(ExitCode::SUCCESS)
}
