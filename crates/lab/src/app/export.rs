//! `cargo xtask export`: results as CSV, LaTeX or Markdown, and plots as SVG.

use std::{path::PathBuf, process::ExitCode};

use crate::{ExportRequest, Format, Out};
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use vimae_report::headline;

use super::{place::Place, standard_streams::print};

/// Write the tables of a reproduction as CSV, LaTeX or Markdown, or its plots as SVG.
///
/// An experiment of your own becomes one table: a row a method, a column a headline metric, mean and standard deviation over
/// seeds. What it was before a change has a table of its own. A table or figure of the paper shows our means with 95 % intervals
/// beside the paper's values. LaTeX needs booktabs. CSV has a row a mean, or with --all a row a value of every seed with all that is
/// known of it. SVG is a directory with a file for each plot of the page, of which other programs make PDF; the images of a run are
/// PNG files in its directory.
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
    #[arg(long = "metric", value_name = "NAME", help = of_metrics())]
    metrics: Vec<String>,
    /// Everything that was measured, not only headline metrics and what the paper has a row for.
    #[arg(long)]
    all: bool,
    /// File to write, for SVG a new directory. By default standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace a file that is there. A directory that holds something is never replaced.
    #[arg(long)]
    overwrite: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    Csv,
    Latex,
    Markdown,
    Svg,
}

/// The help of `--metric`, which names every headline.
fn of_metrics() -> String {
    let names: Vec<&str> = headline::all().map(|headline| headline.name).collect();
    format!("Only this metric, by its name in results.json or one of {}. Repeat the option for more", names.join(", "))
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask export --format latex --target table3
  cargo xtask export runs/mine --format markdown --metric fid --metric rate
  cargo xtask export runs/paper --format csv --all --out cells.csv
  cargo xtask export runs/mine --format svg --out figures";

pub(crate) fn run(arguments: &Arguments, place: &Place) -> Result<ExitCode> {
    let Arguments { folder, format, targets, metrics, all, out, overwrite } = arguments;
    let folder = place.reproduction(folder.as_deref());
    let format = match format {
        Form::Csv => Format::Csv,
        Form::Latex => Format::Latex,
        Form::Markdown => Format::Markdown,
        Form::Svg => {
            if *all || !targets.is_empty() || !metrics.is_empty() {
                bail!("--format svg writes every plot of the page; leave --target, --metric and --all out");
            }
            let out = out.as_deref().context("--format svg writes several files; name a new directory for them with --out")?;
            crate::export_plots(&folder, out)?.iter().for_each(|file| print(file.display()));
            return Ok(ExitCode::SUCCESS);
        }
    };
    if let Some(path) = out {
        Out { path, overwrite: *overwrite }.check()?;
    }
    let (targets, metrics) = (targets.clone(), metrics.clone());
    let text = crate::export(&ExportRequest { folder, paper: place.paper()?, targets, metrics, format, all: *all })?;
    match out {
        Some(path) => crate::write_whole(path, text.as_bytes()).with_context(|| format!("writing {}", path.display()))?,
        None => print(text.trim_end_matches('\n')),
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_has_every_headline() {
        let help = Arguments::augment_args(clap::Command::new("export")).render_long_help().to_string();
        let missing: Vec<&str> = headline::all().map(|headline| headline.name).filter(|name| !help.contains(name)).collect();
        assert!(missing.is_empty(), "{missing:?}: {help}");
    }
}
