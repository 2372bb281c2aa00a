//! Bounds of I_q(X; Z) from a sample of images whose code distributions are known.
//!
//! With z_i a draw of q(z|x_i), K images at a time (Poole et al., "On Variational Bounds of Mutual Information",
//! 2019): from below E ln q(z_i|x_i) - ln 1/K sum_j q(z_i|x_j) (InfoNCE with the best critic), which is never above
//! ln K; from above the same with the mean over the other K - 1 alone (leave one out).

use rayon::prelude::*;
use vimae_core::{Code, Result, numerics::log_sum_exp};
use vimae_statistics::jackknife::{self, GROUPS};

use crate::summary::values;

/// Diagonal Gaussians q(z|x_i), one per image.
#[derive(Debug, Clone, PartialEq)]
pub struct Gaussians {
    means: Vec<f64>,
    precisions: Vec<f64>,
    /// -1/2 (sum ln var + d ln 2 pi) of each.
    constants: Vec<f64>,
    size: usize,
}

/// Terms of the two bounds, one per image: their means are the bounds, in nats.
#[derive(Debug, Clone, PartialEq)]
pub struct Terms {
    /// Of the lower bound.
    pub lower: Vec<f64>,
    /// Of the upper bound; minus infinity is impossible, infinity where K is 1.
    pub upper: Vec<f64>,
    /// Both terms without each group of images, one of which is the term's own: without that there is none.
    without: Vec<[Option<[f64; 2]>; GROUPS]>,
}

impl Terms {
    /// Standard errors of the lower and the upper bound over images and their code draws. Terms share the images under
    /// their logarithms, so that the spread of terms alone is not one; without a group of images each bound is computed
    /// anew. `of`: what is made of a term of image i, itself for the bounds.
    pub fn errors(&self, of: impl Fn(usize, f64) -> f64) -> [Option<f64>; 2] {
        if self.without.len() < 2 * GROUPS {
            return [None, None];
        }
        let bound = |side: usize, group: usize| {
            let kept = self.without.iter().enumerate().filter_map(|(i, terms)| Some(of(i, terms.get(group).copied().flatten()?[side])));
            let (sum, count) = kept.fold((0.0, 0), |(sum, count), term| (sum + term, count + 1));
            sum / f64::from(count)
        };
        [0, 1].map(|side| jackknife::error(&(0..GROUPS).map(|group| bound(side, group)).collect::<Vec<_>>()))
    }
}

impl Gaussians {
    /// From means and log-variances `[N, d]`.
    ///
    /// # Errors
    /// For a code without log-variance.
    pub fn new(code: &Code) -> Result<Self> {
        let (_, size) = code.mean.dims2()?;
        let log_vars = values(code.log_variance("information")?)?;
        let constant = |row: &[f64]| -0.5 * (row.iter().sum::<f64>() + size as f64 * std::f64::consts::TAU.ln());
        Ok(Self {
            means: values(&code.mean)?,
            precisions: log_vars.iter().map(|v| (-v).exp()).collect(),
            constants: log_vars.chunks_exact(size.max(1)).map(constant).collect(),
            size,
        })
    }

    /// Images.
    pub fn count(&self) -> usize {
        self.constants.len()
    }

    /// The draw of each image's code at standard normal `noise` `[N, d]`.
    pub fn draw(&self, noise: &[f32]) -> Vec<f64> {
        let moved = |((mean, precision), noise): ((&f64, &f64), &f32)| mean + f64::from(*noise) / precision.sqrt();
        self.means.iter().zip(&self.precisions).zip(noise).map(moved).collect()
    }

    /// ln q(z|x_j).
    fn log_density(&self, z: &[f64], j: usize) -> f64 {
        let columns = j * self.size..(j + 1) * self.size;
        let squares = z.iter().zip(&self.means[columns.clone()]).zip(&self.precisions[columns]).map(|((z, m), p)| (z - m).powi(2) * p);
        self.constants[j] - 0.5 * squares.sum::<f64>()
    }

