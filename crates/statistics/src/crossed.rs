//! The standard error of a mean over draws and items, where every draw meets every item.
//!
//! A share of images that classifiers get right, each fitted to another draw of labels, varies for two reasons: other
//! labels, and other test images. The spread between draws alone leaves the images out, which is most of it where draws are
//! few. With y_di the outcome of draw d on item i, the two-way model y_di = m + a_d + b_i + e_di gives
//!
//! Var(mean) = s_a^2 / D + s_b^2 / n - s_e^2 / (D n)
//!
//! where s_a^2 is the sample variance of the draws' means, s_b^2 that of the items' means and s_e^2 the mean square of what
//! is left (Searle, Casella and McCulloch, "Variance Components", 1992, 4.5): the last is counted twice by the first two.

use crate::summary::above_rounding;

/// The standard error of the mean of `outcomes`, one row a draw, one column an item; `None` where rows differ in length,
/// where there are fewer than two items, and where all outcomes are the same: that 500 of 500 are right does not make it
/// certain. Of one draw only the items count: another draw's spread cannot be seen.
pub fn error(outcomes: &[Vec<f64>]) -> Option<f64> {
    let (draws, items) = (outcomes.len(), outcomes.first()?.len());
    if items < 2 || outcomes.iter().any(|row| row.len() != items) {
        return None;
    }
    let (d, n) = (draws as f64, items as f64);
    let by_draw: Vec<f64> = outcomes.iter().map(|row| row.iter().sum::<f64>() / n).collect();
    let by_item: Vec<f64> = (0..items).map(|i| outcomes.iter().filter_map(|row| row.get(i)).sum::<f64>() / d).collect();
    let mean = by_draw.iter().sum::<f64>() / d;
    let spread = |means: &[f64]| means.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (means.len() as f64 - 1.0);
    let items = spread(&by_item) / n;
    let of_variance = |variance: f64| above_rounding(variance.sqrt(), outcomes.iter().flatten());
    if draws < 2 {
        return of_variance(items);
    }
    let left = |row: &Vec<f64>, own: f64| row.iter().zip(&by_item).map(|(y, item)| (y - own - item + mean).powi(2)).sum::<f64>();
    let rest = outcomes.iter().zip(&by_draw).map(|(row, own)| left(row, *own)).sum::<f64>() / ((d - 1.0) * (n - 1.0));
    let draws = spread(&by_draw) / d;
    // The rest may be estimated above the smaller of the two; neither source alone can be left out.
    of_variance((draws + items - rest / (d * n)).max(draws).max(items))
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use rand_distr::StandardNormal;

    use super::*;

    #[test]
    fn one_draw_has_the_error_of_its_items_and_equal_draws_add_nothing() {
        let row = vec![1.0, 0.0, 1.0, 1.0];
        // Variance 1/4 of four values: sqrt(0.25 / 4).
        assert!((error(std::slice::from_ref(&row)).unwrap() - 0.25).abs() < 1e-15);
        assert!((error(&[row.clone(), row.clone(), row]).unwrap() - 0.25).abs() < 1e-15);
        assert_eq!((error(&[]), error(&[vec![1.0]]), error(&[vec![1.0, 2.0], vec![1.0]])), (None, None, None));
    }

    #[test]
    fn outcomes_that_are_all_the_same_have_none() {
        for outcome in [0.0, 100.0, 0.1] {
            let row = vec![outcome; 7];
            assert_eq!((error(std::slice::from_ref(&row)), error(&[row.clone(), row.clone(), row])), (None, None), "{outcome}");
        }
        // One image in one draw is enough.
        assert!(error(&[vec![100.0; 7], [vec![100.0; 6], vec![0.0]].concat()]).is_some());
    }

    #[test]
    fn the_error_is_the_deviation_of_means_of_new_draws_and_new_items() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let (mut means, mut claimed) = (Vec::new(), 0.0);
        let rounds = 400;
        for _ in 0..rounds {
            let mut normal = |count: usize| -> Vec<f64> { (0..count).map(|_| rng.sample(StandardNormal)).collect() };
            let (a, b, e) = (normal(5), normal(40), normal(200));
            let outcomes: Vec<Vec<f64>> = (0..5).map(|d| (0..40).map(|i| 0.2 * a[d] + b[i] + 0.5 * e[40 * d + i]).collect()).collect();
            means.push(outcomes.iter().flatten().sum::<f64>() / 200.0);
            claimed += error(&outcomes).unwrap().powi(2) / f64::from(rounds);
        }
        let spread = means.iter().map(|m| m * m).sum::<f64>() / f64::from(rounds);
        // Exactly 0.04 / 5 + 1 / 40 + 0.25 / 200 = 0.03425.
        assert!((claimed / 0.034_25 - 1.0).abs() < 0.05 && (spread / 0.034_25 - 1.0).abs() < 0.25, "{claimed} {spread}");
    }
}
