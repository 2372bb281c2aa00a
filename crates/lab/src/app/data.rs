//! `cargo xtask data`: data sets on this machine.

use std::{path::PathBuf, process::ExitCode};

use crate::{Fetching, HubOptions, changes, counted::counted, datasets, fetch};
use anyhow::{Result, anyhow, bail};
use clap::{Args, Subcommand};
use indicatif::{HumanBytes, ProgressBar};
use serde_json::{Map, Value};
use vimae_spec::Component;

use super::{place::Place, standard_streams::print, transfer};

/// List, download and check data sets.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
    /// Directory to look for data sets in first; by default that of VIMAE_DATA_DIR. `fetch` puts files into it that are not on the Hub.
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List every data set: its source, size and licence, and whether it is on this machine.
    List {
        #[command(flatten)]
        unread: Unread,
    },
    /// Download a data set; repeat the command to continue after an interruption.
    ///
    /// Files from the Hub go into the cache that all Hugging Face programs share. HF_HOME, HF_ENDPOINT, HF_TOKEN and
    /// HF_HUB_OFFLINE work as in those. Of table:OWNER/NAME, any data set of images there, the parquet files of one
    /// configuration come; where it has none, those that the Hub has made of it.
    Fetch {
        /// Name of the data set, as `list` prints it, or table:OWNER/NAME for any one on the Hub.
        name: String,
        /// Accept the terms of a data set that has some.
        #[arg(long)]
        accept_licence: bool,
        #[command(flatten)]
        unread: Unread,
    },
    /// Check every file of a data set against its published digest, and count its images by split and class.
    Verify {
        /// Name of the data set: folder:PATH for a directory of images, or a zip or tar of them; arrays:PATH for .npz,
        /// .npy and idx files; table:PATH or table:OWNER/NAME for parquet files.
        name: String,
        /// A setting of the data set, as for `train`: repeats=drop or dataset.repeats=drop. May be repeated.
        #[arg(long = "set", value_name = "KEY=VALUE")]
        settings: Vec<String>,
        /// Leave out images that cannot be decoded and name them, instead of failing at the first.
        #[arg(long)]
        skip_broken: bool,
    },
}

/// Settings where no image is read.
#[derive(Debug, Args)]
struct Unread {
    #[arg(long = "set", value_name = "KEY=VALUE", hide = true)]
    settings: Vec<String>,
}