    /// The terms of both bounds at one draw `[N, d]` of each image, `together` images at a time; what is left
    /// over at the end is left out. Needs N x `together` x d steps and memory for one row.
    pub fn terms(&self, draws: &[f64], together: usize) -> Terms {
        let rows = self.count() / together.max(1) * together;
        let groups = jackknife::groups(rows);
        let found: Vec<_> = (0..rows)
            .into_par_iter()
            .map(|i| {
                let z = &draws[i * self.size..(i + 1) * self.size];
                let first = i / together * together;
                let all: Vec<f64> = (first..first + together).map(|j| self.log_density(z, j)).collect();
                let own = all[i - first];
                let others: Vec<f64> = all.iter().enumerate().filter(|(j, _)| first + j != i).map(|(_, v)| *v).collect();
                let lower = own - log_sum_exp(&all) + (together as f64).ln();
                let upper = own - log_sum_exp(&others) + (others.len() as f64).ln();
                (lower, upper, without_groups(i - first, own, &all, &groups[first..first + together]))
            })
            .collect();
        let mut terms = Terms { lower: Vec::with_capacity(rows), upper: Vec::with_capacity(rows), without: Vec::with_capacity(rows) };
        for (lower, upper, without) in found {
            terms.lower.push(lower);
            terms.upper.push(upper);
            terms.without.push(without);
        }
        terms
    }
}

