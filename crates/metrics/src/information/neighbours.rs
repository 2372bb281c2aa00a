//! Differential entropy of a distribution from draws, by nearest neighbours.
//!
//! h = psi(N) - psi(k) + ln V_d + d/N sum_i ln r_i, with r_i the distance of draw i to its k-th neighbour and V_d the
//! volume of the unit ball (Kozachenko and Leonenko, "Sample estimate of the entropy of a random vector", 1987; k above
//! 1: Singh et al. 2003). Biased where the density changes over r_i: upwards in many dimensions with few draws, so that
//! two entropies compare only at equal N, k and d.

use rayon::prelude::*;
use statrs::function::gamma::{digamma, ln_gamma};
use vimae_statistics::jackknife::{self, GROUPS};

/// Neighbours that are kept of each row beyond those asked for, so that without a group there are enough: a quarter of them
/// and so many more.
const SPARE: usize = 16;

/// The estimate of the entropy in nats with its terms.
#[derive(Debug, Clone, PartialEq)]
pub struct Entropy {
    /// One a draw; their mean is the estimate.
    pub terms: Vec<f64>,
    /// The terms without each group of draws, one of which is the term's own: without that there is none.
    without: Vec<[Option<f64>; GROUPS]>,
}

impl Entropy {
    /// The standard error of the mean of what `of` makes of each draw's term. Draws share their neighbours, so that the spread
    /// of terms is not one; without a group of draws the estimate is computed anew. None for few draws.
    pub fn error(&self, of: impl Fn(usize, f64) -> f64) -> Option<f64> {
        let without = |group: usize| {
            let kept = self.without.iter().enumerate().filter_map(|(i, terms)| Some(of(i, terms.get(group).copied().flatten()?)));
            let (sum, count) = kept.fold((0.0, 0), |(sum, count), term| (sum + term, count + 1));
            sum / f64::from(count)
        };
        let enough = self.without.len() >= 2 * GROUPS;
        enough.then(|| jackknife::error(&(0..GROUPS).map(without).collect::<Vec<_>>())).flatten()
    }
}

/// The entropy of the distribution of `draws`, rows of `size` values, by the `k`-th neighbour; none where there are not
/// more than `k` rows, where more than `k` coincide (the entropy is then minus infinity), and where a value is not finite.
pub fn entropy(draws: &[f64], size: usize, k: usize) -> Option<Entropy> {
    let count = draws.len() / size.max(1);
    if k == 0 || size == 0 || count <= k {
        return None;
    }
    let d = size as f64;
    let ln_ball = 0.5 * d * std::f64::consts::PI.ln() - ln_gamma(0.5 * d + 1.0);
    let term = |count: usize, square: f64| digamma(count as f64) - digamma(k as f64) + ln_ball + 0.5 * d * square.ln();
    let groups = jackknife::groups(count);
    let kept: Vec<usize> = (0..GROUPS).map(|left_out| groups.iter().filter(|group| **group != left_out).count()).collect();
    let found: Vec<(f64, [Option<f64>; GROUPS])> = (0..count)
        .into_par_iter()
        .map(|i| {
            let near = nearest(draws, size, i, k + k / 4 + SPARE, |_| true);
            let without = std::array::from_fn(|left_out| {
                if groups[i] == left_out || kept[left_out] <= k {
                    return None;
                }
                let is_kept = |j: usize| groups[j] != left_out;
                let others = near.iter().filter(|(_, j)| is_kept(*j)).nth(k - 1).map(|(square, _)| *square);
                let others = others.or_else(|| nearest(draws, size, i, k, is_kept).get(k - 1).map(|(square, _)| *square));
                Some(term(kept[left_out], others?))
            });
            (near.get(k - 1).map_or(f64::NAN, |(square, _)| term(count, *square)), without)
        })
        .collect();
    let (terms, without): (Vec<f64>, _) = found.into_iter().unzip();
    terms.iter().all(|t| t.is_finite()).then_some(Entropy { terms, without })
}

/// Why [`entropy`] has none for these draws, in words.
pub(crate) fn why_none(draws: &[f64], k: usize) -> String {
    if draws.iter().all(|v| v.is_finite()) {
        format!("codes coincide, or there are not more than {k}: no neighbours at a distance")
    } else {
        "the codes are not all finite".into()
    }
}

/// The squared distances of row `i` to its `count` nearest others among those that are kept, in rising order, with their
/// places. Distances that are not numbers come first.
fn nearest(draws: &[f64], size: usize, i: usize, count: usize, is_kept: impl Fn(usize) -> bool) -> Vec<(f64, usize)> {
    let own = &draws[i * size..(i + 1) * size];
    // The smallest so far, in rising order: they are few, so that a shift is cheaper than a heap.
    let mut least: Vec<(f64, usize)> = Vec::with_capacity(count + 1);
    for (j, other) in draws.chunks_exact(size).enumerate() {
        if j == i || !is_kept(j) {
            continue;
        }
        let distance: f64 = own.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum();
        if distance.is_nan() {
            return vec![(f64::NAN, j); count];
        }
        if least.len() < count || least.last().is_some_and(|(last, _)| distance < *last) {
            least.truncate(count - 1);
            least.insert(least.partition_point(|(l, _)| *l <= distance), (distance, j));
        }
    }
    least
}

