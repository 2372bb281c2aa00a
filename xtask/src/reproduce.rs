//! `cargo xtask reproduce`: the paper's tables and figures.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Args;
use vimae_lab::{Outcome, Profile, Request};

use crate::{print, progress::Progress, root, sources};

/// Reproduce tables and figures of the paper, and write a page that shows ours beside the paper's.
///
/// Without arguments this takes the quick profile: real digits that ship with the code, narrow networks,
/// a few minutes on the CPU, no network. A second call goes on where the first stopped: finished runs are
/// not trained again, an unfinished one continues from its last checkpoint.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Tables and figures to reproduce: table1 ... table5, figure1 ... figure7, or quick; all that the
    /// profile covers where none is named.
    targets: Vec<String>,
    /// Which experiments to run: quick, paper, or the path of an experiment file.
    #[arg(long, default_value = "quick", value_name = "quick|paper|FILE")]
    profile: String,
    #[command(flatten)]
    common: Common,
}

/// Options of every command that trains.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Where to compute: auto takes the first GPU where this build has CUDA and there is one.
    #[arg(long, default_value = "auto", value_name = "auto|cpu|cuda[:N]")]
    pub(crate) device: String,
    /// Let CUDA round f32 to TF32 on tensor cores: faster, relative errors near 1e-3. Records say so.
    #[arg(long)]
    pub(crate) tf32: bool,
    /// Seeds of each run, 0 to N - 1; the experiments' own number where absent.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub(crate) seeds: Option<u64>,
    /// Choose C and gamma of the support vector machines by cross-validation on the labelled codes; the protocol's
    /// name says so. Without it they are fixed by the protocol.
    #[arg(long)]
    pub(crate) tune: bool,
    /// Folder to look for data sets in before anywhere else.
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Folder for runs, results and the page; runs/PROFILE where absent.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Start over instead of continuing what an earlier call left.
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Print all cells as one JSON document on standard output, and nothing else there.
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let Arguments { targets, profile, common } = arguments;
    // `quick` is a profile; as a target it means all of it.
    let (profile, targets) = match targets.iter().any(|t| t == "quick") {
        true => ("quick", targets.iter().filter(|t| *t != "quick").cloned().collect()),
        false => (profile.as_str(), targets.clone()),
    };
    let mut command = format!("cargo xtask reproduce {}", targets.join(" ")).trim_end().to_owned();
    if profile != "quick" {
        command += &format!(" --profile {profile}");
    }
    execute(profile, &targets, common, command)
}

/// The command with the options that change what comes out.
fn repeated(mut command: String, common: &Common) -> String {
    if let Some(seeds) = common.seeds {
        command += &format!(" --seeds {seeds}");
    }
    if common.tune {
        command += " --tune";
    }
    command
}

/// Runs a profile and prints where its page is.
pub(crate) fn execute(profile: &str, targets: &[String], common: &Common, command: String) -> Result<ExitCode> {
    vimae_lab::allow_tf32(common.tf32);
    let root = root();
    let experiments = root.join("experiments");
    let paper = vimae_lab::paper(&experiments)?;
    let profile = Profile::load(&experiments, profile)?.only(targets, &paper)?;
    let out = common.out.clone().unwrap_or_else(|| root.join("runs").join(&profile.name));
    let request = Request {
        profile,
        paper,
        seeds: common.seeds,
        tune: common.tune,
        out,
        fresh: common.fresh,
        sources: sources(common.data_dir.clone()),
        device: vimae_lab::device(&common.device)?,
        root,
        command: repeated(command, common),
    };
    let mut progress = Progress::new();
    let outcome = vimae_lab::reproduce(&request, &mut |place, event| progress.observe(&place, &event))?;
    progress.finish();
    summarise(&outcome);
    if common.json {
        print(serde_json::to_string(&outcome.cells)?);
    } else {
        print(format_args!("page: {}", outcome.page.display()));
    }
    Ok(if outcome.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Says on standard error what came out, in a few lines.
fn summarise(outcome: &Outcome) {
    for failure in &outcome.failed {
        tracing::error!("{} {} seed {}: {}", failure.experiment, failure.method, failure.seed, failure.error);
    }
    for row in outcome.summary.iter().filter(|row| row.metric.starts_with(vimae_lab::expectations::PREFIX)) {
        match row.mean {
            Some(1.0) => tracing::info!("{}", row.note.as_deref().unwrap_or(&row.metric)),
            _ => tracing::warn!("{}", row.note.as_deref().unwrap_or(&row.metric)),
        }
    }
    let compared = outcome.summary.iter().filter(|row| row.inside.is_some()).count();
    let inside = outcome.summary.iter().filter(|row| row.inside == Some(true)).count();
    tracing::info!("{} cells; {inside} of the {compared} that the paper prints a value for are inside tolerance", outcome.cells.len());
}
