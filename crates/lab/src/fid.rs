//! Two sets of images compared: FID, its extrapolation, KID, precision, recall, density, coverage.

use std::path::{Path, PathBuf};

use candle_core::Device;
use serde::Serialize;
use vimae_checkpoint::atomic;
use vimae_core::Dataset;
use vimae_metrics::{
    classifier::Classifier,
    features::{FeatureNetwork, Features, extract},
    fid::{FEWEST_TO_EXTRAPOLATE, Reference, extrapolate},
    gaussian::Gaussian,
    images::ImageSource,
    inception::{Inception, weights},
    inception_score::inception_score,
    kid::kid,
    prdc::prdc,
    resize::Resize,
};
use vimae_spec::Component;

use crate::{Error, Result, Shelf, fid_weights, images_of};

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
    /// A classifier of this data set's labels, trained here.
    Classifier(String),
    /// A classifier of a safetensors file.
    File(PathBuf),
}

/// What to compare.
#[derive(Debug, Clone)]
pub struct FidRequest {
    /// The real images: a folder, archive, run, or `NAME:SPLIT`.
    pub reference: String,
    /// The generated ones.
    pub generated: String,
    /// The features.
    pub network: Network,
    /// The first so many images of each; all where absent.
    pub count: Option<usize>,
    /// Leave out images that cannot be decoded.
    pub skip_broken: bool,
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

/// One set of images.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SetReport {
    /// As given.
    pub place: String,
    /// In words.
    pub kind: String,
    /// How many images.
    pub n: usize,
    /// Their digest.
    pub sha256: String,
    /// Files that were left out, each with its problem.
    pub left_out: Vec<(String, String)>,
}

/// One number.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Number {
    /// What.
    pub metric: &'static str,
    /// How, in full.
    pub protocol: String,
    /// The value.
    pub value: f64,
    /// Its standard error, where known.
    pub standard_error: Option<f64>,
    /// Which way is better.
    pub higher_is_better: bool,
}

/// What a comparison gave.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FidReport {
    /// Network, layer and resizing.
    pub features: String,
    /// The digest of its weights.
    pub features_sha256: String,
    /// The real images.
    pub reference: SetReport,
    /// The generated ones.
    pub generated: SetReport,
    /// The numbers.
    pub numbers: Vec<Number>,
    /// What a reader should know.
    pub notes: Vec<String>,
}

/// What is under way: what, how much is done, of how much.
pub type FidProgress<'a> = &'a mut dyn FnMut(&str, usize, usize);

/// Compares two sets of images.
///
/// # Errors
/// [`Error::Images`] and [`Error::Data`] for images that cannot be had, [`Error::Hub`] where weights have to be
/// fetched and cannot, [`Error::Core`] for weights, images or counts that do not fit.
pub fn fid(request: &FidRequest, shelf: &mut Shelf, progress: FidProgress<'_>) -> Result<FidReport> {
    let count = request.count.unwrap_or(usize::MAX);
    let mut set = |place: &str| images_of::open(place, count, request.skip_broken, shelf);
    let (real, generated) = (set(&request.reference)?, set(&request.generated)?);
    let network = network(request, real.images.as_ref(), shelf, progress)?;
    let a = features(network.as_ref(), real.images.as_ref(), request.cache.as_deref(), &mut |d, n| progress("reference features", d, n))?;
    let b = features(network.as_ref(), generated.images.as_ref(), request.cache.as_deref(), &mut |d, n| progress("features", d, n))?;

    let source = network.source();
    let mut numbers = Vec::new();
    let mut add = |metric, how: &str, value, standard_error, higher_is_better| {
        let protocol = format!("{metric}({how}N={},M={},features={source})", b.count(), a.count());
        numbers.push(Number { metric, protocol, value, standard_error, higher_is_better });
    };
    let mut notes = Vec::new();
    progress("distances", 0, 4);
    a.check_comparable(&b)?;
    let reference = Reference::new(Gaussian::of(&a)?)?;
    let distance = reference.distance(&Gaussian::of(&b)?)?;
    add("fid", "", distance.value, None, false);
    if distance.negative_eigenvalues > 0 {
        notes.push(format!(
            "{} eigenvalues of the covariances' product came out below zero (lowest {:.1e}) and were taken as zero",
            distance.negative_eigenvalues, distance.lowest_eigenvalue
        ));
    }
    if request.extrapolate && b.count() >= FEWEST_TO_EXTRAPOLATE {
        let found = extrapolate(&reference, &b, 0, &mut |done, of| progress("FID at infinitely many images", done, of))?;
        add("fid_infinity", "", found.value, Some(found.standard_error), false);
    } else if request.extrapolate {
        notes.push(format!("too few images to extrapolate FID from: {}, {FEWEST_TO_EXTRAPOLATE} or more are needed", b.count()));
    }
    progress("distances", 2, 4);
    let kernel = kid(&a, &b)?;
    add("kid", "", kernel.value, Some(kernel.standard_error), false);
    progress("distances", 3, 4);
    let smaller = a.count().min(b.count());
    if smaller > 5 {
        if let [three, five] = prdc(&a, &b, &[3, 5])?[..] {
            add("precision", "k=3,", three.precision, None, true);
            add("recall", "k=3,", three.recall, None, true);
            add("density", "k=5,", five.density, None, true);
            add("coverage", "k=5,", five.coverage, None, true);
        }
    } else {
        notes.push(format!("too few images for precision and recall: {smaller}, 6 or more are needed"));
    }
    if let Some(logits) = b.logits().filter(|_| b.count() >= 10 && matches!(request.network, Network::Inception { .. })) {
        let score = inception_score(logits, 10)?;
        add("inception_score", "splits=10,", score.value, None, true);
        notes.push(format!("the Inception Score varies by {:.3} (standard deviation) over its 10 parts", score.deviation));
    }
    progress("distances", 4, 4);
    warn(&mut notes, &a, &b, real.images.as_ref())?;
    let report = |place: &str, set: images_of::Opened, n: usize| SetReport {
        place: place.into(),
        kind: set.kind,
        n,
        sha256: set.images.sha256().into(),
        left_out: set.broken,
    };
    Ok(FidReport {
        features: source.network().into(),
        features_sha256: source.sha256().into(),
        reference: report(&request.reference, real, a.count()),
        generated: report(&request.generated, generated, b.count()),
        numbers,
        notes,
    })
}

