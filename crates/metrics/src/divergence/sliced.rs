//! The squared sliced Wasserstein distance: mean over directions of the mean squared gap between sorted projections.
//!
//! Directions are the same for every model of one code size, so that values compare. Each sample is projected and
//! sorted once; what is left out of a sorted list leaves a sorted list.

use rayon::prelude::*;
use vimae_core::{Purpose, Streams};
use vimae_statistics::jackknife;

use super::Pair;

/// Seed of the directions.
const SEED: u64 = 0;

/// Projections in order, each with the group of its row.
type Sorted = Vec<(f64, usize)>;

/// The value with its standard error, over so many directions.
pub(super) fn estimate(sample: &Pair, directions: usize) -> (f64, Option<f64>) {
    let size = sample.size;
    let groups = jackknife::groups(sample.count());
    let directions: Vec<f64> =
        Streams::new(SEED).normal(Purpose::Evaluation, size as u64, directions * size).into_iter().map(f64::from).collect();
    let sorted: Vec<(Sorted, Sorted)> = directions
        .par_chunks_exact(size)
        .map(|direction| {
            let length = direction.iter().map(|v| v * v).sum::<f64>().sqrt();
            let project = |rows: &[f64]| -> Sorted {
                let dot = |row: &[f64]| row.iter().zip(direction).map(|(a, b)| a * b).sum::<f64>() / length;
                let mut projected: Sorted = rows.chunks_exact(size).zip(&groups).map(|(row, group)| (dot(row), *group)).collect();
                projected.sort_by(|a, b| a.0.total_cmp(&b.0));
                projected
            };
            (project(&sample.q), project(&sample.p))
        })
        .collect();
    jackknife::estimate(sample.count(), |left_out| sorted.iter().map(|(q, p)| cost(q, p, left_out)).sum::<f64>() / sorted.len() as f64)
}

fn cost(q: &Sorted, p: &Sorted, left_out: Option<usize>) -> f64 {
    let kept = |sorted: &Sorted| -> Vec<f64> { sorted.iter().filter(|(_, g)| Some(*g) != left_out).map(|(v, _)| *v).collect() };
    let (q, p) = (kept(q), kept(p));
    q.iter().zip(&p).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / q.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_the_line_it_is_the_transport_cost_by_hand() {
        let sample = Pair { q: vec![3.0, 0.0], p: vec![1.0, 1.0], size: 1 };
        assert!((estimate(&sample, 5).0 - 2.5).abs() < 1e-12);
    }

    #[test]
    fn a_shift_costs_its_share_along_each_direction() {
        let q: Vec<f64> = Streams::new(4).normal(Purpose::Evaluation, 0, 300).into_iter().map(f64::from).collect();
        let p = q.iter().map(|v| v + 2.0).collect();
        // |shift|^2 / d on average over directions, here 12 / 3.
        let (value, error) = estimate(&Pair { q, p, size: 3 }, 2_000);
        assert!((value - 4.0).abs() < 0.3 && error.is_none(), "{value} +- {error:?}");
    }
}
