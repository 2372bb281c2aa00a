//! Differential entropy of a distribution from draws, by nearest neighbours.
//!
//! h = psi(N) - psi(k) + ln V_d + d/N sum_i ln r_i, with r_i the distance of draw i to its k-th neighbour and V_d the
//! volume of the unit ball (Kozachenko and Leonenko, "Sample estimate of the entropy of a random vector", 1987; k above
//! 1: Singh et al. 2003). Biased where the density changes over r_i: upwards in many dimensions with few draws, so that
//! two entropies compare only at equal N, k and d.

use rayon::prelude::*;
use statrs::function::gamma::{digamma, ln_gamma};

/// The estimate of the entropy in nats with its terms.
#[derive(Debug, Clone, PartialEq)]
pub struct Entropy {
    /// One a draw; their mean is the estimate.
    pub terms: Vec<f64>,
}

/// The entropy of the distribution of `draws`, rows of `size` values, by the `k`-th neighbour; none where there are not
/// more than `k` rows or two rows or more coincide (the entropy is then minus infinity).
pub fn entropy(draws: &[f64], size: usize, k: usize) -> Option<Entropy> {
    let count = draws.len() / size.max(1);
    if k == 0 || size == 0 || count <= k {
        return None;
    }
    let d = size as f64;
    let ln_ball = 0.5 * d * std::f64::consts::PI.ln() - ln_gamma(0.5 * d + 1.0);
    let constant = digamma(count as f64) - digamma(k as f64) + ln_ball;
    let terms: Vec<f64> = (0..count).into_par_iter().map(|i| constant + 0.5 * d * nearest(draws, size, i, k).ln()).collect();
    terms.iter().all(|t| t.is_finite()).then_some(Entropy { terms })
}

/// The squared distance of row `i` to its k-th neighbour.
fn nearest(draws: &[f64], size: usize, i: usize, k: usize) -> f64 {
    let own = &draws[i * size..(i + 1) * size];
    // The k smallest so far, in rising order: k is small, so that a shift is cheaper than a heap.
    let mut least = vec![f64::INFINITY; k];
    for (j, other) in draws.chunks_exact(size).enumerate() {
        if j == i {
            continue;
        }
        let distance: f64 = own.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum();
        if distance < least[k - 1] {
            let place = least.partition_point(|l| *l <= distance);
            least.copy_within(place..k - 1, place + 1);
            least[place] = distance;
        } else if distance.is_nan() {
            return f64::NAN;
        }
    }
    least[k - 1]
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
    }

    #[test]
    fn the_kth_neighbour_is_found() {
        let draws = [0.0, 5.0, 1.0, -2.0, 3.0];
        assert_eq!([1, 2, 3, 4].map(|k| nearest(&draws, 1, 0, k)), [1.0, 4.0, 9.0, 25.0]);
    }
}
