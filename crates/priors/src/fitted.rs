//! A Gaussian mixture with full covariances fitted to codes: the ex-post density of a regularised autoencoder,
//! `p(z) = sum_k w_k N(z; m_k, S_k)` (Ghosh et al. 2020, section 4).
//!
//! Expectation maximisation from means chosen far apart (k-means++, Arthur & Vassilvitskii 2007), on at most 10 000 codes.
//! It is a function of the codes alone.

use candle_core::{D, Tensor};
use rand::Rng;
use rand_distr::StandardNormal;
use vimae_core::{
    Code, Density, Error, Factors, Prior, Purpose, Result, Streams, Univariate,
    numerics::{Cholesky, log_sum_exp, log_sum_exp_over},
};

/// Codes that the fit looks at, at most; evenly spaced among all.
const CODES: usize = 10_000;
/// Rounds of expectation maximisation, at most.
const ROUNDS: usize = 100;
/// Gain in mean log density, in nats, below which the rounds end.
const TOLERANCE: f64 = 1e-6;
/// Added to the diagonal of a covariance, as a share of the codes' mean variance.
const RIDGE: f64 = 1e-6;

/// A mixture of Gaussians with full covariances.
#[derive(Debug, Clone)]
pub struct FittedMixture {
    size: usize,
    parts: Vec<Part>,
}

/// One component.
#[derive(Debug, Clone)]
struct Part {
    log_weight: f64,
    mean: Vec<f64>,
    /// The covariance S = L L^T.
    root: Cholesky,
}

impl FittedMixture {
    /// Fits `components` Gaussians to codes of `size` dimensions, row by row. One component has the codes' own mean and
    /// covariance.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where there are fewer than two codes a component, or a code is not finite.
    pub fn fit(codes: &[f64], size: usize, components: usize) -> Result<Self> {
        let refused = |reason: String| Error::Unsupported { what: format!("fit of {components} Gaussians to codes"), reason };
        let all: Vec<&[f64]> = codes.chunks_exact(size.max(1)).collect();
        if components == 0 || all.len() < 2 * components {
            return Err(refused(format!("there are {} codes, two for each are needed", all.len())));
        }
        if codes.iter().any(|v| !v.is_finite()) {
            return Err(refused("a code is not finite".into()));
        }
        let stride = all.len().div_ceil(CODES);
        let rows: Vec<&[f64]> = all.into_iter().step_by(stride).collect();
        let whole = Part::of(&rows, &vec![1.0; rows.len()], 0.0);
        let variance = (0..size).map(|j| whole.root.product(j, j)).sum::<f64>() / size as f64;
        let ridge = RIDGE * variance.max(f64::MIN_POSITIVE);
        let part = |weights: &[f64]| Part::of(&rows, weights, ridge);

        let centres = centres(&rows, components);
        let mut belongs = nearest(&rows, &centres);
        let mut parts: Vec<Part> = belongs.iter().map(|weights| part(weights)).collect();
        let mut before = f64::NEG_INFINITY;
        for _ in 0..ROUNDS {
            let (log_density, next) = expect(&rows, &parts);
            if components == 1 || log_density - before < TOLERANCE {
                break;
            }
            before = log_density;
            belongs = next;
            parts = belongs.iter().map(|weights| part(weights)).collect();
        }
        Ok(Self { size, parts })
    }

    /// The mixture that [`density`](Prior::density) gave: every number is the one it was.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for another density, and for numbers that do not belong together.
    pub fn of(density: Density) -> Result<Self> {
        let refused = |reason: &str| Error::Unsupported { what: "a fitted mixture of these numbers".into(), reason: reason.into() };
        let Density::Mixture { size, log_weights, means, factors: Factors::Lower(factors) } = density else {
            return Err(refused("they are no mixture with full covariances"));
        };
        let count = log_weights.len();
        if size == 0 || count == 0 || means.len() != count * size || factors.len() != count * size * size {
            return Err(refused("weights, means and covariances are not of as many components"));
        }
        let rows = means.chunks_exact(size).zip(factors.chunks_exact(size * size));
        let part = |(log_weight, (mean, factor)): (f64, (&[f64], &[f64]))| {
            let root = Cholesky::from_factor(factor.to_vec(), size).ok_or_else(|| refused("a covariance is not positive definite"))?;
            Ok(Part { log_weight, mean: mean.to_vec(), root })
        };
        Ok(Self { size, parts: log_weights.into_iter().zip(rows).map(part).collect::<Result<_>>()? })
    }

