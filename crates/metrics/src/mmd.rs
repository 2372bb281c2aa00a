//! Maximum mean discrepancy between the codes of test images and draws from the prior.
//!
//! MMD^2(q, p) = E k(z, z') + E k(y, y') - 2 E k(z, y) (Gretton et al., "A Kernel Two-Sample Test", 2012).
//! `mmd.imq.u` and `mmd.rbf.u` leave the diagonal out of the self terms and are unbiased for the square;
//! `mmd.rbf.v.sqrt` keeps it and takes the root. The cross term runs over all pairs, as in the WAE code.
//! `mmd.imq.p` is the p-value of a two-sample test on 1 000 codes. Codes `[N, d]`; everything in f64.
//!
//! The IMQ kernels C / (C + r^2) are those of the divergence `mmd_imq` at C = 2 d scale var(p), var(p) the variance of the prior's
//! dimensions (of its draws where they are not independent and alike), or 1 where it is not finite. Training takes its setting
//! `variance` in place of var(p).

use candle_core::{DType, Tensor};
use vimae_core::{Entry, Error, Evidence, Findings, Input, Metric, NoSettings, Result, settings::Schema, subset::drawn_rows};
use vimae_spec::{Direction, Doubt, Kind, Measurement, Protocol, Varies};

use crate::BuildMetric;

mod kernel;
mod pairs;
pub mod two_sample;

pub use kernel::{Imq, Kernel, Rbf};
use pairs::Points;
pub(crate) use pairs::Sums;

pub(crate) const ENTRY: Entry<BuildMetric> = Entry {
    name: "mmd",
    summary: "maximum mean discrepancy between codes of test images and the prior",
    source: "Gretton et al., A Kernel Two-Sample Test, 2012; kernels of the WAE code",
    settings: Schema::of::<NoSettings>,
    build: |_| Ok(Box::new(Mmd)),
};

/// Sample sizes that are reported, where there are as many codes.
const SIZES: [usize; 2] = [10_000, 1_000];

/// Codes and draws that the two-sample test takes, and its permutations.
const TESTED: usize = 1_000;
const PERMUTATIONS: usize = 999;

/// The discrepancy by both kernels and all sample sizes.
#[derive(Debug, Clone, Copy)]
pub struct Mmd;

impl Metric for Mmd {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn uses(&self) -> &'static [Input] {
        &[Input::Codes, Input::PriorSample]
    }

    fn measure(&self, evidence: &dyn Evidence) -> Result<Findings> {
        let (z, sample) = (evidence.z()?, evidence.prior_sample()?);
        let available = z.dim(0)?.min(sample.dim(0)?);
        if available < 2 {
            return Ok(too_few(ENTRY.name, Protocol::new("mmd.imq.u").sampled_from(evidence.sampler()), available));
        }
        let size = z.dim(1)? as f64;
        let variance = prior_variance(evidence)?;
        let kernels: [&dyn Kernel; 2] = [&Imq::multiscale(2.0 * size * variance), &Rbf { sigma_squared: size }];

        let mut sizes = SIZES.map(|n| n.min(available)).to_vec();
        sizes.dedup();
        let mut found = Vec::new();
        for n in sizes {
            let estimates = estimate(&drawn_rows(z, n)?, &sample.narrow(0, 0, n)?, &kernels)?;
            let [imq, rbf] = [estimates[0], estimates[1]];
            let root = rbf.biased.sqrt();
            let mut add = |name, value: f64, error: f64| {
                let protocol = Protocol::new(name).with("N", n).sampled_from(evidence.sampler());
                found.push(finite_or_noted(Measurement::new(ENTRY.name, ENTRY.name, protocol, "1").sized(n), value, error));
            };
            add("mmd.imq.u", imq.unbiased, imq.standard_error);
            add("mmd.rbf.u", rbf.unbiased, rbf.standard_error);
            // First order: d sqrt(v) = dv / (2 sqrt(v)).
            add("mmd.rbf.v.sqrt", root, rbf.standard_error / (2.0 * root));
        }
        found.extend(p_value(evidence, available.min(TESTED), kernels[0])?);
        Ok(found.into())
    }
}

/// The variance of one dimension of the prior, which sets the scale of kernels: its law's, or where dimensions are not
/// independent and alike the mean of those of its draws; 1 where it is not finite.
pub(crate) fn prior_variance(evidence: &dyn Evidence) -> Result<f64> {
    let variance = match evidence.prior().marginal() {
        Some(law) => law.variance(),
        None => {
            let draws = evidence.prior_sample()?.to_dtype(DType::F64)?;
            if draws.dim(0)? < 2 {
                return Ok(1.0);
            }
            draws.var(0)?.mean_all()?.to_scalar::<f64>()?
        }
    };
    Ok(Some(variance).filter(|variance| variance.is_finite() && *variance > 0.0).unwrap_or(1.0))
}

/// A distance that one code or one draw does not have.
pub(crate) fn too_few(entry: &str, protocol: Protocol, n: usize) -> Findings {
    let of = Measurement::new(entry, entry, protocol.with("N", n), "1").better(Direction::Lower).sized(n);
    vec![of.noted("needs two codes and two draws from the prior at least".to_owned())].into()
}

/// A distance of codes from the prior, or a note where it does not exist; doubted where nothing says how far it may be off by chance.
pub(crate) fn finite_or_noted(of: Measurement, value: f64, standard_error: impl Into<Option<f64>>) -> Measurement {
    let finite = |v: &f64| v.is_finite();
    let note = (!value.is_finite()).then(|| "the codes are not all finite".to_owned());
    let of = of.valued(Some(value).filter(finite), standard_error.into().filter(finite)).better(Direction::Lower).noted(note);
    let no_error = of.standard_error.is_none();
    of.over(&[Varies::TestImages, Varies::CodeDraws, Varies::PriorDraws]).doubted(Doubt::NoError, no_error)
}

