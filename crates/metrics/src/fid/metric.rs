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

use candle_core::Tensor;
use vimae_core::{
    Dataset, Entry, Error, EvalCost, Evidence, Findings, Input, Metric, Result, Silent, Split, Workload, settings::Schema,
    subset::drawn_rows,
};
use vimae_spec::{Direction, Measurement, Protocol, Varies};

use super::{
    doubts::{told, told_kernel},
    error::standard_error,
    real::Real,
    shares::precision_and_recall,
};
use crate::{
    BuildMetric,
    batch_norm::with_statistics_of,
    classifier::{self, Classifier, rotations::Rotations},
    features::{FeatureNetwork, extract},
    fid_classifier::in_bytes,
    gaussian::Gaussian,
    images::{ImageSource, ImagesInMemory},
    inception::{Inception, weights::URL},
    kid::kid,
    prdc::Balls,
    resize::Resize,
};

pub(crate) const ENTRY: Entry<BuildMetric> = Entry {
    name: "fid",
    summary: "FID of samples and reconstructions by the FID Inception network where its weights are found, else by a classifier",
    source: "Heusel et al., GANs Trained by a Two Time-Scale Update Rule, 2017; Parmar et al., On Aliased Resizing, 2022",
    settings: Schema::of::<Settings>,
    build: |settings| {
        let Settings { features, resize, balls, images } = settings.read()?;
        let resizes = match resize {
            Resizes::Both => vec![Resize::Legacy, Resize::Clean],
            Resizes::Legacy => vec![Resize::Legacy],
            Resizes::Tensorflow => vec![Resize::Tensorflow],
            Resizes::Clean => vec![Resize::Clean],
        };
        Ok(Box::new(Fid { inception: features == FeaturesOf::Auto, resizes, balls, images }))
    },
};

vimae_core::settings! {
    /// How distances are measured.
    struct Settings {
        /// auto: Inception where its weights are found; classifier: never Inception
        features: FeaturesOf = FeaturesOf::Auto;
        /// how images reach Inception's 299 x 299
        resize: Resizes = Resizes::Both;
        /// whether the image that a ball of precision and recall reaches to is inside
        balls: Balls = Balls::Closed;
        /// images of each set at most
        images: usize = 10_000, from 10, to 1_000_000;
    }
}

vimae_core::settings! {
    enum FeaturesOf { Auto, Classifier }
}

vimae_core::settings! {
    enum Resizes { Both, Legacy, Clean, Tensorflow }
}

/// Fewer images than this have no covariance to speak of, nor neighbours.
const FEWEST: usize = 10;
/// Seconds of distances with their errors, kernels and neighbours in the features of 10 000 images, on two threads.
const DISTANCES_SECONDS: f64 = 75.0;
/// What errors over both sets count.
const OF_BOTH: [Varies; 2] = [Varies::GeneratedImages, Varies::RealImages];

/// The distances.
#[derive(Debug, Clone)]
pub(super) struct Fid {
    inception: bool,
    resizes: Vec<Resize>,
    balls: Balls,
    images: usize,
}

/// Where images of a model come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Samples,
    Reconstructions,
}

impl Of {
    fn name(self) -> &'static str {
        match self {
            Self::Samples => "samples",
            Self::Reconstructions => "reconstructions",
        }
    }
}

/// Images of a model.
struct Set {
    of: Of,
    /// What the decoder's batch norm took its statistics from, where not from training.
    decoder_bn: Option<&'static str>,
    images: ImagesInMemory,
}

impl Metric for Fid {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn on_request(&self) -> bool {
        true
    }

    fn reports(&self) -> Vec<String> {
        let distances = ["fid", "fid.reconstructions", "fid_classifier", "fid_classifier.reconstructions"];
        distances.into_iter().chain(["kid", "precision", "recall"]).map(String::from).collect()
    }