impl Unread {
    /// Refuses them: nothing would follow from them.
    fn check(&self, what: &str, command: &str) -> Result<()> {
        match self.settings.first() {
            Some(first) => {
                bail!("--set {first}: settings say how images are read, and `data {what}` reads none; `{command} data verify` takes it")
            }
            None => Ok(()),
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask data list
  cargo xtask data fetch cifar10
  cargo xtask data fetch table:zalando-datasets/fashion_mnist
  cargo xtask data verify omniglot --set repeats=drop
  cargo xtask data verify folder:images --skip-broken";

pub(crate) fn run(arguments: &Arguments, place: &Place) -> Result<ExitCode> {
    let data_dir = arguments.data_dir.clone();
    let mut sources = match arguments.what {
        // It makes the directory.
        What::Fetch { .. } => place.sources(data_dir),
        What::List { .. } | What::Verify { .. } => place.sources_there(data_dir)?,
    };
    match &arguments.what {
        What::List { unread } => {
            unread.check("list", &place.command)?;
            for listed in datasets::inventory::list(&sources)? {
                let card = &listed.card;
                let size = if card.size > 0 { HumanBytes(card.size).to_string() } else { "any size".into() };
                let here = match &listed.files {
                    Some(files) if files.is_empty() => "ships with the code".into(),
                    Some(files) => format!("here: {}", files.first().map(|f| f.display().to_string()).unwrap_or_default()),
                    None if card.files.is_empty() => card.place.clone(),
                    None => "not here".into(),
                };
                print(format_args!("{}\n    {}; {size}; {}\n    {}\n    {here}", listed.name, card.about, card.licence, card.source));
            }
        }
        What::Fetch { name, accept_licence, unread } => {
            unread.check("fetch", &place.command)?;
            let options = HubOptions::from_env();
            let mut source = Some(crate::fetch::origin(name, &options)?);
            let bar = transfer::bar()?;
            let mut tell = |happening: Fetching<'_>| {
                if let Some(source) = source.take() {
                    bar.suspend(|| tracing::info!("{source}"));
                }
                show(&bar, &happening);
            };
            let fetched = fetch(name, &sources, &options, *accept_licence, &mut tell)?;
            bar.finish_and_clear();
            for file in fetched {
                print(format_args!("{} {}", if file.present { "here   " } else { "brought" }, file.path.display()));
            }
        }
        What::Verify { name, settings, skip_broken } => {
            sources.skip_broken = *skip_broken;
            let settings = chosen(name, settings)?;
            let verified = datasets::inventory::verify(name, &settings, &sources).map_err(|error| match error {
                datasets::Error::BrokenImage(_) => anyhow!("{error}; for this command that is --skip-broken"),
                error => error.into(),
            })?;
            show_verified(&verified);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The settings that `changes` give of the data set of that name, each of which it has.
fn chosen(name: &str, changes: &[String]) -> crate::Result<Map<String, Value>> {
    datasets::known(name)?;
    changes::made(changes, &|changes| {
        let settings = Component::named(name).changed("dataset", changes)?;
        datasets::DATASETS.check(datasets::parted(name).0, &settings)?;
        Ok(settings)
    })
}

fn show_verified(verified: &datasets::inventory::Verified) {
    for file in &verified.files {
        print(format_args!("{} {} ({})", file.sha256, file.path.display(), file.known));
    }
    for (split, count) in &verified.splits {
        // Scripts read this line, whose word is the same for one image.
        print(format_args!("{split}: {count} images"));
    }
    let (fewest, most) = verified.spread();
    let size = if fewest == most { counted(most, "image") } else { format!("{fewest} to {most} images") };
    let classes = verified.classes.len();
    print(format_args!("{classes} {} of {size}", if classes == 1 { "class" } else { "classes" }));
    if verified.classes.len() > 1 {
        let (first, last) = shown(verified.classes.len());
        for (at, class) in verified.classes.iter().enumerate() {
            if at == first && first < last {
                print(format_args!("  ... {} more", last - first));
            }
            if !(first..last).contains(&at) {
                let counts = verified.splits.iter().zip(&class.images).filter(|(_, count)| **count > 0);
                let counts: Vec<String> = counts.map(|((split, _), count)| format!("{count} {split}")).collect();
                print(format_args!("  {}: {}", class.name, if counts.is_empty() { "no images".into() } else { counts.join(", ") }));
            }
        }
    }
    for note in verified.notes.iter().chain(&verified.copies) {
        print(format_args!("note: {note}"));
    }
    if !verified.passed_over.is_empty() {
        print(format_args!("passed over: {}", verified.passed_over));
    }
    for broken in &verified.skipped {
        print(format_args!("left out: {}", broken.problem));
    }
    print(format_args!("{} content", verified.sha256));
}

/// Of so many classes, the places between which none are shown.
fn shown(classes: usize) -> (usize, usize) {
    const ALL: usize = 24;
    const ENDS: (usize, usize) = (10, 3);
    if classes <= ALL { (classes, classes) } else { (ENDS.0, classes - ENDS.1) }
}

fn show(bar: &ProgressBar, happening: &Fetching<'_>) {
    match happening {
        Fetching::Note(note) => bar.suspend(|| tracing::info!("{note}")),
        Fetching::File { file, event } => {
            bar.set_message((*file).to_owned());
            transfer::show(bar, event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_written_as_those_of_an_experiment_and_checked() {
        let of = |change: &str| chosen("omniglot", &[change.to_owned()]).map(Value::Object).map_err(|error| error.to_string());
        for change in ["repeats=drop", "repeats=\"drop\"", "dataset.repeats = 'drop'"] {
            assert_eq!(of(change), Ok(serde_json::json!({ "repeats": "drop" })), "{change}");
        }
        for (change, expected) in [
            ("repeat=drop", "--set repeat=drop: dataset \"omniglot\" has no setting \"repeat\""),
            ("dataset.repeats=drpo", "--set dataset.repeats=drpo: dataset \"omniglot\": repeats = \"drpo\" is not allowed"),
            ("repeats", "--set repeats: is not KEY=VALUE"),
        ] {
            let message = of(change).unwrap_err();
            assert!(message.starts_with(expected), "{message}");
        }
        assert!(chosen("mnits", &[]).unwrap_err().to_string().contains("did you mean \"mnist\""));
    }

    #[test]
    fn settings_are_refused_where_no_image_is_read() {
        let unread = |settings: &[&str]| Unread { settings: settings.iter().map(|setting| (*setting).to_owned()).collect() };
        unread(&[]).check("fetch", "c").unwrap();
        let message = unread(&["repeats=drop"]).check("fetch", "c").unwrap_err().to_string();
        assert!(message.starts_with("--set repeats=drop: ") && message.ends_with("`c data verify` takes it"), "{message}");
    }
}
