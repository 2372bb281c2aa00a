//! Sums of kernels over all pairs of two samples, without the matrix of pairs.
//!
//! Rows are taken in fixed blocks, each on one thread; the blocks' sums are added in order, so that the bits do
//! not depend on the number of threads. Columns lie in panels of [`LANES`] points, dimension by dimension, which
//! lets the compiler keep the distances of a panel in registers.

use candle_core::Tensor;
use rayon::prelude::*;
use vimae_core::{Error, Result};

use super::Kernel;
use crate::summary::values;

const LANES: usize = 8;
const BLOCK: usize = 256;

/// A sample in both layouts: row by row, and in panels.
pub(super) struct Points {
    rows: Vec<f64>,
    panels: Vec<f64>,
    count: usize,
    size: usize,
}

impl Points {
    pub(super) fn new(points: &Tensor) -> Result<Self> {
        if points.rank() != 2 || points.elem_count() == 0 {
            return Err(Error::shape("codes", "[N, d] with N and d of 1 or more", points.dims()));
        }
        let (count, size) = points.dims2()?;
        let rows = values(points)?;
        let mut panels = vec![0.0; count.div_ceil(LANES) * LANES * size];
        for (i, row) in rows.chunks_exact(size).enumerate() {
            for (k, value) in row.iter().enumerate() {
                panels[(i / LANES * size + k) * LANES + i % LANES] = *value;
            }
        }
        Ok(Self { rows, panels, count, size })
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Squared distances from `row` to the points of the panels from `first` on.
    fn squared_distances(&self, row: &[f64], first: usize, distances: &mut [f64]) {
        let panels = self.panels[first * LANES * self.size..].chunks_exact(LANES * self.size);
        for (panel, out) in panels.zip(distances.chunks_exact_mut(LANES)) {
            let mut sums = [0.0; LANES];
            for (value, lanes) in row.iter().zip(panel.chunks_exact(LANES)) {
                for (sum, lane) in sums.iter_mut().zip(lanes) {
                    let difference = value - lane;
                    *sum += difference * difference;
                }
            }
            out.copy_from_slice(&sums);
        }
    }
}

/// Sums of one kernel over pairs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sums {
    /// For each row, over all columns.
    pub(crate) rows: Vec<f64>,
    /// For each column, over all rows.
    pub(crate) columns: Vec<f64>,
    /// Of squares, over all pairs.
    pub(crate) squares: f64,
}

/// Sums over ordered pairs of different points of one sample, one for each kernel.
pub(super) fn own(points: &Points, kernels: &[&dyn Kernel]) -> Vec<Sums> {
    let mut all = sums(points, points, true, kernels);
    for half in &mut all {
        half.rows.iter_mut().zip(&mut half.columns).for_each(|(row, column)| {
            *row += *column;
            *column = *row;
        });
        half.squares *= 2.0;
    }
    all
}

/// Sums over all pairs of a row of `a` and a row of `b`, one for each kernel.
pub(super) fn cross(a: &Points, b: &Points, kernels: &[&dyn Kernel]) -> Vec<Sums> {
    sums(a, b, false, kernels)
}

/// With `upper`, only columns beyond the row's own index count.
fn sums(a: &Points, b: &Points, upper: bool, kernels: &[&dyn Kernel]) -> Vec<Sums> {
    let blocks: Vec<Vec<Sums>> =
        (0..a.count.div_ceil(BLOCK)).into_par_iter().map(|block| block_sums(a, b, block, upper, kernels)).collect();
    let empty = Sums { rows: Vec::with_capacity(a.count), columns: vec![0.0; b.count], squares: 0.0 };
    let mut totals = vec![empty; kernels.len()];
    for block in blocks {
        for (total, part) in totals.iter_mut().zip(block) {
            total.rows.extend(part.rows);
            total.columns.iter_mut().zip(part.columns).for_each(|(t, p)| *t += p);
            total.squares += part.squares;
        }
    }
    totals
}

fn block_sums(a: &Points, b: &Points, block: usize, upper: bool, kernels: &[&dyn Kernel]) -> Vec<Sums> {
    let padded = b.count.div_ceil(LANES) * LANES;
    let mut distances = vec![0.0; padded];
    let mut terms = vec![0.0; padded];
    let mut parts = vec![Sums { rows: Vec::with_capacity(BLOCK), columns: vec![0.0; padded], squares: 0.0 }; kernels.len()];
    for i in block * BLOCK..((block + 1) * BLOCK).min(a.count) {
        let first = if upper { (i + 1) / LANES } else { 0 };
        let start = first * LANES;
        b.squared_distances(&a.rows[i * a.size..(i + 1) * a.size], first, &mut distances[start..]);
        for (kernel, part) in kernels.iter().zip(&mut parts) {
            terms[start..].copy_from_slice(&distances[start..]);
            kernel.apply(&mut terms[start..]);
            terms[b.count..].fill(0.0);
            if upper {
                terms[start..i + 1].fill(0.0);
            }
            let (sum, squares) = add(&terms[start..], &mut part.columns[start..]);
            part.rows.push(sum);
            part.squares += squares;
        }
    }
    parts.iter_mut().for_each(|p| p.columns.truncate(b.count));
    parts
}

/// Adds `terms` to `columns`; their sum and the sum of their squares, lane by lane.
fn add(terms: &[f64], columns: &mut [f64]) -> (f64, f64) {
    let (mut sums, mut squares) = ([0.0; LANES], [0.0; LANES]);
    for (terms, columns) in terms.chunks_exact(LANES).zip(columns.chunks_exact_mut(LANES)) {
        for lane in 0..LANES {
            columns[lane] += terms[lane];
            sums[lane] += terms[lane];
            squares[lane] += terms[lane] * terms[lane];
        }
    }
    (sums.iter().sum(), squares.iter().sum())
}
