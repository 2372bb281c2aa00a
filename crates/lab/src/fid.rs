//! Two sets of images compared: FID, its extrapolation, KID, precision, recall, density, coverage.

use std::path::PathBuf;

use candle_core::Device;
use serde::Serialize;
use vimae_checkpoint::atomic;
use vimae_core::{Dataset, Progress};
use vimae_datasets::DeepGrayscale;
use vimae_metrics::{
    classifier::Classifier,
    features::{FeatureNetwork, Features},
    fid::{FEWEST_TO_EXTRAPOLATE, Reference, extrapolate, shares, told, told_kernel},
    inception::Inception,
    inception_score::{Splits, inception_score},
    kid::{Subsets, by_subsets, kid},
    prdc::Balls,
    resize::Resize,
};
use vimae_spec::{Direction, Measurement, Parameter, Protocol, Varies};

use crate::{Error, Result, RunFolder, Shelf, fid_weights, images_of::Choice, record::read_record};

mod error;
mod fitted;
mod notes;
mod side;
mod statistics;

use error::{BOTH, error};
use fitted::{Sides, fitted, of_file};
pub use side::SetReport;
use side::{Content, Measured, Side};
use statistics::Statistics;

/// Which features.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Network {
    /// The FID InceptionV3 of a weights file, or of the one that was fetched.
    Inception {
        /// The file; fetched where there is none.
        weights: Option<PathBuf>,
        /// How images reach it.
        resize: Resize,
    },
    /// A classifier of this data set's labels, trained here. It sees the middle of images of other sizes, resized.
    Classifier(String),
    /// A classifier of a safetensors file, for images of the size here that its weights fit. It too sees the middle of others, resized.
    File(PathBuf),
}

/// Where tools differ in how they count (docs/conventions.md); the default is this project's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Conventions {
    /// Whether an image on a ball's surface is inside, for precision, recall, density and coverage.
    pub balls: Balls,
    /// The parts of the Inception Score, and what its deviation divides by.
    pub splits: Splits,
    /// KID over random subsets, beside that over all pairs.
    pub kid_subsets: Option<Subsets>,
    /// Grayscale files of 16 bits.
    pub deep_grayscale: DeepGrayscale,
}

/// What to compare.
#[derive(Debug, Clone)]
pub struct FidRequest {
    /// The real images: a folder, archive, array, run, or `NAME:SPLIT`; or a file of their statistics.
    pub reference: String,
    /// The generated ones; none where the reference's statistics alone are wanted.
    pub generated: Option<String>,
    /// Where to save the statistics of the reference, as pytorch-fid reads them.
    pub save_statistics: Option<PathBuf>,
    /// The features.
    pub network: Network,
    /// The first so many images of each; all where absent.
    pub count: Option<usize>,
    /// Leave out images that cannot be decoded.
    pub skip_broken: bool,
    /// How it is counted.
    pub conventions: Conventions,
    /// Estimate FID at infinitely many images (about twenty times the work of one FID).
    pub extrapolate: bool,
    /// Where features are kept.
    pub cache: Option<PathBuf>,
    /// Where fetched weights are.
    pub weights_dir: PathBuf,
    /// How the network is used.
    pub hub: vimae_hub::Options,
    /// Where to compute.
    pub device: Device,
}

/// What a comparison gave.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FidReport {
    /// Network, layer and resizing; `as given` between two files of statistics that do not say.
    pub features: String,
    /// The digest of its weights; empty where it is not known.
    pub features_sha256: String,
    /// The real images.
    pub reference: SetReport,
    /// The generated ones.
    pub generated: Option<SetReport>,
    /// The numbers.
    pub numbers: Vec<Measurement>,
    /// What a reader should know.
    pub notes: Vec<String>,
}