    fn uses(&self) -> &'static [Input] {
        &[Input::PriorSample, Input::Generated, Input::Reconstructions]
    }

    fn cost(&self, workload: &Workload<'_>) -> EvalCost {
        // Samples are decoded once more, by the statistics of batch norm that they have themselves.
        let (samples, test) = (workload.evaluation.prior_samples.min(self.images), workload.test.min(self.images));
        let mut cost = EvalCost { decoded: samples as f64, ..EvalCost::default() };
        if workload.inception && self.inception {
            // Samples by both statistics, reconstructions; real images are kept from one run to the next.
            let networks = self.resizes.len();
            cost.inception = (networks * (2 * samples + test)) as f64;
            cost.cpu_seconds = DISTANCES_SECONDS * networks as f64;
        } else {
            cost += classifier::cost(workload.pixels, samples, test);
        }
        cost
    }

    fn measure(&self, evidence: &dyn Evidence) -> Result<Findings> {
        let dataset = evidence.dataset();
        let generated = evidence.generated()?.dim(0)?.min(self.images);
        let nothing = |note: String| {
            let protocol = Protocol::new("fid").sampled_from(evidence.sampler());
            let none = Measurement::new(ENTRY.name, "fid", protocol, "1").sized(generated).better(Direction::Lower);
            Ok(vec![none.noted(note)].into())
        };
        let fewest = dataset.split(Split::Train)?.len().min(dataset.split(Split::Test)?.len()).min(generated);
        if fewest < FEWEST {
            return nothing(format!("too few images: {fewest}, {FEWEST} or more are needed in each set"));
        }
        let networks = match self.networks(evidence) {
            Err(Error::Unsupported { what, reason }) => return nothing(format!("{what}: {reason}")),
            networks => networks?,
        };
        let sets = self.sets(evidence)?;
        let mut found = Vec::new();
        for (network, taken) in &networks {
            let real = Real::of(dataset, network.as_ref(), self.images, evidence.files().feature_cache.as_deref())?;
            for set in &sets {
                found.extend(compare(network.as_ref(), *taken, self.balls, &real, set, evidence.sampler())?);
            }
        }
        Ok(found.into())
    }
}

/// Why a network gives the features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// It is Inception.
    Inception,
    /// It is a classifier, as was asked for.
    Classifier,
    /// It is a classifier since Inception has no weights here.
    InPlaceOfInception,
}

impl Taken {
    /// What a reader should know of the numbers of `images` for it.
    fn note(self, images: &ImagesInMemory) -> Option<String> {
        let gray = || images.census().images().iter().all(|image| image.shape.channels == 1);
        match self {
            Self::Inception if gray() => Some("grayscale images: channels were repeated, and the number means little".into()),
            Self::InPlaceOfInception => Some(format!(
                "Inception's weights were not found, so a classifier gave the features: to compare with published numbers, let cargo xtask \
                 fid download them (95 MB), or name a file of {URL} by VIMAE_FID_WEIGHTS, and measure again"
            )),
            Self::Inception | Self::Classifier => None,
        }
    }
}

/// Networks that give features, and why each does.
type Networks = Vec<(Box<dyn FeatureNetwork>, Taken)>;

impl Fid {
    fn networks(&self, evidence: &dyn Evidence) -> Result<Networks> {
        if let Some(weights) = evidence.files().inception.as_ref().filter(|_| self.inception) {
            let device = evidence.model().parameters().device();
            let open =
                |resize: &Resize| Ok((Box::new(Inception::open(weights, *resize, device)?) as Box<dyn FeatureNetwork>, Taken::Inception));
            return self.resizes.iter().map(open).collect();
        }
        let taken = if self.inception { Taken::InPlaceOfInception } else { Taken::Classifier };
        Ok(vec![(Box::new(classifier(evidence.dataset())?), taken)])
    }