/// The two-sample test of codes against the prior; none where the codes are not finite, which other values say.
fn p_value(evidence: &dyn Evidence, n: usize, kernel: &dyn Kernel) -> Result<Option<Measurement>> {
    let (q, p) = (drawn_rows(evidence.z()?, n)?, evidence.prior_sample()?.narrow(0, 0, n)?);
    if crate::summary::values(&q)?.iter().any(|v| !v.is_finite()) {
        return Ok(None);
    }
    let found = two_sample::test(&q, &p, kernel, PERMUTATIONS, &evidence.streams().fold_in("mmd.two_sample"))?;
    let protocol = Protocol::new("mmd.imq.p").with("N", n).with("permutations", PERMUTATIONS).sampled_from(evidence.sampler());
    let note = "of a discrepancy this large if the codes were drawn from the prior; 0.001 is the least that is possible".to_owned();
    let of = Measurement::new(ENTRY.name, ENTRY.name, protocol, "probability").of_kind(Kind::PValue);
    Ok(Some(of.valued(found.p_value, None).sized(n).noted(note)))
}

/// Estimates of MMD^2 from one pair of samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Without the diagonal of the self terms; may be negative.
    pub unbiased: f64,
    /// With it; never negative.
    pub biased: f64,
    /// Standard error of `unbiased`: the first two terms of its Hoeffding decomposition, so that it holds both
    /// for distant samples and for alike ones.
    pub standard_error: f64,
}

/// Estimates MMD^2 between samples `[N, d]` of q and `[M, d]` of p, one for each kernel.
///
/// # Errors
/// Where the shapes do not fit or a sample has fewer than two rows.
pub fn estimate(q: &Tensor, p: &Tensor, kernels: &[&dyn Kernel]) -> Result<Vec<Estimate>> {
    let (q, p) = (Points::new(q)?, Points::new(p)?);
    if q.size() != p.size() {
        return Err(Error::shape("codes of p", format!("[M, {}]", q.size()), &[p.count(), p.size()]));
    }
    if q.count() < 2 || p.count() < 2 {
        return Err(Error::shape("codes", "two rows or more", &[q.count().min(p.count()), q.size()]));
    }
    let own_q = pairs::own(&q, kernels);
    let own_p = pairs::own(&p, kernels);
    let cross = pairs::cross(&q, &p, kernels);
    let sums = own_q.iter().zip(&own_p).zip(&cross).zip(kernels);
    Ok(sums.map(|(((qq, pp), qp), kernel)| combine(qq, pp, qp, kernel.at_zero())).collect())
}

pub(crate) fn combine(qq: &Sums, pp: &Sums, qp: &Sums, at_zero: f64) -> Estimate {
    let (n, m) = (qq.rows.len() as f64, pp.rows.len() as f64);
    let own = |sums: &Sums, n: f64| OwnTerm::new(sums, n);
    let (q, p) = (own(qq, n), own(pp, m));
    let cross: f64 = qp.rows.iter().sum::<f64>() / (n * m);
    let (by_q, by_p): (Vec<f64>, Vec<f64>) = (qp.rows.iter().map(|s| s / m).collect(), qp.columns.iter().map(|s| s / n).collect());
    let cross_rest = not_negative(qp.squares / (n * m) - cross * cross - variance(&by_q) - variance(&by_p));

    // First order: 2/n sum_i u_i, u_i = mean_j k(z_i, z_j) - mean_j k(z_i, y_j), and alike for p. The means over
    // j are themselves noisy, by the second-order variances over the sample size; that part is taken off.
    let first = |term: &OwnTerm, cross: &[f64], n: f64, m: f64| {
        let u: Vec<f64> = term.means.iter().zip(cross).map(|(own, cross)| own - cross).collect();
        4.0 / n * (variance(&u) - term.rest / n - cross_rest / m)
    };
    let second = |term: &OwnTerm, n: f64| 2.0 * term.rest / (n * (n - 1.0));
    let first = not_negative(first(&q, &by_q, n, m) + first(&p, &by_p, m, n));
    let second = second(&q, n) + second(&p, m) + 4.0 * cross_rest / (n * m);
    Estimate {
        unbiased: q.mean + p.mean - 2.0 * cross,
        // k >= 0 makes the V-statistic a squared norm; rounding may leave it a hair below zero.
        biased: not_negative(q.with_diagonal(n, at_zero) + p.with_diagonal(m, at_zero) - 2.0 * cross),
        standard_error: (first + second).sqrt(),
    }
}

/// The self term of one sample, without the diagonal.
struct OwnTerm {
    mean: f64,
    /// For each row, the mean over all others.
    means: Vec<f64>,
    /// Variance of the kernel that the rows' means do not explain.
    rest: f64,
}

impl OwnTerm {
    fn new(sums: &Sums, n: f64) -> Self {
        let means: Vec<f64> = sums.rows.iter().map(|s| s / (n - 1.0)).collect();
        let mean = means.iter().sum::<f64>() / n;
        let rest = not_negative(sums.squares / (n * (n - 1.0)) - mean * mean - 2.0 * variance(&means));
        Self { mean, means, rest }
    }

    fn with_diagonal(&self, n: f64, at_zero: f64) -> f64 {
        (self.mean * (n - 1.0) + at_zero) / n
    }
}

/// `f64::max` would turn a NaN into zero.
fn not_negative(value: f64) -> f64 {
    if value < 0.0 { 0.0 } else { value }
}

fn variance(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)
}

#[cfg(test)]
mod tests;
