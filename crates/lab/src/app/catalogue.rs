//! `cargo xtask catalogue`: a page of everything that can be chosen by name.

use std::{path::PathBuf, process::ExitCode};

use crate::{Launcher, Profile, Request};
use anyhow::{Context, Result};
use clap::Args;

use super::{
    number::whole,
    place::Place,
    reproduce::{code, reproduced, summarise},
    standard_streams::print,
};

/// Write a page of every component: equation, source, settings with defaults and ranges.
///
/// With --train it also shows what samples of each objective look like after a short training on the digits that ship with
/// the code.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Train the short runs that the images come from, if they are missing: a few minutes on the CPU.
    #[arg(long)]
    train: bool,
    /// Run each objective with N seeds. By default, as many as the experiment says.
    #[arg(long, value_name = "N", value_parser = whole(1..=10_000_u64))]
    seeds: Option<u64>,
    /// Device to compute on.
    #[arg(long, default_value = "auto", value_name = "auto|cpu|cuda[:N]")]
    device: String,
    /// Directory for the page and the runs. By default runs/catalogue of the checkout.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, place: &Place) -> Result<ExitCode> {
    let root = &place.root;
    let experiments = place.experiments();
    let out = arguments.out.clone().unwrap_or_else(|| root.join("runs/catalogue"));
    let mut profile = Profile::load(&experiments, &experiments.join("catalogue/digits.toml").display().to_string())?;
    profile.experiments = profile.experiments.into_iter().map(crate::every_objective).collect();
    let experiment = profile.experiments.first().context("experiments/catalogue/digits.toml holds no experiment")?.clone();
    let seeds = arguments.seeds.unwrap_or(experiment.seeds);
    let mut ended = ExitCode::SUCCESS;
    if arguments.train {
        let request = Request {
            profile,
            paper: place.paper()?,
            seeds: Some(seeds),
            tune: false,
            fresh: false,
            sources: place.sources(None),
            launcher: Launcher::Here,
            retries: 0,
            budget: None,
            command: format!("{} catalogue --train", place.command),
        };
        let outcome = reproduced(&request, &out, &arguments.device, place)?;
        summarise(&outcome);
        ended = code(&outcome);
    }
    let page = crate::catalogue(root, &experiment, seeds, &out)?;
    print(format_args!("page: {}", page.display()));
    Ok(ended)
}
