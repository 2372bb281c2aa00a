//! Other divergences between the codes of test images and draws from the prior, beside the MMD of the protocols.
//!
//! `energy.u`: the energy distance; `mmd.imq_single.u`: the MMD with one kernel C / (C + r^2), C = 2 d var(p);
//! `mmd.rbf_median.u`: with a Gaussian kernel whose s^2 is the median squared distance of the pooled sample. All three
//! are unbiased and may be negative; their standard errors are those of `mmd`, at the width as it came out.
//! `sliced_wasserstein.2`: the squared transport cost over fixed random directions; `moments`: squared differences of
//! means and of covariances. Both are plug-in values, above zero by the order of 1 / N for equal laws, with errors
//! by the jackknife. Divergences by a trained critic are another metric, `adversarial`: they are worth what their
//! critic is. Codes `[N, d]`; everything in f64.

use candle_core::Tensor;
use vimae_core::{Entry, Error, Evidence, Findings, Input, Metric, NoSettings, Result, settings::Schema, subset::drawn_rows};
use vimae_spec::{Measurement, Protocol};

use crate::{
    BuildMetric,
    mmd::{self, Kernel, Rbf, finite_or_noted},
    summary::values,
};

mod kernels;
mod moments;
mod sliced;

use kernels::{ImqSingle, NegativeDistance};

pub(crate) const ENTRY: Entry<BuildMetric> = Entry {
    name: "divergence",
    summary: "energy, single-kernel, sliced Wasserstein and moment distances between codes of test images and the prior",
    source: "Székely & Rizzo, Energy statistics, 2013; Kolouri et al., Sliced-Wasserstein Autoencoder, 2018",
    settings: Schema::of::<NoSettings>,
    build: |_| Ok(Box::new(Divergence)),
};

/// Codes and draws that are compared, where there are as many.
const SIZE: usize = 1_000;
/// Directions of the sliced distance.
const DIRECTIONS: usize = 50;

/// Five divergences at one sample size.
#[derive(Debug, Clone, Copy)]
pub struct Divergence;

impl Metric for Divergence {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn uses(&self) -> &'static [Input] {
        &[Input::Codes, Input::PriorSample]
    }

    fn measure(&self, evidence: &dyn Evidence) -> Result<Findings> {
        let variance = mmd::prior_variance(evidence)?;
        let (z, sample) = (evidence.z()?, evidence.prior_sample()?);
        let available = z.dim(0)?.min(sample.dim(0)?);
        if available < 2 {
            return Ok(mmd::too_few(ENTRY.name, Protocol::new("energy.u").sampled_from(evidence.sampler()), available));
        }
        let mut found = distances(z, sample, variance)?;
        for distance in &mut found {
            distance.protocol = distance.protocol.clone().sampled_from(evidence.sampler());
        }
        Ok(found.into())
    }
}

/// Between codes `[N, d]` and draws `[M, d]` from a prior of this variance.
fn distances(q: &Tensor, p: &Tensor, variance: f64) -> Result<Vec<Measurement>> {
    let n = q.dim(0)?.min(p.dim(0)?).min(SIZE);
    let of = |protocol: Protocol, (value, standard_error): (f64, Option<f64>)| {
        finite_or_noted(Measurement::new(ENTRY.name, ENTRY.name, protocol.with("N", n), "1").sized(n), value, standard_error)
    };
    let (q, p) = (drawn_rows(q, n)?, p.narrow(0, 0, n)?);
    let sample = Pair::new(&q, &p)?;
    let single = ImqSingle { c: 2.0 * sample.size as f64 * variance };
    let median = Rbf { sigma_squared: median(&sample) };
    let kernels: [&dyn Kernel; 3] = [&NegativeDistance, &single, &median];
    let names = ["energy.u", "mmd.imq_single.u", "mmd.rbf_median.u"];
    let estimates = mmd::estimate(&q, &p, &kernels)?;
    let mut found: Vec<Measurement> =
        names.iter().zip(estimates).map(|(name, e)| of(Protocol::new(*name), (e.unbiased, Some(e.standard_error)))).collect();
    found.push(of(Protocol::new("sliced_wasserstein.2").with("L", DIRECTIONS), sliced::estimate(&sample, DIRECTIONS)));
    found.push(of(Protocol::new("moments"), moments::estimate(&sample)));
    Ok(found)
}

/// As many rows of both samples.
struct Pair {
    q: Vec<f64>,
    p: Vec<f64>,
    size: usize,
}