/// The terms of image `i` of a comparison without each group of images, from its own log density, `all` of the comparison and
/// their groups.
fn without_groups(i: usize, own: f64, all: &[f64], groups: &[usize]) -> [Option<[f64; 2]>; GROUPS] {
    // The sum of densities of each group, as logarithms; that of the image's own group without itself.
    let of_group = |group: usize| {
        let members = all.iter().zip(groups).enumerate().filter(|(j, (_, of))| **of == group && *j != i);
        let members: Vec<f64> = members.map(|(_, (v, _))| *v).collect();
        (log_sum_exp(&members), members.len())
    };
    let sums: Vec<(f64, usize)> = (0..GROUPS).map(of_group).collect();
    std::array::from_fn(|left_out| {
        if groups[i] == left_out {
            return None;
        }
        let kept = || sums.iter().enumerate().filter(|(group, _)| *group != left_out).map(|(_, sum)| *sum);
        let count: usize = kept().map(|(_, count)| count).sum();
        let others = log_sum_exp(&kept().map(|(sum, _)| sum).collect::<Vec<_>>());
        Some([own - log_sum_exp(&[others, own]) + ((count + 1) as f64).ln(), own - others + (count as f64).ln()])
    })
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};
    use vimae_core::{Purpose, Streams};

    use super::*;
    use crate::Summary;

    fn normal(step: u64, count: usize) -> Vec<f32> {
        Streams::new(11).normal(Purpose::Evaluation, step, count)
    }

    fn gaussians(means: Vec<f64>, log_var: f64, size: usize) -> Gaussians {
        let shape = (means.len() / size, size);
        let log_var = Tensor::full(log_var, shape, &Device::Cpu).unwrap();
        Gaussians::new(&Code { mean: Tensor::from_vec(means, shape, &Device::Cpu).unwrap(), log_var: Some(log_var) }).unwrap()
    }

    fn mean(values: &[f64]) -> f64 {
        Summary::of(values).unwrap().mean
    }

    #[test]
    fn a_linear_gaussian_channel_lies_between_its_bounds() {
        // z = x + noise of variance 1/4, x standard normal in two dimensions: I = ln 5.
        let count = 3_000;
        let q = gaussians(normal(0, 2 * count).into_iter().map(f64::from).collect(), 0.25_f64.ln(), 2);
        let terms = q.terms(&q.draw(&normal(1, 2 * count)), count);
        let (lower, upper) = (mean(&terms.lower), mean(&terms.upper));
        let error = Summary::of(&terms.lower).unwrap().standard_error.unwrap();
        assert!(lower < upper, "{lower} {upper}");
        assert!((lower - 5.0_f64.ln()).abs() < 4.0 * error + 0.01 && (upper - 5.0_f64.ln()).abs() < 4.0 * error + 0.02, "{lower} {upper}");
        // Fewer at a time: further apart, on both sides.
        let few = q.terms(&q.draw(&normal(1, 2 * count)), 20);
        assert!(mean(&few.lower) < lower && mean(&few.upper) > upper && few.lower.len() == 3_000);
    }

    #[test]
    fn errors_are_the_deviation_of_bounds_of_new_images() {
        let (count, rounds) = (100, 60);
        let (mut bounds, mut claimed, mut spread) = ([Vec::new(), Vec::new()], [0.0; 2], 0.0);
        for round in 0..rounds {
            let q = gaussians(normal(10 + 2 * round, 2 * count).into_iter().map(f64::from).collect(), 0.25_f64.ln(), 2);
            let terms = q.terms(&q.draw(&normal(11 + 2 * round, 2 * count)), count);
            bounds[0].push(mean(&terms.lower));
            bounds[1].push(mean(&terms.upper));
            for (claimed, error) in claimed.iter_mut().zip(terms.errors(|_, term| term)) {
                *claimed += error.unwrap().powi(2) / rounds as f64;
            }
            spread += Summary::of(&terms.lower).unwrap().standard_error.unwrap().powi(2) / rounds as f64;
        }
        for (bounds, claimed) in bounds.iter().zip(claimed) {
            let deviation = Summary::of(bounds).unwrap().standard_error.unwrap() * (rounds as f64).sqrt();
            assert!((0.75..1.35).contains(&(claimed.sqrt() / deviation)), "{} {deviation} {}", claimed.sqrt(), spread.sqrt());
        }
        let few = gaussians(vec![0.0; 19], 0.0, 1);
        assert_eq!(few.terms(&[0.0; 19], 19).errors(|_, term| term), [None, None]);
    }

    #[test]
    fn codes_far_apart_reach_the_ceiling_and_alike_ones_hold_nothing() {
        // Four codes without overlap: I_q = ln 4, which is the ceiling.
        let far = gaussians(vec![0.0, 1e3, 2e3, 3e3], 0.0, 1);
        let terms = far.terms(&far.draw(&normal(0, 4)), 4);
        assert!(terms.lower.iter().all(|t| (t - 4.0_f64.ln()).abs() < 1e-9));
        assert!(terms.upper.iter().all(|t| *t > 1e5));
        let alike = gaussians(vec![0.5; 6], 0.3, 1);
        let terms = alike.terms(&alike.draw(&normal(0, 6)), 6);
        assert!(terms.lower.iter().chain(&terms.upper).all(|t| t.abs() < 1e-9));
    }

    #[test]
    fn no_term_is_above_the_ceiling_and_every_upper_is_above_its_lower() {
        for (spread, together) in [(0.1, 7), (1.0, 50), (30.0, 100)] {
            let means = normal(3, 300).into_iter().map(|v| spread * f64::from(v)).collect();
            let q = gaussians(means, 0.0, 3);
            let terms = q.terms(&q.draw(&normal(4, 300)), together);
            assert_eq!(terms.lower.len(), 100 / together * together);
            assert!(terms.lower.iter().all(|t| *t <= (together as f64).ln() + 1e-12));
            assert!(mean(&terms.upper) >= mean(&terms.lower));
        }
    }

    #[test]
    fn a_narrow_code_loses_no_digits() {
        // Means 1e3 deviations apart and far from zero, where expanded squares would cancel.
        let q = gaussians(vec![1e3, 1e3 + 1e-3], (1e-6_f64).powi(2).ln(), 1);
        let terms = q.terms(&q.draw(&[0.5, -0.5]), 2);
        assert!((terms.lower[0] - 2.0_f64.ln()).abs() < 1e-9);
        assert!((terms.upper[0] / 500_500.0 - 1.0).abs() < 0.01, "{}", terms.upper[0]);
    }
}