/// Compares two sets of images, or saves the statistics of one.
///
/// In memory are the features of all images (2048 numbers of four bytes each by Inception, for KID and neighbours), and a
/// few images at a time.
///
/// # Errors
/// [`Error::Output`] for statistics to be saved in no `.npz`; [`Error::Images`] and [`Error::Data`] for images or statistics that cannot
/// be had, and for Inception's weights where they are not here and cannot be fetched; [`Error::Core`] for weights, images or counts that
/// do not fit.
pub fn fid(request: &FidRequest, shelf: &mut Shelf, progress: &dyn Progress) -> Result<FidReport> {
    let count = request.count.unwrap_or(usize::MAX);
    // Beside a run's samples, data is where that of the run was, and read as the run reads it.
    for folder in [Some(&request.reference), request.generated.as_ref()].into_iter().flatten().map(RunFolder::at) {
        shelf.recall(&folder);
        if let Ok(record) = read_record(&folder.record()) {
            shelf.read_as(&record.spec.dataset);
        }
    }
    request.save_statistics.as_deref().map(Statistics::check_name).transpose()?;
    if let Some(file) = request.save_statistics.as_ref().filter(|file| file.exists()) {
        return Err(Error::Exists { path: file.clone(), replaceable: false });
    }
    let choice = Choice { count, skip_broken: request.skip_broken, deep: request.conventions.deep_grayscale };
    let mut side = |place: &str| Side::open(place, choice, shelf);
    let real = side(&request.reference)?;
    let generated = request.generated.as_deref().map(side).transpose()?;
    if let (Some(_), Content::Statistics(_)) = (&request.save_statistics, &real.content) {
        let problem = "holds statistics already; give the images that --save-statistics is to save those of".into();
        return Err(Error::Images { place: real.place, problem });
    }
    let sides = [("reference", Some(&real)), ("generated", generated.as_ref())];
    let has_images = sides.iter().any(|(_, side)| side.is_some_and(|side| side.images().is_some()));
    let (network, fitted) = has_images.then(|| network(request, &sides, shelf, progress)).transpose()?.unzip();
    let cache = request.cache.as_deref();
    let a = real.measure(network.as_deref(), cache, "reference features", progress)?;
    if let (Some(file), Some(features)) = (&request.save_statistics, &a.features) {
        atomic::write(file, &Statistics::file(features)?)?;
    }
    let b = match &generated {
        Some(side) => Some(side.measure(network.as_deref(), cache, "features", progress)?),
        None => None,
    };
    let source = [Some(&a), b.as_ref()].into_iter().flatten().find_map(|m| m.source.clone());
    let mut report = FidReport {
        features: source.as_ref().map_or("as given".into(), |s| s.network().into()),
        features_sha256: source.map(|s| s.sha256().to_owned()).unwrap_or_default(),
        reference: real.report(),
        generated: generated.as_ref().map(Side::report),
        numbers: Vec::new(),
        notes: fitted.unwrap_or_default(),
    };
    if request.save_statistics.is_some() {
        notes::saved(&mut report.notes, real.count(), a.gaussian.mean().len());
    }
    if let (Some(b), Some(generated)) = (&b, &generated) {
        let sees = network.as_deref().and_then(FeatureNetwork::channels);
        compare(request, &mut report, (&real, &a), (generated, b), sees, progress)?;
    }
    Ok(report)
}

/// What ends every protocol: how many images, and the features; where they are unknown, that they are taken as given.
fn parameters(real: (&Side, &Measured), generated: (&Side, &Measured), deep: DeepGrayscale) -> Vec<Parameter> {
    let images = |side: &Side| side.count().map_or("unknown".into(), |n| n.to_string());
    let source = generated.1.source.as_ref().or(real.1.source.as_ref());
    let mut protocol = Protocol::new("").with("N", images(generated.0)).with("M", images(real.0));
    protocol = protocol.with("features", source.map_or("as given".into(), ToString::to_string));
    for (name, (side, measured)) in [("reference", real), ("generated", generated)] {
        if let Content::Statistics(_) = side.content {
            protocol = protocol.with(name, if measured.source.is_none() { "statistics as given" } else { "statistics" });
        }
    }
    if let Some(word) = deep.word() {
        protocol = protocol.with("deep_grayscale", word);
    }
    protocol.parameters
}

