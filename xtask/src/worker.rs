//! `cargo xtask worker`: one run of a plan, called by the commands that share runs out.

use std::{path::PathBuf, process::ExitCode, sync::atomic::Ordering};

use anyhow::Result;
use clap::Args;
use vimae_lab::{Event, Plan, RunContext, Shelf, State};

use crate::{root, sources, stop};

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
    #[arg(long, default_value_t = 1)]
    attempt: u64,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let Arguments { out, index, device, attempt } = arguments;
    follow_parent();
    let stop = stop::on_signal(false)?;
    let plan = Plan::load(out)?;
    vimae_lab::allow_tf32(plan.tf32);
    let mut shelf = Shelf::new(sources(plan.data_dir.clone()));
    // An evaluation writes nothing before its end, so that it can be left at any moment; training saves its state first.
    let leave_evaluation = |event: Event<'_>| {
        if let Event::Run { status, .. } = event
            && stop.load(Ordering::Relaxed)
            && status.state == State::Running
            && !matches!(status.doing.as_str(), "starting" | "training")
        {
            std::process::exit(stop::STOPPED.into());
        }
    };
    let context = RunContext { directory: out, root: &root(), device, stop, progress: &leave_evaluation };
    let status = vimae_lab::work(&plan, *index, *attempt, &context, &mut shelf)?;
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
    if std::env::var_os("SLURM_JOB_ID").is_none() {
        let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM));
    }
}
