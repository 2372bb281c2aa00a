//! `cargo xtask fid`: two sets of images compared.

use std::{path::PathBuf, process::ExitCode};

use crate::{Balls, Conventions, DeepGrayscale, FidReport, FidRequest, HubOptions, Network, Resize, Shelf, Splits, Subsets, fid};
use anyhow::{Result, bail};
use clap::Args;

use super::{bar::Bar, data_dir::DataDir, number::at_least, place::Place, standard_streams::print};

/// Compare generated images with real ones: FID, KID, precision, recall, density, coverage.
///
/// A set of images may be given by its statistics, a .npz file (mu, sigma) as pytorch-fid and clean-fid publish them. Then FID alone
/// is possible, and how many images and which features it was made of is taken as given. --save-statistics makes such a file.
///
/// Each number is printed with its protocol: features, digest of their weights, resizing, and how many images. Two FIDs can be
/// compared only where all of that agrees. FID falls as the number of images grows; customary are 10 000 or 50 000. KID, and FID
/// estimated at infinitely many images (fid_infinity), do not have that bias. A ? stands behind a number that should not be relied on,
/// and the reason below it. Notes say what else to know: sets that share images, copies, grayscale images.
///
/// Grayscale images are the same whether they were saved with one channel or as RGB with three equal ones. Directories are read a few
/// images at a time; memory grows by the features alone, 8 kB an image.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The real images, or their statistics.
    reference: String,
    /// The generated images, or their statistics; not needed with --save-statistics.
    #[arg(required_unless_present = "save_statistics")]
    generated: Option<String>,
    /// The features: inception (of 2015-12-05, as in every published FID), classifier:NAME (trained
    /// here on the labels of that data set), or a safetensors file with a classifier of that form. A classifier sees
    /// the middle of images of another size, resized; that of a file is for the most frequent size that its weights
    /// fit, of the reference, else of the generated images.
    #[arg(long, default_value = "inception", value_name = "inception|classifier:NAME|FILE")]
    features: String,
    /// How to resize images to Inception's 299 x 299: legacy as pytorch-fid, tensorflow as torch-fidelity,
    /// clean as clean-fid, clean_bytes as clean but rounded to bytes. legacy unless it is given.
    #[arg(long, value_parser = ["legacy", "tensorflow", "clean", "clean_bytes"])]
    resize: Option<String>,
    /// Balls of precision, recall, density and coverage: closed as in the papers and torch-fidelity, open as in prdc.
    #[arg(long, default_value = "closed", value_parser = ["closed", "open"])]
    balls: String,
    /// KID also as mean and deviation over COUNT random subsets of SIZE images, 100x1000 in other tools.
    #[arg(long, value_name = "COUNTxSIZE", value_parser = subsets, allow_hyphen_values = true)]
    kid_subsets: Option<Subsets>,
    /// Equal parts of the Inception Score, in the order of the images. 10 unless it is given.
    #[arg(long, value_parser = at_least(1_usize), value_name = "N")]
    splits: Option<usize>,
    /// Divide the deviation over these parts by N - DDOF: 0 as in torch-fidelity, the default, 1 as in torchmetrics.
    #[arg(long, value_name = "DDOF", value_parser = at_least(0_usize))]
    ddof: Option<usize>,
    /// Grayscale files of 16 bits: their high_byte, or clipped at 255 as Pillow's convert does.
    #[arg(long, default_value = "high_byte", value_parser = ["high_byte", "clipped"])]
    deep_grayscale: String,
    /// Inception's weights: the .pth of pytorch-fid or torch-fidelity, or safetensors. By default the file that
    /// VIMAE_FID_WEIGHTS names; else both are looked for in --data-dir, the project's cache and PyTorch's (~/.cache/torch/hub/checkpoints),
    /// then downloaded once (95 MB), unless HF_HUB_OFFLINE is set.
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Save mean and covariance of the reference's features as mu and sigma, as pytorch-fid reads them.
    #[arg(long, value_name = "FILE.npz")]
    save_statistics: Option<PathBuf>,
    /// Take the first N images of each set, and draw N from a run. By default, all.
    #[arg(long, value_name = "N", value_parser = at_least(1_usize))]
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
    #[command(flatten)]
    data: DataDir,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

fn subsets(text: &str) -> std::result::Result<Subsets, String> {
    let parts = text.split_once('x').and_then(|(count, size)| Some((count.parse().ok()?, size.parse().ok()?)));
    let (count, size) = parts.filter(|(count, size)| *count > 0 && *size > 1).ok_or("must be COUNTxSIZE, such as 100x1000")?;
    Ok(Subsets { count, size })
}

const EXAMPLES: &str = "\
A set of images is
  a directory or archive (.zip, .tar, .tar.gz) of image files of any sizes, in the order of names;
  an array: a .npy file, or a .npz with one array of images (FILE.npz:NAME for one of many),
    [N, H, W] or [N, H, W, C] of bytes, as guided-diffusion and others save samples;
  the directory of a finished run (its samples are drawn);
  NAME:train, NAME:test for a data set; that of a run beside it is read with the run's settings.

