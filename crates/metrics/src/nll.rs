//! Negative log-likelihood of test images under a density made from generated ones, in nats per image.
//!
//! `nll.parzen(sigma=..,N=..)`: Parzen windows, Gaussians around generated images. Pixels are taken in \[0, 1\] whatever the range of
//! the data, so that one sigma means the same everywhere. With `sigma=cv` sigma is the one of a fixed grid that
//! makes held-out images likeliest; the note says which. `nll.bits_per_dimension` is the same / (D ln 2); for pixels
//! from 0 to 255 add log2 255 = 7.994. Lower is better. Images `[N, C, H, W]`. No value beside a likelihood of probabilities.
//!
//! Read with care: the estimate rises with fewer samples and falls short of the model's own likelihood by far in many
//! dimensions, and samples that repeat the training set do well (Theis et al., "A note on the evaluation of generative
//! models", 2016). `controls` puts windows on images that no model made beside them: `nll.parzen(of=mean_image,..)`, `of=train` and
//! `of=held_out`, the same for every model. Compare only values of one sigma, one N and one data set, never with `nll.ais` or `nll.iwae`, which
//! are of the model's own density.

use candle_core::Tensor;
use vimae_core::{
    Entry, EvalCost, Evidence, Findings, Input, Likelihood, Metric, PixelRange, Result, Support, Workload, settings::Schema,
    subset::drawn_rows,
};
use vimae_spec::{Direction, Kind, Measurement, Protocol};

use crate::{
    BuildMetric, chosen_likelihood,
    likelihood::bits_per_dimension,
    summary::{mean_of, over_images},
};

mod controls;
pub mod parzen;

use parzen::{Window, log_densities};

pub(crate) const ENTRY: Entry<BuildMetric> = Entry {
    name: "nll",
    summary: "negative log-likelihood of test images under Parzen windows on generated ones, in nats",
    source: "Breuleux et al., Quickly generating representative samples from an RBM-derived process, 2011",
    settings: Schema::of::<Nll>,
    build: |settings| Ok(Box::new(settings.read::<Nll>()?)),
};

vimae_core::settings! {
    /// The likelihood by all widths and sample sizes.
    pub struct Nll {
        /// a value for each of the 25 widths that cv chooses from as well: how far the width decides the number
        pub every_width: bool = false;
        /// the fixed widths on images that no model made as well: the mean image, training images, held-out images
        pub controls: bool = false;
    }
}

/// The metrics of a likelihood.
pub(crate) const NATS_AND_BITS: [&str; 2] = ["nll", "nll.bits_per_dimension"];
const SIGMAS: [f64; 3] = [0.08, 0.1, 0.2];
const SAMPLES: [usize; 2] = [1_000, 10_000];
/// Held-out images that choose sigma.
const CHOOSING: usize = 1_000;
/// Seconds of a Parzen window for each pair of images and each pixel, on two threads.
const PARZEN_SECONDS: f64 = 4.5e-11;
/// Seconds of one more width for each pair of images.
const WIDTH_SECONDS: f64 = 1e-9;
/// The grid of sigma: 0.02 to 0.8 in steps of about a sixth.
const GRID: usize = 25;
const GRID_FROM: f64 = 0.02;
const GRID_TO: f64 = 0.8;

impl Metric for Nll {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn reports(&self) -> Vec<String> {
        NATS_AND_BITS.map(String::from).into()
    }

