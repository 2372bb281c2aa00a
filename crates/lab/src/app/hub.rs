//! `cargo xtask hub`: trained runs to and from the Hugging Face Hub.

use std::{path::PathBuf, process::ExitCode};

use crate::{
    HubOptions, Shelf,
    hub::{Publish, RepoName, check_network, check_revision, pull, push},
    prepare,
};
use anyhow::Result;
use clap::{Args, Subcommand};

use super::{
    data_dir::DataDir,
    place::Place,
    standard_streams::print,
    transfer::{bar, show},
};

/// Publish trained runs on the Hugging Face Hub, and download published ones.
///
/// The token comes from HF_TOKEN or from `hf auth login`; it is never an argument and never printed. HF_ENDPOINT, HF_HOME,
/// HF_HUB_CACHE and HF_HUB_OFFLINE work as in all Hugging Face programs. See docs/publishing.md.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Push(Push),
    Pull(Pull),
}

const PUSH: &str = "\
Examples:
  cargo xtask hub push runs/quick/digits/vae-seed0-8f548694 me/vae-digits --dry-run out
  cargo xtask hub push runs/quick/digits/vae-seed0-8f548694 me/vae-digits
  cargo xtask hub push RUN me/vae-digits --revision seed-1 --license cc-by-4.0";

const PULL: &str = "\
Examples:
  cargo xtask hub pull me/vae-digits --out vae
  cargo xtask verify vae
  cargo xtask fid digits:test vae --features classifier:digits";

/// Publish a finished run: weights, config.json, specification, results, images, model card.
///
/// A new repository is private unless you give --public, and is deleted again if the push fails.
/// An existing repository gets one commit on top and keeps its visibility.
/// If runs of other seeds lie beside the run, the card has intervals over seeds.
#[derive(Debug, Args)]
#[command(after_help = PUSH)]
struct Push {
    /// The run's directory, which holds record.json.
    run: PathBuf,
    /// Repository to publish it in.
    #[arg(value_name = "OWNER/NAME")]
    repo: String,
    /// Make a new repository public.
    #[arg(long, conflicts_with = "private")]
    public: bool,
    /// Make a new repository private (the default), and refuse an existing one that is public.
    #[arg(long)]
    private: bool,
    /// Write the files into a new directory instead, and use no network.
    #[arg(long, value_name = "DIR")]
    dry_run: Option<PathBuf>,
    /// Branch to commit to; created if it does not exist. By default the main branch.
    #[arg(long, value_name = "BRANCH")]
    revision: Option<String>,
    /// Message of the commit.
    #[arg(long)]
    message: Option<String>,
    /// Licence of the weights, an identifier of the Hub: mit, apache-2.0, cc-by-4.0 ...
    #[arg(long, default_value = "mit")]
    license: String,
    /// Address of the code, which the card links: that of your fork, for instance.
    #[arg(long, value_name = "ADDRESS")]
    code: Option<String>,
    #[command(flatten)]
    data: DataDir,
}

/// Download a published run, and check every file against its digest.
///
/// It goes into the cache that all Hugging Face programs share, and comes from there if
/// HF_HUB_OFFLINE is set. With --out it is also copied into a directory that other commands take
/// as a run.
#[derive(Debug, Args)]
#[command(after_help = PULL)]
struct Pull {
    /// The repository.
    #[arg(value_name = "OWNER/NAME")]
    repo: String,
    /// Branch, tag or commit.
    #[arg(long, default_value = "main")]
    revision: String,
    /// Also copy the run into this directory, which must not exist.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, place: &Place) -> Result<ExitCode> {
    match &arguments.what {
        What::Push(arguments) => publish(arguments, place)?,
        What::Pull(arguments) => bring(arguments)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn publish(arguments: &Push, place: &Place) -> Result<()> {
    let repo: RepoName = arguments.repo.parse()?;
    arguments.revision.as_deref().map(check_revision).transpose()?;
    let options = HubOptions::from_env();
    // Before the work of preparing.
    if arguments.dry_run.is_none() {
        check_network(&options, &format!("{repo} on the Hub"))?;
    }
    let mut shelf = Shelf::new(arguments.data.sources(place)?);
    let prepared = prepare(&arguments.run, &repo, &arguments.license, arguments.code.as_deref(), &mut shelf)?;
    for note in &prepared.notes {
        tracing::warn!("{note}");
    }
    if let Some(folder) = &arguments.dry_run {
        prepared.package.write(folder)?;
        for name in prepared.package.names() {
            print(folder.join(name).display());
        }
        return Ok(());
    }
    let how = Publish {
        private: if arguments.public { Some(false) } else { arguments.private.then_some(true) },
        revision: arguments.revision.clone(),
        message: arguments.message.clone(),
    };
    let bar = bar()?;
    let pushed = push(&prepared.package, &how, &options, &mut |event| show(&bar, &event));
    bar.finish_and_clear();
    let pushed = pushed?;
    for file in &pushed.removed {
        tracing::info!("{file}, which an earlier push left, was removed");
    }
    let visibility = if pushed.private { "private" } else { "public" };
    print(format_args!("{} ({visibility}{}), commit {}", pushed.url, if pushed.created { ", new" } else { "" }, pushed.commit));
    Ok(())
}

fn bring(arguments: &Pull) -> Result<()> {
    let repo: RepoName = arguments.repo.parse()?;
    if let Some(folder) = arguments.out.as_ref().filter(|folder| folder.exists()) {
        anyhow::bail!("{} exists already; give another folder or remove it", folder.display());
    }
    let bar = bar()?;
    let pulled = pull(&repo, Some(&arguments.revision), &HubOptions::from_env(), &mut |event| show(&bar, &event));
    bar.finish_and_clear();
    let pulled = pulled?;
    // Weights that do not load, or a record of others, are found here and not at their first use.
    crate::hub::Pretrained::open(&pulled.folder)?;
    if let Some(folder) = &arguments.out {
        pulled.copy_to(folder)?;
    }
    let folder = arguments.out.as_ref().unwrap_or(&pulled.folder);
    print(format_args!("{}\ncommit {}", folder.display(), pulled.commit));
    Ok(())
}
