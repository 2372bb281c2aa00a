//! `cargo xtask data`: data sets on this machine.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Args, Subcommand};
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use vimae_lab::{Fetching, HubEvent, HubOptions, datasets, fetch};

use crate::{print, sources};

/// List, download and check data sets.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
    /// Directory to look for data sets in first. `fetch` puts files into it that are not on the Hub.
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List every data set: its source, size and licence, and whether it is on this machine.
    List,
    /// Download a data set; repeat the command to continue after an interruption.
    ///
    /// Files from the Hub go into the cache that all Hugging Face programs share. HF_HOME, HF_ENDPOINT, HF_TOKEN and
    /// HF_HUB_OFFLINE work as in those.
    Fetch {
        /// Name of the data set, as `list` prints it.
        name: String,
        /// Accept the terms of a data set that has some.
        #[arg(long)]
        accept_licence: bool,
    },
    /// Check every file of a data set against its published digest, and count its images.
    Verify {
        /// Name of the data set, or folder:PATH for a directory of images.
        name: String,
        /// Leave out images that cannot be decoded and name them, instead of failing at the first.
        #[arg(long)]
        skip_broken: bool,
    },
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask data list
  cargo xtask data fetch cifar10
  cargo xtask data verify folder:images --skip-broken";

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut sources = sources(arguments.data_dir.clone());
    match &arguments.what {
        What::List => {
            for listed in datasets::inventory::list(&sources)? {
                let card = &listed.card;
                let size = if card.size > 0 { HumanBytes(card.size).to_string() } else { "any size".into() };
                let here = match &listed.files {
                    Some(files) if files.is_empty() => "ships with the code".into(),
                    Some(files) => format!("here: {}", files.first().map(|f| f.display().to_string()).unwrap_or_default()),
                    None => "not here".into(),
                };
                print(format_args!("{}\n    {}; {size}; {}\n    {}\n    {here}", listed.name, card.about, card.licence, card.source));
            }
        }
        What::Fetch { name, accept_licence } => {
            let card = datasets::inventory::card(name)?;
            tracing::info!("{}: {}; licence: {}", name, card.source, card.notice.as_ref().unwrap_or(&card.licence));
            let bar = ProgressBar::new(0);
            bar.set_style(ProgressStyle::with_template("{msg} [{bar:16}] {bytes}/{total_bytes} {bytes_per_sec}, {eta} left")?);
            let fetched = fetch(name, &sources, &HubOptions::from_env(), *accept_licence, &mut |happening| show(&bar, &happening))?;
            bar.finish_and_clear();
            for file in fetched {
                print(format_args!("{} {}", if file.present { "here   " } else { "brought" }, file.path.display()));
            }
        }
        What::Verify { name, skip_broken } => {
            sources.skip_broken = *skip_broken;
            let verified = datasets::inventory::verify(name, &sources)?;
            for file in &verified.files {
                print(format_args!("{} {} ({:?})", file.sha256, file.path.display(), file.known));
            }
            for (split, count) in &verified.splits {
                print(format_args!("{split}: {count} images"));
            }
            let (classes, fewest, most) = verified.classes;
            print(format_args!("{classes} classes of {fewest} to {most} images"));
            print(format_args!("{} content", verified.sha256));
            for broken in &verified.skipped {
                print(format_args!("left out: {broken:?}"));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show(bar: &ProgressBar, happening: &Fetching<'_>) {
    bar.set_message(happening.file.to_owned());
    match &happening.event {
        HubEvent::Bytes { done, total } => {
            bar.set_length(total.unwrap_or(*done));
            bar.set_position(*done);
        }
        HubEvent::Waiting { wait, reason } => bar.suspend(|| tracing::info!("waiting {} s: {reason}", wait.as_secs())),
        _ => {}
    }
}
