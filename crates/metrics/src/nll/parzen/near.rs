//! The same sums from few distances: bounds in f32 tell which samples are near enough to count, and those are computed exactly.

use std::ops::Range;

use rayon::prelude::*;

use super::{NEGLIGIBLE, Window, log_sum_exp};
use crate::{
    bounds::{lower, within},
    distance,
    inner::{BLOCK, Element, Products},
    screen::{self, Screen},
};

/// The share of all pairs beyond which exact distances cost more than products in f64.
const MOST: f64 = 0.025;

/// Images row by row, and the windows on the samples.
pub(super) struct Near<'a> {
    pub(super) test: &'a [f32],
    pub(super) samples: &'a [f32],
    pub(super) size: usize,
    pub(super) windows: &'a [Window],
    /// As of [`super::cuts`].
    pub(super) cuts: &'a [usize],
}

/// What is known of the samples near one test row.
#[derive(Clone)]
struct Found {
    nearest: f64,
    /// What no sample counts beyond.
    limit: f32,
    /// Samples that may count, each with its bound.
    open: Vec<(usize, f32)>,
}

impl Near<'_> {
    /// ln sum_j exp(-|x - s_j|^2 / (2 sigma^2)) of every row x of `test`: one vector a window. None where the bounds or the widths of
    /// the windows leave too many terms open.
    pub(super) fn sums(&self) -> Option<Vec<Vec<f64>>> {
        let sets = [self.test, self.samples];
        let reduced = screen::reduced(sets, self.size).and_then(|screens| self.by(&screens));
        reduced.or_else(|| self.by(&screen::whole(sets, self.size)?))
    }

    fn by(&self, screens: &[Screen<'_>; 2]) -> Option<Vec<Vec<f64>>> {
        let count = self.test.len() / self.size;
        // The first block tells at once where bounds do not serve.
        let mut sums = self.block(screens, 0..BLOCK.min(count))?;
        let block = |first: usize| self.block(screens, first..(first + BLOCK).min(count));
        let rest: Option<Vec<_>> = (BLOCK..count).into_par_iter().step_by(BLOCK).map(block).collect();
        for part in rest? {
            sums.iter_mut().zip(part).for_each(|(sums, part)| sums.extend(part));
        }
        Some(sums)
    }

    /// The sums of some test rows; none where too many distances have to be computed.
    fn block(&self, [test, samples]: &[Screen<'_>; 2], range: Range<usize>) -> Option<Vec<Vec<f64>>> {
        // As for a whole block: chance would decide for a few rows.
        let pairs = self.cuts.last().copied().unwrap_or(0) * BLOCK;
        let widest = self.windows.iter().map(|window| window.sigma).fold(0.0, f64::max);
        // What is beyond the nearest by this is negligible under every window.
        let reach = NEGLIGIBLE * 2.0 * widest * widest;
        let mut found = vec![Found { nearest: f64::INFINITY, limit: f32::INFINITY, open: Vec::new() }; range.len()];
        let mut sums = vec![vec![f64::NEG_INFINITY; range.len()]; self.windows.len()];
        let mut products = Products::<f32>::new();
        for cut in self.cuts.windows(2) {
            let (first, end) = (cut[0], cut[1]);
            let lengths = samples.lengths(first..end);
            products.of(samples.rows(first..end), test.rows(range.clone()), test.size(), |j, column| {
                let found = &mut found[j];
                let least = lower(column, test.lengths(range.clone())[j], lengths);
                let Some(at) = column.iter().position(|low| *low == least).filter(|_| least <= found.limit) else { return };
                let distance = self.distance(range.start + j, first + at);
                if distance < found.nearest {
                    found.nearest = distance;
                    found.limit = f32::above(distance + reach);
                }
                let (limit, open) = (found.limit, &mut found.open);
                within(column, limit, |i, low| open.push((first + i, low)));
            });
            found.iter_mut().for_each(|found| found.open.retain(|(_, low)| *low <= found.limit));
            if found.iter().map(|found| found.open.len()).sum::<usize>() as f64 > MOST * pairs as f64 {
                return None;
            }
            let ending: Vec<usize> = (0..self.windows.len()).filter(|w| self.windows[*w].samples == end).collect();
            for (j, found) in found.iter().enumerate().filter(|_| !ending.is_empty()) {
                let distances: Vec<f64> = found.open.iter().map(|(i, _)| self.distance(range.start + j, *i)).collect();
                for w in &ending {
                    sums[*w][j] = log_sum_exp(&distances, self.windows[*w].sigma);
                }
            }
        }
        Some(sums)
    }

    fn distance(&self, test: usize, sample: usize) -> f64 {
        let row = |i: usize| i * self.size..(i + 1) * self.size;
        distance::squared(&self.test[row(test)], &self.samples[row(sample)])
    }
}
