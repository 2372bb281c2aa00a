//! Two methods on the same seeds: the paired t test, the sign-flip permutation test, Holm's correction.

use rand::Rng;
use vimae_core::{Purpose, Streams, random::step_of_name};
use vimae_metrics::students_t;

/// Most differences for which all signs are gone through.
const EXACT: usize = 16;
/// Signs that are drawn for more.
const DRAWN: usize = 9_999;

/// Two-sided tests of a mean difference of zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tests {
    /// Student's t and its p; none for one difference and where all are equal.
    pub(super) t: Option<(f64, f64)>,
    /// The p of the sign-flip permutation test; none for one difference.
    pub(super) permutation: Option<f64>,
    /// Whether that p is exact.
    pub(super) exact: bool,
}

/// Tests the differences of the comparison `name`.
pub(super) fn tests(name: &str, differences: &[f64]) -> Tests {
    let exact = differences.len() <= EXACT;
    let permutation = (differences.len() > 1).then(|| if exact { all_signs(differences) } else { drawn_signs(name, differences) });
    Tests { t: student(differences), permutation, exact }
}

fn student(differences: &[f64]) -> Option<(f64, f64)> {
    // The one-sided p on the side of the mean, twice.
    let side = differences.iter().sum::<f64>().signum();
    let (t, p) = students_t::test(&differences.iter().map(|d| d * side).collect::<Vec<_>>())?;
    Some((t * side, 2.0 * p))
}

/// The share of all signs whose sum is as far from zero as the one observed.
fn all_signs(differences: &[f64]) -> f64 {
    let observed = reach(differences);
    let all = 1_u32 << differences.len();
    let as_far = (0..all).filter(|signs| signed(differences, |i| signs >> i & 1 == 1).abs() >= observed).count();
    as_far as f64 / f64::from(all)
}

/// The same over drawn signs; the observed ones count among them.
fn drawn_signs(name: &str, differences: &[f64]) -> f64 {
    let (observed, n) = (reach(differences), differences.len());
    let flips = Streams::new(0).fill(Purpose::Evaluation, step_of_name(name), DRAWN * n, |rng| rng.random::<bool>());
    let as_far = flips.chunks(n).filter(|flips| signed(differences, |i| flips.get(i) == Some(&true)).abs() >= observed).count();
    (as_far + 1) as f64 / (DRAWN + 1) as f64
}

/// The distance of the sum from zero, less what rounding may take from an equal one.
fn reach(differences: &[f64]) -> f64 {
    let size: f64 = differences.iter().map(|d| d.abs()).sum();
    differences.iter().sum::<f64>().abs() - 1e-12 * size
}

fn signed(differences: &[f64], flipped: impl Fn(usize) -> bool) -> f64 {
    differences.iter().enumerate().map(|(i, d)| if flipped(i) { -d } else { *d }).sum()
}

/// Holm's step-down correction (1979) of a family of p values; those that do not exist are no members.
pub(super) fn holm(values: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut order: Vec<(usize, f64)> = values.iter().enumerate().filter_map(|(i, p)| Some((i, (*p)?))).collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let (count, mut corrected, mut least) = (order.len(), vec![None; values.len()], 0.0_f64);
    for (rank, (index, p)) in order.into_iter().enumerate() {
        least = least.max((p * (count - rank) as f64).min(1.0));
        if let Some(place) = corrected.get_mut(index) {
            *place = Some(least);
        }
    }
    corrected
}
