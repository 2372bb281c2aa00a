//! `cargo xtask worker`: one run of a plan, called by the commands that share runs out.

use std::{path::PathBuf, process::ExitCode};

use crate::{Plan, RunContext, Shelf, State};
use anyhow::Result;
use clap::Args;

use super::{
    number::at_least,
    place::Place,
    stop::{self, Who},
};

/// What a worker exits with whose run failed in a way that may pass.
const MAY_PASS: u8 = 74;

/// Train and evaluate one run of a reproduction's plan.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The folder of the reproduction.
    out: PathBuf,
    /// The run's place in its plan.json, counted from 0.
    index: usize,
    /// Where to compute.
    #[arg(long, default_value = "auto", value_name = "auto|cpu|cuda[:N]")]
    device: String,
    /// Which attempt this is.
    #[arg(long, default_value_t = 1, value_parser = at_least(0_u64))]
    attempt: u64,
    /// Only say this of the run in its status.
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, place: &Place) -> Result<ExitCode> {
    let Arguments { out, index, device, attempt, note } = arguments;
    let plan = Plan::load(out)?;
    if let Some(note) = note {
        crate::note(&plan, *index, out, note)?;
        return Ok(ExitCode::SUCCESS);
    }
    let cluster = std::env::var_os("SLURM_JOB_ID").is_some();
    if !cluster {
        follow_parent();
    }
    let stop = stop::on_signal(if cluster { Who::Task } else { Who::Worker })?;
    crate::allow_tf32(plan.tf32);
    let mut shelf = Shelf::new(place.sources(plan.data_dir.clone()));
    let context = RunContext { root: &place.root, device, stop, ..RunContext::new(out) };
    let status = crate::work(&plan, *index, *attempt, &context, &mut shelf)?;
    Ok(match (status.state, status.problem) {
        (State::Finished, _) => ExitCode::SUCCESS,
        (_, Some(problem)) => {
            tracing::error!("{problem}");
            if status.again { ExitCode::from(MAY_PASS) } else { ExitCode::FAILURE }
        }
        _ => ExitCode::from(stop::STOPPED),
    })
}

/// A worker whose parent is killed stops too, so that the next call finds the run free.
fn follow_parent() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM));
}
