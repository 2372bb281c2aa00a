//! The same sums from products in f32: these bound every distance, and the few near enough to count are computed exactly.

use rayon::prelude::*;

use super::{NEGLIGIBLE, Window, log_add_exp, log_sum_exp};
use crate::{
    distance::{self, Bounds},
    inner::{self, BLOCK, Products},
};

/// The share of all pairs beyond which exact distances cost more than products in f64.
const MOST: f64 = 0.025;

/// Images row by row, with their squared lengths.
pub(super) struct Rows<'a> {
    values: &'a [f32],
    size: usize,
    squares: Vec<f64>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(values: &'a [f32], size: usize) -> Self {
        Self { values, size, squares: inner::squares(values, size) }
    }

    fn part(&self, first: usize, end: usize) -> (&'a [f32], &[f64]) {
        (&self.values[first * self.size..end * self.size], &self.squares[first..end])
    }

    fn row(&self, i: usize) -> &'a [f32] {
        &self.values[i * self.size..(i + 1) * self.size]
    }
}

/// ln sum_j exp(-|x - s_j|^2 / (2 sigma^2)) of every row x of `test`: one vector a window, `cuts` as of [`super::cuts`]. None where
/// bounds in f32 or the widths of the windows leave too many terms open.
pub(super) fn sums(test: &Rows<'_>, samples: &Rows<'_>, windows: &[Window], cuts: &[usize]) -> Option<Vec<Vec<f64>>> {
    if ![test, samples].iter().all(|rows| distance::single(rows.values, rows.size, &rows.squares)) {
        return None;
    }
    let count = test.squares.len();
    let of = |first: usize| block(test, samples, windows, cuts, first, (first + BLOCK).min(count));
    let (mut sums, exact) = of(0);
    let pairs = cuts.last().copied().unwrap_or(0) * count.min(BLOCK);
    if exact as f64 > MOST * pairs as f64 {
        return None;
    }
    let rest: Vec<_> = (BLOCK..count).into_par_iter().step_by(BLOCK).map(of).collect();
    for (part, _) in rest {
        sums.iter_mut().zip(part).for_each(|(sums, part)| sums.extend(part));
    }
    Some(sums)
}

/// The sums of the test rows from `first` to `end`, and how many distances were computed exactly.
fn block(test: &Rows<'_>, samples: &Rows<'_>, windows: &[Window], cuts: &[usize], first: usize, end: usize) -> (Vec<Vec<f64>>, usize) {
    let bounds = Bounds::of::<f32>(test.size);
    let (rows, squares) = test.part(first, end);
    let mut sums = vec![vec![f64::NEG_INFINITY; end - first]; windows.len()];
    let (mut products, mut lows, mut near, mut exact) = (Products::<f32>::new(), Vec::new(), Vec::new(), 0);
    for cut in cuts.windows(2) {
        let (from, to) = (cut[0], cut[1]);
        let reading: Vec<usize> = (0..windows.len()).filter(|w| windows[*w].samples >= to).collect();
        let widest = reading.iter().map(|w| windows[*w].sigma).fold(0.0, f64::max);
        let (values, of_samples) = samples.part(from, to);
        let longest = of_samples.iter().copied().fold(0.0, f64::max);
        products.of(values, rows, test.size, |j, column| {
            let own = squares[j];
            lows.clear();
            lows.extend(column.iter().zip(of_samples).map(|(product, square)| bounds.lower(own + square, f64::from(*product))));
            let least = lows.iter().copied().fold(f64::INFINITY, f64::min);
            // Whatever is within the negligible of the nearest.
            let limit = least + bounds.width(own + longest) + NEGLIGIBLE * 2.0 * widest * widest;
            let row = test.row(first + j);
            near.clear();
            let inside = lows.iter().enumerate().filter(|(_, low)| **low <= limit);
            near.extend(inside.map(|(i, _)| distance::squared(row, samples.row(from + i))));
            exact += near.len();
            for w in &reading {
                sums[*w][j] = log_add_exp(sums[*w][j], log_sum_exp(&near, windows[*w].sigma));
            }
        });
    }
    (sums, exact)
}