    /// How many Gaussians there are.
    pub fn components(&self) -> usize {
        self.parts.len()
    }
}

impl Part {
    /// The Gaussian of weighted rows.
    fn of(rows: &[&[f64]], weights: &[f64], ridge: f64) -> Self {
        let size = rows.first().map_or(0, |row| row.len());
        let total: f64 = weights.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        let mut mean = vec![0.0; size];
        for (row, weight) in rows.iter().zip(weights) {
            mean.iter_mut().zip(*row).for_each(|(m, v)| *m += weight * v / total);
        }
        let mut covariance = vec![0.0; size * size];
        for (row, weight) in rows.iter().zip(weights).filter(|(_, weight)| **weight > 0.0) {
            for i in 0..size {
                let scaled = weight * (row[i] - mean[i]) / total;
                for j in 0..=i {
                    covariance[i * size + j] += scaled * (row[j] - mean[j]);
                }
            }
        }
        (0..size).for_each(|i| covariance[i * size + i] += ridge);
        // The ridge keeps the pivots above zero but for rounding.
        let root = Cholesky::semidefinite(&covariance, size, f64::MIN_POSITIVE);
        Self { log_weight: (total / rows.len().max(1) as f64).ln(), root, mean }
    }

    /// Log of weight times density, in nats.
    fn log_density(&self, row: &[f64]) -> f64 {
        let size = self.mean.len();
        let mut apart: Vec<f64> = row.iter().zip(&self.mean).map(|(z, m)| z - m).collect();
        self.root.solve_lower(&mut apart);
        let constant = self.log_weight - 0.5 * size as f64 * std::f64::consts::TAU.ln();
        apart.iter().zip(self.root.diagonal()).fold(constant, |sum, (solved, diagonal)| sum - (0.5 * solved * solved + diagonal.ln()))
    }
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum()
}

/// Rows far apart: each is drawn with a chance that grows with the squared distance from those before it.
fn centres(rows: &[&[f64]], count: usize) -> Vec<usize> {
    let mut rng = Streams::new(0).at(Purpose::Evaluation, 0);
    let mut chosen = vec![rng.random_range(0..rows.len())];
    let mut far = vec![f64::INFINITY; rows.len()];
    while chosen.len() < count {
        let last = rows[chosen[chosen.len() - 1]];
        far.iter_mut().zip(rows).for_each(|(far, row)| *far = far.min(distance(row, last)));
        let mut left = rng.random::<f64>() * far.iter().sum::<f64>();
        let at = far.iter().position(|far| {
            left -= far;
            left < 0.0
        });
        chosen.push(at.unwrap_or(rows.len() - 1));
    }
    chosen
}

/// Which rows are nearest to each centre, as weights of 0 or 1.
fn nearest(rows: &[&[f64]], centres: &[usize]) -> Vec<Vec<f64>> {
    let mut belongs = vec![vec![0.0; rows.len()]; centres.len()];
    for (at, row) in rows.iter().enumerate() {
        let near = (0..centres.len()).min_by(|a, b| distance(row, rows[centres[*a]]).total_cmp(&distance(row, rows[centres[*b]])));
        belongs[near.unwrap_or(0)][at] = 1.0;
    }
    belongs
}