#[cfg(test)]
mod tests {
    use rand::Rng;
    use vimae_core::{Purpose, Streams};

    use super::*;
    use crate::Summary;

    fn check(draws: &[f64], size: usize, k: usize, expected: f64) {
        let terms = entropy(draws, size, k).unwrap().terms;
        let found = Summary::of(&terms).unwrap();
        let allowed = 4.0 * found.standard_error.unwrap() + 0.01;
        assert!((found.mean - expected).abs() < allowed, "{} of {size} dimensions, expected {expected} +- {allowed}", found.mean);
    }

    #[test]
    fn gaussians_have_their_entropy() {
        for size in [1, 2, 4] {
            let draws = Streams::new(1).normal(Purpose::Evaluation, 0, 4_000 * size);
            let draws: Vec<f64> = draws.into_iter().map(|v| 3.0 * f64::from(v)).collect();
            let expected = size as f64 * (0.5 * (1.0 + std::f64::consts::TAU.ln()) + 3.0_f64.ln());
            // On the line draws of 24 bits coincide now and then, so that the first neighbour may be at no distance.
            for k in if size == 1 { 3..=4 } else { 1..=3 } {
                check(&draws, size, k, expected);
            }
        }
    }

    #[test]
    fn errors_are_the_deviation_of_entropies_of_new_draws() {
        let rounds = 60;
        let (mut values, mut claimed) = (Vec::new(), 0.0);
        for round in 0..rounds {
            let draws: Vec<f64> = Streams::new(3).normal(Purpose::Evaluation, round, 300 * 2).into_iter().map(f64::from).collect();
            values.push(Summary::of(&entropy(&draws, 2, 3).unwrap().terms).unwrap().mean);
            claimed += entropy(&draws, 2, 3).unwrap().error(|_, term| term).unwrap().powi(2) / rounds as f64;
        }
        let deviation = Summary::of(&values).unwrap().standard_error.unwrap() * (rounds as f64).sqrt();
        assert!((0.75..1.35).contains(&(claimed.sqrt() / deviation)), "{} {deviation}", claimed.sqrt());
        let few: Vec<f64> = (0..19).map(f64::from).collect();
        assert_eq!(entropy(&few, 1, 3).unwrap().error(|_, term| term), None);
    }

    #[test]
    fn terms_without_a_group_are_those_of_the_other_draws() {
        let draws: Vec<f64> = Streams::new(4).normal(Purpose::Evaluation, 0, 2 * 60).into_iter().map(f64::from).collect();
        let found = entropy(&draws, 2, 2).unwrap();
        let groups = jackknife::groups(60);
        for left_out in 0..GROUPS {
            let kept: Vec<usize> = (0..60).filter(|i| groups[*i] != left_out).collect();
            let alone: Vec<f64> = kept.iter().flat_map(|i| draws[2 * i..2 * i + 2].to_vec()).collect();
            let alone = entropy(&alone, 2, 2).unwrap().terms;
            let without: Vec<f64> = kept.iter().map(|i| found.without[*i][left_out].unwrap()).collect();
            assert!(alone.iter().zip(&without).all(|(a, b)| (a - b).abs() < 1e-12));
        }
    }

    #[test]
    fn uniform_draws_have_the_logarithm_of_their_volume() {
        for size in [1, 2] {
            let draws = Streams::new(2).fill(Purpose::Evaluation, 0, 4_000 * size, |rng| 5.0 * rng.random::<f64>());
            check(&draws, size, 3, size as f64 * 5.0_f64.ln());
        }
    }

    #[test]
    fn draws_that_coincide_or_are_too_few_have_none() {
        assert_eq!(entropy(&[1.0, 1.0, 1.0, 2.0], 1, 1), None);
        assert_eq!(entropy(&[1.0, 2.0, 3.0], 1, 3), None);
        assert_eq!(entropy(&[1.0, f64::NAN, 3.0], 1, 1), None);
        assert!(entropy(&[1.0, 2.0, 4.0], 1, 1).is_some());
        // As many as k in one place still have a neighbour at a distance, one more have none.
        assert!(entropy(&[1.0, 1.0, 1.0, 2.0, 4.0], 1, 3).is_some());
        assert_eq!(entropy(&[1.0, 1.0, 1.0, 1.0, 4.0], 1, 3), None);
        let words = |draws: &[f64]| why_none(draws, 3);
        assert!(words(&[1.0; 5]).contains("coincide") && words(&[1.0, f64::NAN]).contains("not all finite"));
    }

    #[test]
    fn the_kth_neighbour_is_found() {
        let draws = [0.0, 5.0, 1.0, -2.0, 3.0];
        assert_eq!([0, 1, 2, 3].map(|k| nearest(&draws, 1, 0, 4, |_| true)[k].0), [1.0, 4.0, 9.0, 25.0]);
    }
}
