//! What the evaluation of a run takes.
//!
//! Passes through the network are counted. Of the metrics, Parzen windows and the two estimators of the likelihood that
//! decode on their own are; of the classifiers all. What is left out (divergences, information, precision and recall)
//! takes a second or less at the default sizes.

use vimae_core::Settings;
use vimae_eval::condition::conditions;
use vimae_metrics::METRICS;
use vimae_spec::{Classifier, CodeName, Evaluation, KernelName, NoiseOn, RunSpec};

use super::{ImageCounts, Network, Rates};
use crate::Result;

/// Seconds beside everything that is counted.
const BESIDE: f64 = 0.3;
/// Seconds of a Parzen window for each pair of images and each pixel, with two threads.
const PARZEN: f64 = 2e-11;
/// Windows of Parzen's estimate: samples of both sizes.
const PARZEN_SAMPLES: f64 = 11_000.0;
/// Seconds of the critic that tells codes from the prior.
const CRITIC: f64 = 2.0;
/// Seconds of distances, kernels and neighbours in Inception's features, for 10 000 images.
const BESIDE_INCEPTION: f64 = 25.0;
/// Held-out images at most.
const HELD_OUT: usize = 1_000;
/// Seconds of a transductive machine for each pair of codes, for all classes, with two threads.
const TRANSDUCTIVE: f64 = 6.4e-8;
/// Seconds of every other classifier for each pair of a labelled code with another, with two threads; what tuning adds
/// is left out.
const CLASSIFIER: f64 = 5e-9;
/// Labelled and classified codes of a draw of unseen classes.
const UNSEEN: (usize, usize) = (300, 100);

/// Time and memory of an evaluation.
pub(super) struct Measured {
    pub(super) seconds: f64,
    pub(super) memory_bytes: u64,
}

/// What an evaluation meets beside its settings.
pub(super) struct Meets<'a> {
    pub(super) network: &'a Network,
    pub(super) images: &'a ImageCounts,
    /// Whether codes have a variance.
    pub(super) gaussian: bool,
    /// Whether Inception's weights are here.
    pub(super) inception: bool,
}

pub(super) fn of(spec: &RunSpec, meets: &Meets<'_>, rates: &Rates) -> Result<Measured> {
    let &Meets { network, images, gaussian, inception } = meets;
    let evaluation = &spec.evaluation;
    let (test, pixels) = (images.counts.test, images.shape.len());
    let labelled = Labelled::of(evaluation, images, gaussian);

    let noisy = if gaussian { 0 } else { evaluation.noise_passes * evaluation.noise_images.min(test) };
    let encoded = test + noisy + labelled.encoded;
    let decoded = test * (1 + usize::from(gaussian)) + evaluation.prior_samples;
    let mut decode = decoded as f64;
    let mut seconds = BESIDE + labelled.seconds * rates.threads;
    for metric in vimae_eval::chosen(evaluation)? {
        let entry = METRICS.find(metric.name())?;
        let given = evaluation.settings.get(entry.name).cloned().unwrap_or_default();
        let settings = Settings::check(METRICS.kind, entry.name, entry.keys, &given)?;
        let whole = |key: &str| settings.integer(key).map(|n| n as f64);
        match entry.name {
            "nll" => {
                let pairs = (test + HELD_OUT.min(test)) as f64 * PARZEN_SAMPLES.min(evaluation.prior_samples as f64 * 1.1);
                seconds += PARZEN * pairs * pixels as f64 * rates.threads;
            }
            // The gradient of each leapfrog step is a pass forwards and one for the codes backwards.
            "ais" => {
                let chains = (whole("images")? + whole("simulated")?) * whole("chains")?;
                decode += chains * whole("temperatures")? * (2.0 * whole("leapfrog")? + 1.0);
            }
            "adversarial" => seconds += CRITIC * rates.threads,
            // Samples by both statistics of batch norm, reconstructions; real images are kept from one run to the next.
            "fid" if inception => {
                let networks = if settings.choice("resize")? == "both" { 2 } else { 1 };
                let most = settings.integer("images")?;
                let seen = networks * (2 * evaluation.prior_samples.min(most) + test.min(most));
                seconds += rates.inception * seen as f64 + BESIDE_INCEPTION * networks as f64 * rates.threads;
            }
            "iwae" => decode += whole("images")? * whole("samples")?,
            _ => {}
        }
    }
    let products = encoded as f64 * network.work.encode as f64 + decode * network.work.decode as f64;
    seconds += rates.products(products);

    // Originals, reconstructions and generated images as f32; generated ones once more as f64 rows for the windows.
    let held = 4 * (test + decoded + HELD_OUT) * pixels + 8 * evaluation.prior_samples * pixels;
    Ok(Measured { seconds, memory_bytes: (held + labelled.memory_bytes) as u64 })
}

/// The accuracy from few labels.
#[derive(Default)]
struct Labelled {
    /// Images that go through the encoder once more.
    encoded: usize,
    seconds: f64,
    memory_bytes: usize,
}

impl Labelled {
    fn of(evaluation: &Evaluation, images: &ImageCounts, gaussian: bool) -> Self {
        if evaluation.labels == 0 {
            return Self::default();
        }
        // With less than five labels a class the draws are of a few classes of the test split.
        let (labels, asked) = match images.counts.classes * 5 > evaluation.labels {
            true => UNSEEN,
            false => (evaluation.labels, images.counts.test),
        };
        let pool = asked.min(evaluation.pool);
        let codes = evaluation.codes.iter().filter(|code| gaussian || **code == CodeName::Mean).count();
        let draws = evaluation.label_draws as usize;
        let corruptions: usize = evaluation.masks.iter().map(|fill| conditions(*fill).len()).sum();
        let runs = (corruptions * codes * evaluation.noise.len() * draws) as f64;
        // The labelled images of each draw, clean and perhaps corrupted; the others once for each corruption.
        let forms = if evaluation.noise.contains(&NoiseOn::Both) { corruptions } else { 1 };
        let asked_for = if asked < images.counts.test { asked * draws } else { asked };
        let mut found = Self { encoded: forms * labels * draws + corruptions * asked_for, ..Self::default() };
        for classifier in &evaluation.classifiers {
            found.seconds += runs
                * match classifier {
                    Classifier::Tsvm => evaluation.kernels.len() as f64 * TRANSDUCTIVE * ((labels + pool) as f64).powi(2),
                    Classifier::Svm => evaluation.kernels.len() as f64 * CLASSIFIER * (labels * (labels + asked)) as f64,
                    Classifier::Knn | Classifier::Probe => CLASSIFIER * (labels * (labels + asked)) as f64,
                };
            if *classifier == Classifier::Tsvm && evaluation.kernels.contains(&KernelName::Rbf) {
                found.memory_bytes = 4 * (labels + pool).pow(2);
            }
        }
        found
    }
}
