//! Labels for a pool by single linkage: a second guess, beside the inductive machine's.

use ndarray::{Array2, ArrayView2};

/// The label of each row of `pool` `[m, d]`: again and again the unlabelled point that is nearest to a labelled one
/// takes its label, by Prim's algorithm in O(m (n + m) d). Labels so follow dense regions around bends that no single
/// machine of few labels can know. Points at the same distance go in their order.
pub(crate) fn spread(features: ArrayView2<'_, f64>, labels: &[u32], pool: ArrayView2<'_, f64>) -> Vec<u32> {
    let count = pool.nrows();
    // One dimension after another, so that the loop over points is a loop over neighbours in memory.
    let columns: Array2<f32> = pool.t().mapv(|v| v as f32).as_standard_layout().to_owned();
    let mut nearest = vec![f32::INFINITY; count];
    let mut found = vec![labels.first().copied().unwrap_or_default(); count];
    let mut distances = vec![0.0_f32; count];
    let mut reach = |point: Vec<f32>, label: u32, nearest: &mut [f32], found: &mut [u32]| {
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                distances.fill(0.0);
                for (column, value) in columns.outer_iter().zip(&point) {
                    let Some(column) = column.to_slice() else { continue };
                    distances.iter_mut().zip(column).for_each(|(d, v)| *d += (v - value) * (v - value));
                }
                for ((nearest, found), distance) in nearest.iter_mut().zip(found.iter_mut()).zip(&distances) {
                    // A point that has its label is at minus infinity.
                    if distance < nearest {
                        (*nearest, *found) = (*distance, label);
                    }
                }
            },
        );
    };
    let single = |row: ndarray::ArrayView1<'_, f64>| row.iter().map(|v| *v as f32).collect::<Vec<f32>>();
    for (row, label) in features.outer_iter().zip(labels) {
        reach(single(row), *label, &mut nearest, &mut found);
    }
    for _ in 0..count {
        let open = nearest.iter().enumerate().filter(|(_, d)| **d > f32::NEG_INFINITY);
        let Some((next, _)) = open.min_by(|a, b| a.1.total_cmp(b.1)) else { break };
        nearest[next] = f32::NEG_INFINITY;
        reach(single(pool.row(next)), found[next], &mut nearest, &mut found);
    }
    found
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn labels_walk_along_dense_regions() {
        let known = array![[0.0, 0.0], [10.0, 3.0]];
        // A long row that starts at the first point and ends nearer to the second.
        let row = Array2::from_shape_fn((20, 2), |(i, j)| if j == 0 { 0.5 + 0.5 * i as f64 } else { 0.0 });
        assert_eq!(spread(known.view(), &[4, 9], row.view()), vec![4; 20]);
        assert_eq!(spread(known.view(), &[4, 9], array![[9.0, 4.0], [1.0, 1.0]].view()), [9, 4]);
        assert!(spread(known.view(), &[4, 9], Array2::zeros((0, 2)).view()).is_empty());
    }
}