Examples:
  cargo xtask fid cifar10:test runs/quick/mine             a run's samples against the test split
  cargo xtask fid real.zip generated/ --resize clean       as clean-fid counts
  cargo xtask fid celeba:test samples.npz --count 10000    an array of samples
  cargo xtask fid celeba:train --save-statistics celeba.npz    once, the real side;
  cargo xtask fid celeba.npz generated/                        then against it, without the data
  cargo xtask fid digits:test RUN --features classifier:digits     needs no download";

pub(crate) fn run(arguments: &Arguments, place: &Place) -> Result<ExitCode> {
    let resize = Resize::ALL.into_iter().find(|r| arguments.resize.as_deref() == Some(r.name())).unwrap_or(Resize::Legacy);
    let network = match arguments.features.as_str() {
        "inception" => Network::Inception { weights: arguments.weights.clone(), resize },
        other => match other.split_once(':') {
            Some(("classifier", name)) => Network::Classifier(name.into()),
            _ if PathBuf::from(other).is_file() => Network::File(other.into()),
            _ => bail!("--features {other}: neither inception, classifier:NAME nor a file"),
        },
    };
    if !matches!(network, Network::Inception { .. }) {
        let Arguments { features, resize, splits, ddof, weights, .. } = arguments;
        let given =
            [("--resize", resize.is_some()), ("--splits", splits.is_some()), ("--ddof", ddof.is_some()), ("--weights", weights.is_some())];
        if let Some((option, _)) = given.iter().find(|(_, given)| *given) {
            bail!("{option} with --features {features}: it is for Inception's features alone; leave it out");
        }
    }
    let usual = Splits::default();
    let cache = arguments.cache.clone().unwrap_or_else(|| place.root.join("runs/features"));
    let request = FidRequest {
        reference: arguments.reference.clone(),
        generated: arguments.generated.clone(),
        save_statistics: arguments.save_statistics.clone(),
        network,
        count: arguments.count,
        skip_broken: arguments.skip_broken,
        conventions: Conventions {
            balls: if arguments.balls == "open" { Balls::Open } else { Balls::Closed },
            splits: Splits { count: arguments.splits.unwrap_or(usual.count), ddof: arguments.ddof.unwrap_or(usual.ddof) },
            kid_subsets: arguments.kid_subsets,
            deep_grayscale: if arguments.deep_grayscale == "clipped" { DeepGrayscale::Clipped } else { DeepGrayscale::HighByte },
        },
        extrapolate: !arguments.no_infinity,
        cache: (!arguments.no_cache).then_some(cache),
        weights_dir: place.root.join("datasets/cache/inception"),
        hub: HubOptions::from_env(),
        device: crate::device(&arguments.device)?,
    };
    let bar = Bar::new()?;
    let mut shelf = Shelf::new(arguments.data.sources(place)?);
    let report = fid(&request, &mut shelf, &bar)?;
    bar.finish();
    if let Some(file) = &arguments.save_statistics {
        tracing::info!("statistics of {} are in {}", arguments.reference, file.display());
    }
    print(if arguments.json { serde_json::to_string_pretty(&report)? } else { table(&report) });
    Ok(ExitCode::SUCCESS)
}

fn table(report: &FidReport) -> String {
    let weights =
        if report.features_sha256.is_empty() { "weights unknown".to_owned() } else { format!("weights {}", report.features_sha256) };
    let mut lines = vec![format!("features   {} ({weights})", report.features)];
    for (name, set) in [("reference", Some(&report.reference)), ("generated", report.generated.as_ref())] {
        let Some(set) = set else { continue };
        let images = set.n.map_or("an unknown number of images".into(), |n| format!("{n} images"));
        lines.push(format!("{name:10} {}: {}, {images} ({})", set.place, set.kind, set.sha256));
        if !set.passed_over.is_empty() {
            lines.push(format!("           passed over: {}", set.passed_over));
        }
        lines.extend(set.left_out.iter().map(|(_, problem)| format!("           left out: {problem}")));
    }
    lines.push(String::new());
    for number in &report.numbers {
        let error = number.standard_error.map(|e| format!(" +- {e:.2e}")).unwrap_or_default();
        let better = match number.direction.higher_is_better() {
            Some(true) => "higher is better",
            Some(false) => "lower is better",
            None => "",
        };
        let value = number.value.map_or("none".into(), |value| format!("{value:.6}"));
        let mark = if number.doubts.is_empty() { "" } else { " ?" };
        lines.push(format!("{:16} {value:>14}{error:12}{mark:2}  {better}\n                 {}", number.metric, number.protocol));
        lines.extend(number.remarks().map(|remarks| format!("                 {remarks}")));
    }
    if report.numbers.iter().any(|number| number.standard_error.is_some()) {
        lines.push("note: +- is one standard error".into());
    }
    lines.extend(report.notes.iter().map(|note| format!("note: {note}")));
    lines.join("\n")
}