/// Mean log density of the rows, and how much of each row belongs to each component.
fn expect(rows: &[&[f64]], parts: &[Part]) -> (f64, Vec<Vec<f64>>) {
    let mut belongs = vec![vec![0.0; rows.len()]; parts.len()];
    let mut sum = 0.0;
    for (at, row) in rows.iter().enumerate() {
        let logs: Vec<f64> = parts.iter().map(|part| part.log_density(row)).collect();
        let total = log_sum_exp(&logs);
        sum += total;
        belongs.iter_mut().zip(&logs).for_each(|(belongs, log)| belongs[at] = (log - total).exp());
    }
    (sum / rows.len() as f64, belongs)
}

impl Prior for FittedMixture {
    fn name(&self) -> &str {
        "fitted_mixture"
    }

    fn draw(&self, streams: &Streams, purpose: Purpose, step: u64, count: usize, size: usize) -> Result<Vec<f32>> {
        if size != self.size {
            return Err(Error::shape("codes of the fitted mixture", format!("[N, {}]", self.size), &[count, size]));
        }
        let rows = streams.fill(purpose, step, count, |rng| {
            let mut left: f64 = rng.random();
            let chosen = self.parts.iter().find(|part| {
                left -= part.log_weight.exp();
                left < 0.0
            });
            let noise: Vec<f64> = (0..size).map(|_| rng.sample(StandardNormal)).collect();
            let Some(part) = chosen.or(self.parts.last()) else { return Vec::new() };
            part.mean.iter().zip(part.root.lower_times(&noise)).map(|(mean, moved)| (mean + moved) as f32).collect::<Vec<f32>>()
        });
        Ok(rows.concat())
    }

