//! A bootstrap interval of a mean: bias-corrected and accelerated (Efron, "Better Bootstrap Confidence Intervals", 1987;
//! Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 14).
//!
//! The resamples are a function of the values' number and of their name, not of a state, so that the same results give
//! the same intervals.

use rand::Rng;
use statrs::distribution::{ContinuousCDF, Normal};
use vimae_core::{Purpose, Streams, random::step_of_name};

/// Resamples.
pub(super) const RESAMPLES: usize = 9_999;
/// Share of the distribution outside of the interval, at both ends together.
const OUTSIDE: f64 = 0.05;

/// The 95 % interval of the mean of `values`, which belong to the cell `name`; none for fewer than two values. Equal
/// values give that value twice.
pub(super) fn interval(name: &str, values: &[f64]) -> Option<[f64; 2]> {
    let n = values.len();
    if n < 2 || values.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let mean = mean(values);
    if values.iter().all(|v| *v == values[0]) {
        return Some([mean, mean]);
    }
    let picks = Streams::new(0).fill(Purpose::Evaluation, step_of_name(name), RESAMPLES * n, |rng| rng.random_range(0..n as u32));
    let mut means: Vec<f64> =
        picks.chunks(n).map(|picks| picks.iter().filter_map(|i| values.get(*i as usize)).sum::<f64>() / n as f64).collect();
    means.sort_by(f64::total_cmp);

    let normal = Normal::new(0.0, 1.0).ok()?;
    // Resamples of a few values often give the mean itself: half of those count as below it.
    let (below, up_to) = (means.partition_point(|m| *m < mean), means.partition_point(|m| *m <= mean));
    let bias = normal.inverse_cdf((below + up_to) as f64 / (2 * RESAMPLES) as f64);
    let acceleration = acceleration(values);
    let end = |share: f64| {
        let z = bias + normal.inverse_cdf(share);
        let adjusted = normal.cdf(bias + z / (1.0 - acceleration * z));
        quantile(&means, adjusted)
    };
    let ends = [end(OUTSIDE / 2.0)?, end(1.0 - OUTSIDE / 2.0)?];
    ends.iter().all(|v| v.is_finite()).then_some(ends)
}

/// A sixth of the skewness of the jackknife's means.
fn acceleration(values: &[f64]) -> f64 {
    let (n, sum) = (values.len() as f64, values.iter().sum::<f64>());
    let without: Vec<f64> = values.iter().map(|v| (sum - v) / (n - 1.0)).collect();
    let centre = mean(&without);
    let power = |p: i32| without.iter().map(|v| (centre - v).powi(p)).sum::<f64>();
    power(3) / (6.0 * power(2).powf(1.5))
}

/// The quantile of sorted values, interpolated between the two nearest.
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share.clamp(0.0, 1.0) * (sorted.len().checked_sub(1)?) as f64;
    let (low, high) = (sorted.get(place.floor() as usize)?, sorted.get(place.ceil() as usize)?);
    Some(low + (high - low) * (place - place.floor()))
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
