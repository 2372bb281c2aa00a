//! `cargo xtask export`: results as CSV, LaTeX or Markdown.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use vimae_lab::{ExportRequest, Format};

use crate::{print, reproduction, root};

/// Write the tables of a reproduction as CSV, LaTeX or Markdown.
///
/// CSV has every cell with every column. LaTeX (booktabs) and Markdown show means over seeds with 95 % intervals beside the
/// paper's values, and the best value of each row in bold.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The directory with results.json and summary.json. By default runs/quick of the checkout.
    folder: Option<PathBuf>,
    /// Output format.
    #[arg(long, value_enum)]
    format: Form,
    /// Only this table, figure or experiment; repeat the option for more. By default, all.
    #[arg(long = "target", value_name = "NAME")]
    targets: Vec<String>,
    /// Show every protocol and metric, not only what the paper has a row for. CSV always has all.
    #[arg(long)]
    all: bool,
    /// File to write. By default standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    Csv,
    Latex,
    Markdown,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask export --format latex --target table3
  cargo xtask export runs/paper --format csv --out cells.csv";

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
