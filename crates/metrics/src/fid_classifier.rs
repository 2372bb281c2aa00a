//! Distances between generated and real images by the features of a classifier of the data set's own labels.
//!
//! `fid.classifier`: the distance and its bias are those of `fid`; the network is a small convolutional classifier, which is
//! trained once a data set and process. Readings: FID against the test and the training split, KID, precision, recall,
//! density and coverage against the test split. The note of the FID says how far the two splits are from one another:
//! a generator cannot be expected below that.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use candle_core::Tensor;
use vimae_core::{
    Dataset, Entry, Error, EvalCost, Evidence, Findings, Input, Metric, NoSettings, PixelRange, Result, Silent, Split, Workload,
    settings::Schema,
};
use vimae_spec::{Direction, Measurement, Protocol, Varies};

use crate::{
    BuildMetric,
    classifier::{self, Classifier},
    features::{Features, extract},
    fid::{Reference, shares, standard_error, told, told_kernel},
    gaussian::Gaussian,
    images::{ImagesInMemory, OwnedImage},
    kid::kid,
    prdc::Balls,
};

pub(crate) const ENTRY: Entry<BuildMetric> = Entry {
    name: "fid_classifier",
    summary: "FID, KID, precision and recall by features of a classifier of the data set's own labels",
    source: "Heusel et al., GANs Trained by a Two Time-Scale Update Rule, 2017; Binkowski et al., Demystifying MMD GANs, 2018; Naeem et al., Reliable Fidelity and Diversity Metrics, 2020",
    settings: Schema::of::<NoSettings>,
    build: |_| Ok(Box::new(FidClassifier)),
};

/// Images of a split that are compared with, at most.
const MOST: usize = 10_000;
/// What errors count.
const OF_BOTH: [Varies; 2] = [Varies::GeneratedImages, Varies::RealImages];
/// Fewer images than this have no neighbours to speak of.
const FEWEST: usize = 10;

/// The distances.
#[derive(Debug, Clone, Copy)]
pub struct FidClassifier;

impl Metric for FidClassifier {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn reports(&self) -> Vec<String> {
        [ENTRY.name, "kid", "precision", "recall", "density", "coverage"].map(String::from).into()
    }

    fn uses(&self) -> &'static [Input] {
        &[Input::Generated]
    }

    fn cost(&self, workload: &Workload<'_>) -> EvalCost {
        match workload.classes {
            0 | 1 => EvalCost::default(),
            _ => classifier::cost(workload.pixels, workload.evaluation.prior_samples, workload.test.min(MOST)),
        }
    }

    fn measure(&self, evidence: &dyn Evidence) -> Result<Findings> {
        let dataset = evidence.dataset();
        let generated = in_bytes(evidence.generated()?, evidence.range())?;
        let splits = (dataset.split(Split::Train)?.len(), dataset.split(Split::Test)?.len(), generated.len());
        let nothing = |note: String| {
            let protocol = Protocol::new("fid.classifier").sampled_from(evidence.sampler());
            let none = Measurement::new(ENTRY.name, ENTRY.name, protocol, "1").sized(splits.2).better(Direction::Lower);
            Ok(vec![none.noted(note)].into())
        };
        if dataset.classes() < 2 || splits.0.min(splits.1).min(splits.2) < FEWEST {
            return nothing(if dataset.classes() < 2 { "the data set has no labels" } else { "too few images" }.into());
        }
        let real = match real(dataset) {
            Err(Error::Unsupported { what, reason }) => return nothing(format!("{what}: {reason}")),
            other => other?,
        };
        let generated = extract(&real.network, &ImagesInMemory::new(generated)?, "features", &Silent)?;
        let of_generated = Gaussian::of(&generated)?;
        let test = ("test", real.test.count());
        let one = |metric: &str, name: &str, k: Option<usize>, (split, images): (&str, usize)| {
            let protocol = Protocol::new(format!("{name}.classifier"));
            let protocol = k
                .map_or(protocol.clone(), |k| protocol.with("k", k))
                .with("reference", split)
                .with("N", generated.count())
                .with("M", images);
            let protocol = protocol.with("features", generated.source()).sampled_from(evidence.sampler());
            Measurement::new(ENTRY.name, metric, protocol, "1").sized(generated.count())
        };
        let apart = real.test_gaussian.distance(&Gaussian::of(&real.train)?)?.value;
        let note =
            format!("the training split is at {apart:.4} from the test split ({}, {} images)", real.train.count(), real.test.count());
        let fid = |split, images: &Features, reference: &Reference| -> Result<Measurement> {
            let value = reference.distance(&of_generated)?.value;
            let error = standard_error(reference, Some(images), &generated, &of_generated)?;
            let distance = one(ENTRY.name, "fid", None, (split, images.count())).valued(value, error).over(&OF_BOTH);
            let fewest = generated.count().min(images.count());
            Ok(told(distance.better(Direction::Lower), fewest, generated.size()).noted(note.clone()))
        };
        let kernel = kid(&real.test, &generated)?;
        let apart = one("kid", "kid", None, test).valued(kernel.value, kernel.standard_error).over(&OF_BOTH).better(Direction::Lower);
        let mut found =
            vec![fid("test", &real.test, &real.test_gaussian)?, fid("train", &real.train, &real.train_gaussian)?, told_kernel(apart)];
        found.extend(shares(&real.test, &generated, Balls::Closed, |metric, k| one(metric, metric, Some(k), test))?);
        Ok(found.into())
    }
}

/// What is the same for every model of a data set.
struct Real {
    network: Classifier,
    test: Features,
    test_gaussian: Reference,
    train: Features,
    train_gaussian: Reference,
}

/// The classifier of a data set and its features of the real images, made once a process.
fn real(dataset: &dyn Dataset) -> Result<Arc<Real>> {
    static MADE: Mutex<BTreeMap<String, Arc<Real>>> = Mutex::new(BTreeMap::new());
    // Held while training: two runs on one data set would otherwise both train.
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(real) = made.get(dataset.sha256()) {
        return Ok(real.clone());
    }
    let network = Classifier::train(dataset, &Silent)?;
    let features = |split: Split| extract(&network, &ImagesInMemory::of(dataset.split(split)?, MOST)?, "features", &Silent);
    let (train, test) = (features(Split::Train)?, features(Split::Test)?);
    let real = Arc::new(Real {
        test_gaussian: Reference::new(Gaussian::of(&test)?)?,
        train_gaussian: Reference::new(Gaussian::of(&train)?)?,
        train,
        network,
        test,
    });
    made.insert(dataset.sha256().into(), real.clone());
    Ok(real)
}

/// Images `[N, C, H, W]` in `range` as bytes, as a file would keep them.
///
/// # Errors
/// [`Error::Shape`] for another rank.
pub fn in_bytes(images: &Tensor, range: PixelRange) -> Result<Vec<OwnedImage>> {
    let &[_, channels, height, width] = images.dims() else {
        return Err(Error::shape("images", "[N, C, H, W]", images.dims()));
    };
    let shape = vimae_core::ImageShape { channels, height, width };
    let values: Vec<f32> = images.to_dtype(candle_core::DType::F32)?.flatten_all()?.to_vec1()?;
    let image = |values: &[f32]| OwnedImage { shape, bytes: values.iter().map(|v| range.byte(*v)).collect() };
    Ok(values.chunks_exact(shape.len().max(1)).map(image).collect())
}