fn compare(
    request: &FidRequest,
    report: &mut FidReport,
    (real, a): (&Side, &Measured),
    (generated, b): (&Side, &Measured),
    sees: Option<usize>,
    progress: &dyn Progress,
) -> Result<()> {
    a.check(&real.place, b)?;
    let Conventions { balls, splits, kid_subsets, deep_grayscale } = request.conventions;
    let how = parameters((real, a), (generated, b), deep_grayscale);
    let n = generated.count().unwrap_or(0);
    let FidReport { numbers, notes, .. } = report;
    let one = |metric: &str, protocol: Protocol, value: f64, error: Option<(f64, &[Varies])>, direction: Direction| {
        let one = Measurement::new("fid", metric, protocol.with_all(&how), "1");
        let (error, varies) = error.unzip();
        one.valued(value, error).over(varies.unwrap_or_default()).sized(n).better(direction)
    };
    progress.working("distances", 0, 4);
    let reference = Reference::new(a.gaussian.clone())?;
    let distance = reference.distance(&b.gaussian)?;
    let error = error(&reference, a, b)?;
    let size = a.gaussian.mean().len();
    // Where nobody says how many there were, nothing is doubted for it.
    let fewest = real.count().into_iter().chain(generated.count()).min().unwrap_or(usize::MAX);
    numbers.push(told(one("fid", Protocol::new("fid"), distance.value, error, Direction::Lower), fewest, size));
    if distance.negative_eigenvalues > 0 {
        notes.push(format!(
            "{} eigenvalues of the covariances' product came out below zero (lowest {:.1e}) and were taken as zero",
            distance.negative_eigenvalues, distance.lowest_eigenvalue
        ));
    }
    if let Some(b) = b.features.as_ref().filter(|_| request.extrapolate) {
        if b.count() >= FEWEST_TO_EXTRAPOLATE {
            let found = extrapolate(&reference, b, 0, progress)?;
            let error: (f64, &[Varies]) = (found.standard_error, &[Varies::GeneratedImages]);
            let infinite = one("fid_infinity", Protocol::new("fid_infinity"), found.value, Some(error), Direction::Lower);
            numbers.push(told(infinite, fewest, size));
        } else {
            notes.push(format!("too few images to extrapolate FID from: {}, {FEWEST_TO_EXTRAPOLATE} or more are needed", b.count()));
        }
    }
    progress.working("distances", 2, 4);
    if let (Some(a), Some(b)) = (&a.features, &b.features) {
        let kernel = kid(a, b)?;
        let error = Some((kernel.standard_error, BOTH));
        numbers.push(told_kernel(one("kid", Protocol::new("kid"), kernel.value, error, Direction::Lower)));
        if let Some(subsets) = kid_subsets {
            let (mean, deviation) = by_subsets(a, b, subsets, 0)?;
            let over = |name: &str| Protocol::new(name).with("subsets", subsets.count).with("size", subsets.size);
            numbers.push(one("kid", over("kid"), mean, None, Direction::Lower));
            numbers.push(one("kid.deviation", over("kid.deviation"), deviation, None, Direction::Neither));
        }
        progress.working("distances", 3, 4);
        let smaller = a.count().min(b.count());
        if smaller > 5 {
            let bare = |metric: &str, k: usize| {
                let protocol = Protocol::new(metric).with("k", k);
                let protocol = balls.name().map_or(protocol.clone(), |name| protocol.with("balls", name));
                Measurement::new("fid", metric, protocol.with_all(&how), "1").sized(n)
            };
            numbers.extend(shares(a, b, balls, bare)?);
        } else {
            notes.push(format!("too few images for precision and recall: {smaller}, 6 or more are needed"));
        }
    }
    let inception = b.features.as_ref().filter(|f| notes::by_inception(f) && f.count() >= splits.count);
    if let Some(logits) = inception.and_then(Features::logits) {
        let score = inception_score(logits, splits)?;
        let over = |name: &str| Protocol::new(name).with("splits", splits.count);
        numbers.push(one("inception_score", over("inception_score"), score.value, None, Direction::Higher));
        if let Some(deviation) = score.deviation {
            let protocol = over("inception_score.deviation").with("ddof", splits.ddof);
            numbers.push(one("inception_score.deviation", protocol, deviation, None, Direction::Neither));
        }
    }
    progress.working("distances", 4, 4);
    notes::counts(notes, real, generated, size);
    notes::statistics(notes, [real, generated]);
    notes::images(notes, real, generated, matches!(request.network, Network::Inception { .. }), sees);
    Ok(())
}

/// The network, and what a reader should know of how images reach it.
fn network(
    request: &FidRequest,
    sides: &Sides<'_>,
    shelf: &mut Shelf,
    progress: &dyn Progress,
) -> Result<(Box<dyn FeatureNetwork>, Vec<String>)> {
    match &request.network {
        Network::Inception { weights, resize } => {
            let file = match weights {
                Some(file) => file.clone(),
                None => fid_weights::here_or_fetched(shelf.sources(), &request.weights_dir, &request.hub, progress)?,
            };
            Ok((Box::new(Inception::open(&file, *resize, &request.device)?), Vec::new()))
        }
        Network::Classifier(name) => {
            let dataset: std::sync::Arc<dyn Dataset> = shelf.open(&shelf.named(name))?;
            Ok(fitted(Classifier::train(dataset.as_ref(), progress)?, sides))
        }
        Network::File(file) => Ok(of_file(file, sides)?),
    }
}