impl Pair {
    fn new(q: &Tensor, p: &Tensor) -> Result<Self> {
        let (n, size) = q.dims2()?;
        if p.dims() != q.dims() || n < 2 || size == 0 {
            return Err(Error::shape("draws from the prior", format!("[{n}, {size}], two rows or more"), p.dims()));
        }
        Ok(Self { q: values(q)?, p: values(p)?, size })
    }

    fn count(&self) -> usize {
        self.q.len() / self.size
    }
}

/// The median squared distance between any two rows of both samples; one where it is 0, as from just over half of the
/// pairs on that coincide.
fn median(sample: &Pair) -> f64 {
    let rows: Vec<&[f64]> = sample.q.chunks_exact(sample.size).chain(sample.p.chunks_exact(sample.size)).collect();
    let distance = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
    let mut distances: Vec<f64> =
        (0..rows.len()).flat_map(|i| rows[..i].iter().map(move |y| (i, y))).map(|(i, y)| distance(rows[i], y)).collect();
    let middle = distances.len() / 2;
    let (_, median, _) = distances.select_nth_unstable_by(middle, f64::total_cmp);
    if *median == 0.0 { 1.0 } else { *median }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;
    use vimae_core::{Purpose, Streams};
    use vimae_spec::Doubt;

    use super::*;

    fn sample(seed: u64, n: usize, shift: f32) -> Tensor {
        let values = Streams::new(seed).normal(Purpose::Evaluation, 0, n * 3).into_iter().map(|v| v + shift).collect();
        Tensor::from_vec(values, (n, 3), &Device::Cpu).unwrap()
    }

    fn readings(q: &Tensor, p: &Tensor) -> Vec<Measurement> {
        distances(q, p, 1.0).unwrap()
    }

    #[test]
    fn protocols_name_the_size_and_every_value_comes_with_its_error() {
        let all = readings(&sample(1, 300, 0.0), &sample(2, 250, 0.0));
        let names: Vec<String> = all.iter().map(|r| r.protocol.to_string()).collect();
        assert_eq!(
            names,
            ["energy.u(N=250)", "mmd.imq_single.u(N=250)", "mmd.rbf_median.u(N=250)", "sliced_wasserstein.2(L=50,N=250)", "moments(N=250)"]
        );
        assert!(all.iter().all(|r| r.value.is_some() && r.standard_error.is_some_and(|e| e > 0.0) && r.n == 250));
    }

    #[test]
    fn a_distance_of_too_few_codes_for_an_error_is_doubted() {
        let few = readings(&sample(1, 4, 0.0), &sample(2, 4, 0.0));
        let doubts = |protocol: &str| few.iter().find(|r| r.protocol == protocol).map(|r| (r.value.is_some(), r.doubts.clone()));
        for protocol in ["sliced_wasserstein.2(L=50,N=4)", "moments(N=4)"] {
            assert_eq!(doubts(protocol), Some((true, vec![Doubt::NoError])), "{protocol}");
        }
        assert!(readings(&sample(1, 300, 0.0), &sample(2, 300, 0.0)).iter().all(|r| r.doubts.is_empty()));
    }

    #[test]
    fn stated_errors_are_the_spread_over_samples() {
        for shift in [0.0, 0.8] {
            let runs: Vec<Vec<Measurement>> =
                (0..60).map(|i| readings(&sample(10 + 2 * i, 80, shift), &sample(11 + 2 * i, 80, 0.0))).collect();
            for index in 0..5 {
                let values: Vec<f64> = runs.iter().map(|r| r[index].value.unwrap()).collect();
                let n = values.len() as f64;
                let mean = values.iter().sum::<f64>() / n;
                let spread = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
                let stated = (runs.iter().map(|r| r[index].standard_error.unwrap().powi(2)).sum::<f64>() / n).sqrt();
                // For equal laws the plug-in values have no slope, and the jackknife overstates.
                let range = if shift == 0.0 { 0.6..2.5 } else { 0.7..1.4 };
                let ratio = stated / spread;
                assert!(range.contains(&ratio), "{} at shift {shift}: stated {stated}, spread {spread}", runs[0][index].protocol);
                assert!(shift == 0.0 || mean > 3.0 * spread, "{}: {mean}, spread {spread}", runs[0][index].protocol);
            }
        }
    }

    #[test]
    fn a_code_that_is_not_finite_gives_a_note_and_no_number() {
        let q = Tensor::cat(&[&sample(1, 20, 0.0), &(sample(3, 1, 0.0) * f64::NAN).unwrap()], 0).unwrap();
        for reading in readings(&q, &sample(2, 21, 0.0)) {
            assert!(reading.value.is_none() && reading.note.is_some(), "{}", reading.protocol);
        }
    }
}