    fn sets(&self, evidence: &dyn Evidence) -> Result<Vec<Set>> {
        let first = |images: &Tensor| images.narrow(0, 0, images.dim(0)?.min(self.images));
        let set = |of, decoder_bn, images: Vec<_>| Ok::<_, Error>(Set { of, decoder_bn, images: ImagesInMemory::new(images)? });
        let range = evidence.range();
        let sample = evidence.prior_sample()?;
        let mut sets = vec![set(Of::Samples, None, in_bytes(&first(evidence.generated()?)?, range)?)?];
        let codes = first(sample)?;
        if let Some(images) = with_statistics_of(evidence.model(), sample, || in_bytes(&evidence.decode(&codes)?, range))? {
            sets.push(set(Of::Samples, Some("prior_samples"), images)?);
        }
        sets.push(set(Of::Reconstructions, None, in_bytes(&drawn_rows(evidence.reconstructions()?, self.images)?, range)?)?);
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
        0 | 1 => Classifier::train(&Rotations::of(dataset)?, &Silent)?,
        _ => Classifier::train(dataset, &Silent)?,
    };
    trained.insert(dataset.sha256().into(), classifier.clone());
    Ok(classifier)
}

/// The distances of a set.
fn compare(
    network: &dyn FeatureNetwork,
    taken: Taken,
    balls: Balls,
    real: &Real,
    set: &Set,
    sampler: Option<&Protocol>,
) -> Result<Vec<Measurement>> {
    let features = extract(network, &set.images, "features", &Silent)?;
    let (n, source) = (features.count(), features.source());
    let gaussian = Gaussian::of(&features)?;
    let metric = match (taken == Taken::Inception, set.of) {
        (true, Of::Samples) => "fid",
        (true, Of::Reconstructions) => "fid.reconstructions",
        (false, Of::Samples) => "fid_classifier",
        (false, Of::Reconstructions) => "fid_classifier.reconstructions",
    };
    let one = |metric: &str, name: &str, k: Option<usize>, (split, m): (&str, usize)| {
        let mut protocol = Protocol::new(name).with("of", set.of.name());
        if let Some(statistics) = set.decoder_bn {
            protocol = protocol.with("decoder_bn", statistics);
        }
        if let Some(k) = k {
            protocol = protocol.with("k", k);
            if let Some(name) = balls.name() {
                protocol = protocol.with("balls", name);
            }
        }
        let protocol = protocol.with("reference", split).with("N", n).with("M", m).with("features", source);
        let protocol = protocol.sampled_from(sampler.filter(|_| set.of == Of::Samples));
        Measurement::new(ENTRY.name, metric, protocol, "1").sized(n)
    };
    let note = taken.note(&set.images);
    let mut found = Vec::new();
    // Of the test split features are kept; of the training split a Gaussian is.
    for ((split, reference, m), behind) in real.references.iter().zip([Some(&real.test), None]) {
        let value = reference.distance(&gaussian)?.value;
        let error = standard_error(reference, behind, &features, &gaussian)?;
        let varies: &[Varies] = if behind.is_some() { &[Varies::GeneratedImages, Varies::RealImages] } else { &[Varies::GeneratedImages] };
        let distance = one(metric, "fid", None, (*split, *m)).valued(value, error).over(varies).better(Direction::Lower);
        found.push(told(distance, n.min(*m), features.size()).noted(note.clone()));
    }
    if set.of == Of::Samples && set.decoder_bn.is_none() {
        let test = ("test", real.test.count());
        let kernel = kid(&real.test, &features)?;
        let apart = one("kid", "kid", None, test).valued(kernel.value, kernel.standard_error).over(&OF_BOTH).better(Direction::Lower);
        found.push(told_kernel(apart).noted(note.clone()));
        let shares = precision_and_recall(&real.test, &features, balls, |metric, k| one(metric, metric, Some(k), test))?;
        found.extend(shares.into_iter().map(|share| share.noted(note.clone())));
    }
    Ok(found)
}
