//! Table 5: FID of samples and of reconstructions, against the test and the training split.
//!
//! By the FID InceptionV3 where its weights are found ([`vimae_core::MetricFiles`]): `fid`, by both ways of resizing.
//! Where they are not, by a classifier of the data set's own labels, or of the turns of images that have none
//! ([`crate::classifier`]): `fid_classifier`, another metric with the features in its protocol's name, for the two must
//! never stand in one column. Samples are decoded with the running statistics of batch norm, and beside it with those of
//! codes from the prior (`decoder_bn=prior_samples`, see [`crate::batch_norm`]). KID, precision and recall against the
//! test split come from the same features.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use candle_core::{Device, Tensor};
use vimae_core::{AutoEncoder, Dataset, Entry, Error, Evidence, Key, Metric, Mode, PixelRange, Reading, Result, Split};

use super::real::Real;
use crate::{
    BuildMetric,
    batch_norm::with_statistics_of,
    classifier::{Classifier, rotations::Rotations},
    features::{FeatureNetwork, extract},
    fid_classifier::in_bytes,
    gaussian::Gaussian,
    inception::Inception,
    kid::kid,
    images::ImagesInMemory,
    prdc::prdc,
    resize::Resize,
};

pub(crate) const ENTRY: Entry<BuildMetric> = Entry {
    name: "fid",
    summary: "FID of samples and reconstructions by the FID Inception network where its weights are found, else by a classifier",
    source: "Heusel et al., GANs Trained by a Two Time-Scale Update Rule, 2017; Parmar et al., On Aliased Resizing, 2022",
    keys: &[
        Key::choice("features", &["auto", "classifier"], "auto: Inception where its weights are found; classifier: never Inception"),
        Key::choice("resize", &["both", "legacy", "clean"], "how images reach Inception's 299 x 299"),
        Key::integer("images", 10_000, 10, 1_000_000, "images of each set at most"),
    ],
    build: |settings| {
        let resizes = match settings.choice("resize")?.as_str() {
            "legacy" => vec![Resize::Legacy],
            "clean" => vec![Resize::Clean],
            _ => vec![Resize::Legacy, Resize::Clean],
        };
        Ok(Box::new(Fid { inception: settings.choice("features")? == "auto", resizes, images: settings.integer("images")? }))
    },
};

/// Fewer images than this have no covariance to speak of, nor neighbours.
const FEWEST: usize = 10;
/// The neighbours of precision and recall.
const NEIGHBOURS: usize = 3;
/// Codes that are decoded at once.
const BATCH: usize = 200;

/// The distances.
#[derive(Debug, Clone)]
pub(super) struct Fid {
    inception: bool,
    resizes: Vec<Resize>,
    images: usize,
}

/// Images of a model.
struct Set {
    /// `samples` or `reconstructions`, with what was done to the decoder.
    what: &'static str,
    samples: bool,
    images: ImagesInMemory,
}

impl Metric for Fid {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn on_request(&self) -> bool {
        true
    }

    fn measure(&self, evidence: &Evidence<'_>) -> Result<Vec<Reading>> {
        let dataset = evidence.dataset;
        let generated = evidence.generated.dim(0)?.min(self.images);
        let fewest = dataset.split(Split::Train)?.len().min(dataset.split(Split::Test)?.len()).min(generated);
        if fewest < FEWEST {
            return Ok(vec![nothing(generated, format!("too few images: {fewest}, {FEWEST} or more are needed in each set"))]);
        }
        let networks = match self.networks(evidence) {
            Err(Error::Unsupported { what, reason }) => return Ok(vec![nothing(generated, format!("{what}: {reason}"))]),
            networks => networks?,
        };
        let sets = self.sets(evidence)?;
        let mut readings = Vec::new();
        for network in &networks {
            let real = Real::of(dataset, network.as_ref(), self.images, evidence.files.feature_cache.as_deref())?;
            for set in &sets {
                readings.extend(compare(network.as_ref(), &real, set)?);
            }
        }
        Ok(readings)
    }
}

impl Fid {
    fn networks(&self, evidence: &Evidence<'_>) -> Result<Vec<Box<dyn FeatureNetwork>>> {
        if let Some(weights) = evidence.files.inception.as_ref().filter(|_| self.inception) {
            let device = evidence.model.parameters().device();
            let open = |resize: &Resize| Ok(Box::new(Inception::open(weights, *resize, device)?) as Box<dyn FeatureNetwork>);
            return self.resizes.iter().map(open).collect();
        }
        Ok(vec![Box::new(classifier(evidence.dataset)?)])
    }