    fn uses(&self) -> &'static [Input] {
        &[Input::Generated, Input::HeldOut]
    }

    fn cost(&self, workload: &Workload<'_>) -> EvalCost {
        let samples = (SAMPLES.iter().sum::<usize>() as f64).min(1.1 * workload.evaluation.prior_samples as f64);
        let widths = if self.every_width { GRID as f64 } else { 0.0 };
        let images = workload.test + CHOOSING.min(workload.held_out);
        let controls = 1 + SAMPLES.iter().sum::<usize>().min(2 * workload.train) + CHOOSING.min(workload.held_out);
        let controls = if self.controls { (workload.test * controls) as f64 } else { 0.0 };
        let seconds = PARZEN_SECONDS * workload.pixels as f64;
        EvalCost {
            cpu_seconds: images as f64 * samples * (seconds + widths * WIDTH_SECONDS) + controls * seconds,
            // Generated images once more, in f64.
            memory_bytes: (8 * workload.evaluation.prior_samples * workload.pixels) as f64,
            ..EvalCost::default()
        }
    }

    fn measure(&self, evidence: &dyn Evidence) -> Result<Findings> {
        if let Some(own) = chosen_likelihood::own(evidence).filter(|own| !own.support().is_density()) {
            return Ok(Vec::from(no_density(evidence, own)).into());
        }
        let unit = |images: &Tensor| unit_pixels(images, evidence.range());
        let (test, generated) = (unit(evidence.originals()?)?, unit(evidence.generated()?)?);
        let mut sizes = SAMPLES.map(|n| n.min(generated.dims()[0])).to_vec();
        sizes.dedup();
        let held_out = evidence.held_out()?;
        let choosing = drawn_rows(&held_out.images, CHOOSING)?;
        let chosen = choose(&unit(&choosing)?, &generated, &sizes)?;
        let note = |sigma: f64| Some(format!("sigma = {sigma:.3}, chosen on {}", held_out.words(choosing.dims()[0])));
        let widths = self.widths();
        let fixed = sizes
            .iter()
            .flat_map(|&samples| widths.iter().map(move |(sigma, text)| (Window { sigma: *sigma, samples }, text.clone(), None)));
        let selected = chosen.iter().map(|w| (*w, "cv".to_owned(), note(w.sigma)));
        let asked: Vec<(Window, String, Option<String>)> = fixed.chain(selected).collect();
        let windows: Vec<Window> = asked.iter().map(|(window, ..)| *window).collect();
        let densities = log_densities(&test, &generated, &windows)?;
        let dimensions = test.dims().iter().skip(1).product();
        let measured = |protocol: &Protocol, densities: Vec<f64>, note: Option<&str>| {
            let losses: Vec<f64> = densities.into_iter().map(|d| -d).collect();
            in_nats_and_bits(ENTRY.name, protocol, (&losses, dimensions), Support::Line, note)
        };
        let mut found = Vec::new();
        for ((window, sigma, note), densities) in asked.into_iter().zip(densities) {
            let protocol =
                Protocol::new("nll.parzen").with("sigma", sigma).with_all(evidence.dataset().pixel_protocol()).with("N", window.samples);
            let protocol = protocol.sampled_from(evidence.sampler());
            let measured = measured(&protocol, densities, note.as_deref());
            // Another few may choose another width; a fixed one needs none of them.
            found.extend(measured.map(|m| if note.is_some() { over_images(m, choosing.dims()[0]) } else { m }));
        }
        // The same whatever codes are drawn from: once.
        if self.controls && evidence.sampler().is_none() {
            for control in controls::of(evidence, &SAMPLES)? {
                let images = unit(&control.images)?;
                let windows = SIGMAS.map(|sigma| Window { sigma, samples: images.dims()[0] });
                for (window, densities) in windows.iter().zip(log_densities(&test, &images, &windows)?) {
                    let protocol = Protocol::new("nll.parzen").with("of", control.name).with("sigma", window.sigma);
                    let protocol = protocol.with_all(evidence.dataset().pixel_protocol()).with("N", window.samples);
                    found.extend(measured(&protocol, densities, Some(control.note.as_str())).map(|m| m.of_kind(Kind::Constant)));
                }
            }
        }
        Ok(found.into())
    }
}

impl Nll {
    /// The fixed widths, with their text in protocols.
    fn widths(&self) -> Vec<(f64, String)> {
        let fixed = SIGMAS.map(|sigma| (sigma, sigma.to_string())).into_iter();
        let every = self.every_width.then(|| grid().map(|sigma| (sigma, format!("{sigma:.4}"))));
        fixed.chain(every.into_iter().flatten()).collect()
    }
}

/// Windows are densities: beside a likelihood that gives probabilities they have no value.
fn no_density(evidence: &dyn Evidence, own: &dyn Likelihood) -> [Measurement; 2] {
    let protocol = Protocol::new("nll.parzen").with("likelihood", own.protocol()).with_all(evidence.dataset().pixel_protocol());
    let protocol = protocol.sampled_from(evidence.sampler());
    let note = format!("{} gives images probabilities; windows give densities, which do not compare: ask for iwae or ais", own.name());
    in_nats_and_bits(ENTRY.name, &protocol, (&[], 1), Support::Line, None).map(|m| m.noted(note.clone()))
}