    fn log_density(&self, codes: &Tensor) -> Result<Tensor> {
        match *codes.dims() {
            [_, d] if d == self.size => {}
            _ => return Err(Error::shape("codes", format!("[N, {}]", self.size), codes.dims())),
        }
        let tensor = |values: Vec<f64>, shape: (usize, usize)| Tensor::from_vec(values, shape, codes.device())?.to_dtype(codes.dtype());
        let mut logs = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            let apart = codes.broadcast_sub(&tensor(part.mean.clone(), (1, self.size))?)?;
            let solved = apart.matmul(&tensor(part.root.inverse(), (self.size, self.size))?.t()?)?;
            let constant = part.log_weight - part.root.log_determinant() - 0.5 * self.size as f64 * std::f64::consts::TAU.ln();
            logs.push(solved.sqr()?.sum(D::Minus1)?.affine(-0.5, constant)?);
        }
        log_sum_exp_over(&Tensor::stack(&logs, 1)?, 1)
    }

    fn rate(&self, _: &Code) -> Result<Tensor> {
        Err(Error::Unsupported {
            what: "rate under a fitted mixture".into(),
            reason: "a rate is measured under the prior that a run was trained with, not under a density that was fitted to its codes"
                .into(),
        })
    }

    fn marginal(&self) -> Option<&dyn Univariate> {
        None
    }

    fn density(&self) -> Result<Option<Density>> {
        let of = |values: fn(&Part) -> &[f64]| self.parts.iter().flat_map(|part| values(part).iter().copied()).collect();
        Ok(Some(Density::Mixture {
            size: self.size,
            log_weights: self.parts.iter().map(|part| part.log_weight).collect(),
            means: of(|part| &part.mean),
            factors: Factors::Lower(of(|part| part.root.factor())),
        }))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    /// Two correlated clouds around (-3, 0) and (3, 1), a quarter of the codes in the first.
    fn clouds() -> Vec<f64> {
        let noise = Streams::new(3).normal(Purpose::Evaluation, 0, 2 * 4_000);
        let row = |(at, pair): (usize, &[f32])| {
            let (a, b) = (f64::from(pair[0]), f64::from(pair[1]));
            let (x, y) = if at % 4 == 0 { (-3.0, 0.0) } else { (3.0, 1.0) };
            [x + 0.5 * a, y + 0.4 * a + 0.3 * b]
        };
        noise.chunks_exact(2).enumerate().flat_map(row).collect()
    }

    #[test]
    fn the_clouds_that_made_the_codes_are_found() {
        let mixture = FittedMixture::fit(&clouds(), 2, 2).unwrap();
        let first = mixture.parts.iter().min_by(|a, b| a.mean[0].total_cmp(&b.mean[0])).unwrap();
        assert!((first.log_weight.exp() - 0.25).abs() < 1e-3 && (first.mean[0] + 3.0).abs() < 0.05 && first.mean[1].abs() < 0.05);
        for (i, j, expected) in [(0, 0, 0.25), (1, 0, 0.2), (1, 1, 0.25)] {
            assert!((first.root.product(i, j) - expected).abs() < 0.03, "{i} {j} {}", first.root.product(i, j));
        }
    }

    #[test]
    fn one_component_has_the_mean_and_covariance_of_the_codes() {
        let mixture = FittedMixture::fit(&clouds(), 2, 1).unwrap();
        assert!((mixture.parts[0].mean[0] - 1.5).abs() < 0.05 && (mixture.parts[0].root.product(0, 0) - (0.25 + 6.75)).abs() < 0.1);
    }

    #[test]
    fn samples_have_the_density_stated() {
        let mixture = FittedMixture::fit(&clouds(), 2, 2).unwrap();
        let sample = mixture.draw(&Streams::new(1), Purpose::Evaluation, 7, 20_000, 2).unwrap();
        assert_eq!(sample, mixture.draw(&Streams::new(1), Purpose::Evaluation, 7, 20_000, 2).unwrap());
        let far: Vec<&[f32]> = sample.chunks_exact(2).filter(|z| z[0] < 0.0).collect();
        assert!((far.len() as f64 / 20_000.0 - 0.25).abs() < 0.01);
        // The entropy of well separated Gaussians: that of the choice, and of each.
        let codes = Tensor::from_vec(sample, (20_000, 2), &Device::Cpu).unwrap();
        let entropy = -mixture.log_density(&codes).unwrap().mean_all().unwrap().to_scalar::<f32>().unwrap();
        let gaussian = 1.0 + std::f64::consts::TAU.ln() + (0.5_f64 * 0.3).ln();
        let expected = gaussian - 0.25 * 0.25_f64.ln() - 0.75 * 0.75_f64.ln();
        assert!((f64::from(entropy) - expected).abs() < 0.03, "{entropy}, expected {expected}");
    }

    #[test]
    fn a_mixture_made_of_its_own_numbers_draws_the_same() {
        let mixture = FittedMixture::fit(&clouds(), 2, 2).unwrap();
        let again = FittedMixture::of(mixture.density().unwrap().unwrap()).unwrap();
        let sample = |mixture: &FittedMixture| mixture.draw(&Streams::new(3), Purpose::Evaluation, 1, 50, 2).unwrap();
        assert_eq!(sample(&mixture), sample(&again));
        let Some(Density::Mixture { log_weights, means, factors, .. }) = mixture.density().unwrap() else { panic!("a mixture") };
        let wrong = Density::Mixture { size: 3, log_weights, means, factors };
        assert!(matches!(FittedMixture::of(wrong), Err(Error::Unsupported { .. })));
    }

    #[test]
    fn too_few_codes_and_codes_that_are_not_numbers_are_refused() {
        assert!(matches!(FittedMixture::fit(&[0.0; 6], 2, 2), Err(Error::Unsupported { .. })));
        assert!(matches!(FittedMixture::fit(&[f64::NAN; 8], 2, 1), Err(Error::Unsupported { .. })));
        // Codes that are all the same are no error.
        assert!(FittedMixture::fit(&[1.0; 40], 2, 2).unwrap().draw(&Streams::new(1), Purpose::Evaluation, 0, 3, 2).is_ok());
        assert!(FittedMixture::fit(&clouds(), 2, 1).unwrap().draw(&Streams::new(1), Purpose::Evaluation, 0, 3, 4).is_err());
    }
}