    fn sets(&self, evidence: &Evidence<'_>) -> Result<Vec<Set>> {
        let first = |images: &Tensor| images.narrow(0, 0, images.dim(0)?.min(self.images));
        let set = |what, samples, images: Vec<_>| Ok::<_, Error>(Set { what, samples, images: ImagesInMemory::new(images)? });
        let range = evidence.range;
        let mut sets = vec![set("of=samples", true, in_bytes(&first(evidence.generated)?, range)?)?];
        let codes = first(evidence.prior_sample)?;
        let again = with_statistics_of(evidence.model, evidence.prior_sample, || decoded(evidence.model, &codes, range))?;
        if let Some(images) = again {
            sets.push(set("of=samples,decoder_bn=prior_samples", true, images)?);
        }
        sets.push(set("of=reconstructions", false, in_bytes(&first(evidence.reconstructions)?, range)?)?);
        Ok(sets)
    }
}

/// The classifier of a data set, trained once a process.
fn classifier(dataset: &dyn Dataset) -> Result<Classifier> {
    static TRAINED: Mutex<BTreeMap<String, Classifier>> = Mutex::new(BTreeMap::new());
    // Held while training: two runs on one data set would otherwise both train.
    let mut trained = TRAINED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(classifier) = trained.get(dataset.sha256()) {
        return Ok(classifier.clone());
    }
    let classifier = match dataset.classes() {
        0 | 1 => Classifier::train(&Rotations::of(dataset)?, &mut |_, _| {})?,
        _ => Classifier::train(dataset, &mut |_, _| {})?,
    };
    trained.insert(dataset.sha256().into(), classifier.clone());
    Ok(classifier)
}

fn decoded(model: &dyn AutoEncoder, codes: &Tensor, range: PixelRange) -> Result<Vec<crate::images::OwnedImage>> {
    let count = codes.dim(0)?;
    let mut images = Vec::with_capacity(count);
    for start in (0..count).step_by(BATCH) {
        let part = codes.narrow(0, start, BATCH.min(count - start))?.to_device(model.parameters().device())?;
        images.extend(in_bytes(&model.decode(&part, Mode::Evaluate)?.detach().to_device(&Device::Cpu)?, range)?);
    }
    Ok(images)
}

fn compare(network: &dyn FeatureNetwork, real: &Real, set: &Set) -> Result<Vec<Reading>> {
    let features = extract(network, &set.images, &mut |_, _| {})?;
    let (n, source) = (features.count(), features.source());
    let inception = source.network().starts_with("inception");
    let gaussian = Gaussian::of(&features)?;
    let what = set.what;
    let metric = match (inception, set.samples) {
        (true, true) => "fid",
        (true, false) => "fid.reconstructions",
        (false, true) => "fid_classifier",
        (false, false) => "fid_classifier.reconstructions",
    };
    let protocol = |name: &str, k: &str, split: &str, m: usize| format!("{name}({what}{k},reference={split},N={n},M={m},features={source})");
    let note = (n <= features.size())
        .then(|| format!("{n} images do not determine a covariance of {} features: the distance is far too high", features.size()));
    let mut readings = Vec::new();
    for (split, reference, m) in &real.references {
        let value = reference.distance(&gaussian)?.value;
        readings.push(reading(metric, protocol("fid", "", split, *m), n, Some((value, None)), false, note.clone()));
    }
    if what == "of=samples" {
        let m = real.test.count();
        let kernel = kid(&real.test, &features)?;
        readings.push(reading("kid", protocol("kid", "", "test", m), n, Some((kernel.value, Some(kernel.standard_error))), false, None));
        if let [share] = prdc(&real.test, &features, &[NEIGHBOURS])?[..] {
            let k = format!(",k={NEIGHBOURS}");
            for (metric, value) in [("precision", share.precision), ("recall", share.recall)] {
                readings.push(reading(metric, protocol(metric, &k, "test", m), n, Some((value, None)), true, None));
            }
        }
    }
    Ok(readings)
}

fn nothing(n: usize, note: String) -> Reading {
    reading("fid", "fid".into(), n, None, false, Some(note))
}

fn reading(
    metric: &'static str,
    protocol: String,
    n: usize,
    value: Option<(f64, Option<f64>)>,
    higher: bool,
    note: Option<String>,
) -> Reading {
    let (value, standard_error) = value.unzip();
    Reading { metric, protocol, value, standard_error: standard_error.flatten(), unit: "1", n, higher_is_better: Some(higher), note }
}