/// Losses of images of so many values as [`NATS_AND_BITS`]; `note` stands with both where they exist.
pub(crate) fn in_nats_and_bits(
    entry: &str,
    protocol: &Protocol,
    (losses, dimensions): (&[f64], usize),
    support: Support,
    note: Option<&str>,
) -> [Measurement; 2] {
    let bits: Vec<f64> = losses.iter().map(|nats| bits_per_dimension(*nats, dimensions)).collect();
    let one = |metric, unit, values: &[f64]| {
        let found = mean_of(entry, metric, protocol.clone(), unit, values).better(Direction::Lower);
        let own = found.note.clone();
        found.noted(own.or(note.map(String::from)))
    };
    let [in_nats, in_bits] = NATS_AND_BITS;
    [one(in_nats, "nats", losses), one(in_bits, support.bits(), &bits)]
}

/// For each sample size the window of the grid that makes `held_out` likeliest; none without held-out images.
fn choose(held_out: &Tensor, generated: &Tensor, sizes: &[usize]) -> Result<Vec<Window>> {
    if held_out.dim(0)? == 0 {
        return Ok(Vec::new());
    }
    let grid: Vec<Window> = sizes.iter().flat_map(|&samples| grid().map(move |sigma| Window { sigma, samples })).collect();
    let totals: Vec<f64> = log_densities(held_out, generated, &grid)?.iter().map(|d| d.iter().sum()).collect();
    let best =
        |(windows, totals): (&[Window], &[f64])| windows.iter().copied().zip(totals).max_by(|a, b| a.1.total_cmp(b.1)).map(|(w, _)| w);
    Ok(grid.chunks(GRID).zip(totals.chunks(GRID)).filter_map(best).collect())
}

/// The widths that cross-validation chooses from.
fn grid() -> impl Iterator<Item = f64> {
    let ratio = (GRID_TO / GRID_FROM).powf(1.0 / (GRID - 1) as f64);
    (0..GRID).map(move |step| GRID_FROM * ratio.powi(step as i32))
}

/// Images in \[0, 1\].
///
/// # Errors
/// Where the device fails.
pub fn unit_pixels(images: &Tensor, range: PixelRange) -> Result<Tensor> {
    match range {
        PixelRange::Unit => Ok(images.clone()),
        PixelRange::Symmetric => Ok(images.affine(0.5, 0.5)?),
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;
    use vimae_core::{Purpose, Streams};

    use super::*;

    #[test]
    fn the_chosen_width_is_near_that_of_the_noise() {
        // Samples at the origin of 20 dimensions, held-out points around it with standard deviation 0.3.
        let held_out: Vec<f32> = Streams::new(1).normal(Purpose::Evaluation, 0, 4_000).iter().map(|v| 0.3 * v).collect();
        let held_out = Tensor::from_vec(held_out, (200, 20), &Device::Cpu).unwrap();
        let generated = Tensor::zeros((50, 20), candle_core::DType::F32, &Device::Cpu).unwrap();
        let windows = choose(&held_out, &generated, &[10, 50]).unwrap();
        assert_eq!(windows.iter().map(|w| w.samples).collect::<Vec<_>>(), [10, 50]);
        assert!(windows.iter().all(|w| (w.sigma / 0.3).ln().abs() < 0.09), "{windows:?}");
    }

    #[test]
    fn every_width_is_measured_where_that_is_asked_for() {
        let of = |every_width| Nll { every_width, controls: false }.widths();
        assert_eq!(of(false).len(), SIGMAS.len());
        let widths = of(true);
        let texts: std::collections::BTreeSet<&str> = widths.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!((widths.len(), texts.len()), (SIGMAS.len() + GRID, SIGMAS.len() + GRID));
        assert!(texts.contains("0.0200") && texts.contains("0.8000"));
    }

    #[test]
    fn numbers_in_words_are_those_of_the_grid() {
        let about = ENTRY.settings().into_iter().find(|setting| setting.name == "every_width").unwrap().about;
        assert!(about.contains(&format!("the {GRID} widths")), "{about}");
        let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/protocols.md");
        let grid = format!("a grid of {GRID} values between {GRID_FROM} and {GRID_TO}");
        assert!(std::fs::read_to_string(page).unwrap().contains(&grid), "{grid}");
    }

    #[test]
    fn symmetric_pixels_are_brought_to_the_unit_interval() {
        let images = Tensor::new(&[-1.0_f32, 0.0, 1.0], &Device::Cpu).unwrap();
        assert_eq!(unit_pixels(&images, PixelRange::Symmetric).unwrap().to_vec1::<f32>().unwrap(), [0.0, 0.5, 1.0]);
    }
}
