//! `cargo xtask export`: results as CSV, LaTeX or Markdown.

use std::{path::PathBuf, process::ExitCode};

use crate::{ExportRequest, Format};
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};

use super::{place::Place, standard_streams::print};

/// Write the tables of a reproduction as CSV, LaTeX or Markdown.
///
/// An experiment of your own becomes one table: a row a method, a column a headline metric, mean and standard deviation over
/// seeds. A table or figure of the paper shows our means with 95 % intervals beside the paper's values. LaTeX needs booktabs.
/// CSV has a row a mean, or with --all a row a value of every seed with all that is known of it.
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
    /// Only this metric, by its name in results.json or one of reconstruction, fid, fid_classifier, nll_iwae, nll_parzen, mmd,
    /// rate, active_units, accuracy, accuracy_masked. Repeat the option for more.
    #[arg(long = "metric", value_name = "NAME")]
    metrics: Vec<String>,
    /// Everything that was measured, not only headline metrics and what the paper has a row for.
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
  cargo xtask export runs/mine --format markdown --metric fid --metric rate
  cargo xtask export runs/paper --format csv --all --out cells.csv";

pub(crate) fn run(arguments: &Arguments, place: &Place) -> Result<ExitCode> {
    let Arguments { folder, format, targets, metrics, all, out } = arguments;
    let text = crate::export(&ExportRequest {
        folder: place.reproduction(folder.as_deref()),
        paper: place.paper()?,
        targets: targets.clone(),
        metrics: metrics.clone(),
        format: match format {
            Form::Csv => Format::Csv,
            Form::Latex => Format::Latex,
            Form::Markdown => Format::Markdown,
        },
        all: *all,
    })?;
    match out {
        Some(path) => crate::write_whole(path, text.as_bytes()).with_context(|| format!("writing {}", path.display()))?,
        None => print(text.trim_end_matches('\n')),
    }
    Ok(ExitCode::SUCCESS)
}
