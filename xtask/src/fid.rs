//! `cargo xtask fid`: two sets of images compared.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use vimae_lab::{FidReport, FidRequest, HubOptions, Network, Resize, Shelf, fid};

use crate::{print, root, sources};

/// Compare generated images with real ones: FID, KID, precision, recall, density, coverage.
///
/// A set of images is a directory or archive (.zip, .tar, .tar.gz) of PNG and JPEG files of any
/// size, the directory of a finished run (its samples are drawn), or NAME:train or NAME:test of a
/// data set.
///
/// Each number is printed with its protocol: features, digest of their weights, resizing, and number
/// of images. Compare two FIDs only if all of that agrees. FID falls as the number of images grows;
/// 10 000 or 50 000 are customary. KID, and FID extrapolated to infinitely many images
/// (fid_infinity), do not have that bias.
///
/// Examples:
///   cargo xtask fid cifar10:test runs/quick/mine
///   cargo xtask fid real.zip generated/ --resize clean
///   cargo xtask fid digits:test RUN --features classifier:digits     needs no download
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// The real images.
    reference: String,
    /// The generated images.
    generated: String,
    /// Features: inception (of 2015-12-05, as in every published FID), classifier:NAME (trained here
    /// on the labels of that data set), or a safetensors file with such a classifier.
    #[arg(long, default_value = "inception", value_name = "inception|classifier:NAME|FILE")]
    features: String,
    /// How to resize images to Inception's 299 x 299: legacy as pytorch-fid, clean as clean-fid,
    /// clean_bytes as clean but rounded to bytes.
    #[arg(long, default_value = "legacy", value_parser = ["legacy", "clean", "clean_bytes"])]
    resize: String,
    /// Inception's weights: pytorch-fid's .pth, or safetensors. By default they are downloaded once
    /// (95 MB), unless HF_HUB_OFFLINE is set.
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Take the first N images of each set, and draw N from a run. By default, all.
    #[arg(long, value_name = "N")]
    count: Option<usize>,
    /// Leave out images that cannot be decoded and name them, instead of failing at the first.
    #[arg(long)]
    skip_broken: bool,
    /// Do not extrapolate FID to infinitely many images, which costs as much as about 15 FIDs.
    #[arg(long)]
    no_infinity: bool,
    /// Directory that keeps features from call to call. By default runs/features of the checkout.
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Neither read nor keep features.
    #[arg(long, conflicts_with = "cache")]
    no_cache: bool,
    /// Device to compute features on.
    #[arg(long, default_value = "auto", value_name = "auto|cpu|cuda[:N]")]
    device: String,
    /// Directory to look for data sets in first, before the Hub cache and datasets/cache.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let resize = Resize::ALL.into_iter().find(|r| r.name() == arguments.resize).unwrap_or(Resize::Legacy);
    let network = match arguments.features.as_str() {
        "inception" => Network::Inception { weights: arguments.weights.clone(), resize },
        other => match other.split_once(':') {
            Some(("classifier", name)) => Network::Classifier(name.into()),
            _ if PathBuf::from(other).is_file() => Network::File(other.into()),
            _ => bail!("--features {other}: neither inception, classifier:NAME nor a file"),
        },
    };
    let cache = arguments.cache.clone().unwrap_or_else(|| root().join("runs/features"));
    let request = FidRequest {
        reference: arguments.reference.clone(),
        generated: arguments.generated.clone(),
        network,
        count: arguments.count,
        skip_broken: arguments.skip_broken,
        extrapolate: !arguments.no_infinity,
        cache: (!arguments.no_cache).then_some(cache),
        weights_dir: root().join("datasets/cache/inception"),
        hub: HubOptions::from_env(),
        device: vimae_lab::device(&arguments.device)?,
    };
    let bar = ProgressBar::new(0);
    bar.set_style(ProgressStyle::with_template("{msg} [{bar:16}] {pos}/{len} {per_sec}, {eta} left")?);
    let mut shelf = Shelf::new(sources(arguments.data_dir.clone()));
    let report = fid(&request, &mut shelf, &mut |what, done, of| {
        if bar.message() != what {
            bar.set_message(what.to_owned());
            bar.reset_eta();
        }
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    })?;
    bar.finish_and_clear();
    print(if arguments.json { serde_json::to_string_pretty(&report)? } else { table(&report) });
    Ok(ExitCode::SUCCESS)
}

fn table(report: &FidReport) -> String {
    let mut lines = vec![format!("features   {} (weights {})", report.features, report.features_sha256)];
    for (name, set) in [("reference", &report.reference), ("generated", &report.generated)] {
        lines.push(format!("{name:10} {}: {}, {} images ({})", set.place, set.kind, set.n, set.sha256));
        lines.extend(set.left_out.iter().map(|(_, problem)| format!("           left out: {problem}")));
    }
    lines.push(String::new());
    for number in &report.numbers {
        let error = number.standard_error.map(|e| format!(" +- {e:.2e}")).unwrap_or_default();
        let better = if number.higher_is_better { "higher is better" } else { "lower is better" };
        lines.push(format!("{:16} {:>14.6}{error:12}  {better}\n                 {}", number.metric, number.value, number.protocol));
    }
    lines.extend(report.notes.iter().map(|note| format!("note: {note}")));
    lines.join("\n")
}