fn warn(notes: &mut Vec<String>, a: &Features, b: &Features, real: &dyn ImageSource) -> Result<()> {
    let fewest = a.count().min(b.count());
    if fewest <= a.size() {
        notes.push(format!("{fewest} images do not determine a covariance of {} features: FID is far too high", a.size()));
    } else if fewest < 10_000 {
        notes.push(format!("FID grows as images get fewer: compare it only with values of {} and {} images", b.count(), a.count()));
    }
    if a.count() != b.count() {
        notes.push(format!("the sets have different sizes, {} and {}", a.count(), b.count()));
    }
    let grey = real.batch(0..1)?.first().is_some_and(|p| p.shape.channels == 1);
    if grey && a.source().network().starts_with("inception") {
        notes.push("grayscale images: channels were repeated, and the number means little".into());
    }
    Ok(())
}

fn network(
    request: &FidRequest,
    images: &dyn ImageSource,
    shelf: &mut Shelf,
    progress: FidProgress<'_>,
) -> Result<Box<dyn FeatureNetwork>> {
    match &request.network {
        Network::Inception { weights: Some(file), resize } => Ok(Box::new(Inception::open(file, *resize, &request.device)?)),
        Network::Inception { weights: None, resize } => {
            let file = published(request, progress)?;
            Ok(Box::new(Inception::open(&file, *resize, &request.device)?))
        }
        Network::Classifier(name) => {
            let dataset: std::sync::Arc<dyn Dataset> = shelf.open(&Component::named(name))?;
            Ok(Box::new(Classifier::train(dataset.as_ref(), &mut |done, of| progress("training the classifier", done, of))?))
        }
        Network::File(file) => {
            let shape = images.batch(0..1)?.first().map(|p| p.shape);
            let shape = shape.ok_or_else(|| Error::Images { place: request.reference.clone(), problem: "holds no images".into() })?;
            Ok(Box::new(Classifier::open(file, shape)?))
        }
    }
}

/// The published weights, fetched where they are not here yet.
fn published(request: &FidRequest, progress: FidProgress<'_>) -> Result<PathBuf> {
    let to = request.weights_dir.join(fid_weights::file_name());
    let place = vimae_hub::Place::Web { url: weights::URL.into(), to: to.clone() };
    let wanted = vimae_hub::Wanted { place, sha256: None, md5: None };
    let fetched = vimae_hub::fetch(&wanted, &request.hub, &mut |event| {
        if let vimae_hub::Event::Bytes { done, total } = event {
            progress("weights, kB", (done >> 10) as usize, (total.unwrap_or(done) >> 10) as usize);
        }
    });
    let fetched = fetched.map_err(|e| Error::Images {
        place: "Inception's weights".into(),
        problem: format!("{e}; give a file that you have, or features of a classifier of a data set, which need no download"),
    })?;
    fid_weights::published(&fetched.path)?;
    Ok(fetched.path)
}

/// Features from the cache, or extracted and put there.
fn features(
    network: &dyn FeatureNetwork,
    images: &dyn ImageSource,
    cache: Option<&Path>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Features> {
    let file = cache.map(|folder| folder.join(Features::file_name(network.source(), images.sha256())));
    if let Some(bytes) = file.as_ref().and_then(|f| std::fs::read(f).ok()) {
        // A damaged file is no loss: it is made again.
        if let Ok(Some(features)) = Features::from_bytes(&bytes, network.source(), images.sha256()) {
            return Ok(features);
        }
    }
    let features = extract(network, images, progress)?;
    if let Some(file) = file {
        atomic::write(&file, &features.to_bytes()?)?;
    }
    Ok(features)
}
