//! Which rows of two sets are near one another, by lower bounds of their distances that cost few operations.
//!
//! A row is told by its coordinates in the few directions in which a set varies most, and by the length of what is left. These
//! tuples are nowhere farther apart than the rows: a projection shortens, and |a - b| >= ||a| - |b||. So a product of tuples of 64 in
//! f32 rules out almost every pair of images. Where a set varies in all directions alike, the rows stand for themselves ([`whole`]).
//! Which directions are taken, and from which rows, decides how many pairs are left and nothing else.

use std::{borrow::Cow, ops::Range};

use faer::{Mat, MatRef};
use rayon::prelude::*;

use crate::{
    bounds::Bounds,
    distance,
    inner::{self, Element},
    linear,
};

/// Numbers of a tuple; the last is the length of what is left.
const COORDINATES: usize = 64;
/// Rows that the directions are taken from, and rows that are projected at a time.
const DRAWN: usize = 512;
const ROWS: usize = 128;
/// Values in f64 that a thread holds for either at most, but for rows that are longer.
const HELD: usize = 1 << 22;
/// Rounds of subspace iteration, after which the directions serve as well as eigenvectors.
const ROUNDS: usize = 2;

/// Rows, or tuples that are nowhere farther apart, with the lengths that [`crate::bounds::lower`] takes.
pub(crate) struct Screen<'a> {
    values: Cow<'a, [f32]>,
    size: usize,
    lengths: Vec<f32>,
}

impl<'a> Screen<'a> {
    /// None where lengths leave f32.
    fn new(values: Cow<'a, [f32]>, size: usize, squares: &[f64], bounds: Bounds) -> Option<Self> {
        squares.iter().all(|square| *square < distance::LONGEST).then(|| Self { values, size, lengths: bounds.lengths(squares) })
    }

    /// Numbers of a row.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Some of the rows.
    pub(crate) fn rows(&self, range: Range<usize>) -> &[f32] {
        &self.values[range.start * self.size..range.end * self.size]
    }

    /// Their lengths.
    pub(crate) fn lengths(&self, range: Range<usize>) -> &[f32] {
        &self.lengths[range]
    }
}

/// Both sets as they are. None where rounding leaves too many comparisons open.
pub(crate) fn whole<'a>(sets: [&'a [f32]; 2], size: usize) -> Option<[Screen<'a>; 2]> {
    let screen = |values| {
        let squares = inner::squares(values, size);
        distance::single(values, size, &squares).then(|| Screen::new(values.into(), size, &squares, Bounds::of::<f32>(size)))?
    };
    let [a, b] = sets;
    Some([screen(a)?, screen(b)?])
}

/// Both sets by the directions of the second. None for rows of few numbers, and for numbers that are not finite or too large.
pub(crate) fn reduced([a, b]: [&[f32]; 2], size: usize) -> Option<[Screen<'static>; 2]> {
    if size < 4 * COORDINATES {
        return None;
    }
    let subspace = Subspace::of(b, size);
    Some([subspace.screen(a)?, subspace.screen(b)?])
}

/// The mean of a set and orthonormal directions in which it varies most.
struct Subspace {
    mean: Vec<f64>,
    /// `[size, directions]`.
    directions: Mat<f64>,
}

impl Subspace {
    fn of(values: &[f32], size: usize) -> Self {
        let step = (values.len() / size).div_ceil(DRAWN.min(HELD / size).max(1)).max(1);
        let drawn: Vec<&[f32]> = values.chunks_exact(size).step_by(step).collect();
        let count = drawn.len();
        let mut mean = vec![0.0; size];
        for row in &drawn {
            mean.iter_mut().zip(*row).for_each(|(sum, v)| *sum += f64::from(*v) / count as f64);
        }
        let centred: Vec<f64> = drawn.iter().flat_map(|row| centred(row, &mean)).collect();
        let rows = linear::rows(&centred, count, size);
        // Rows themselves are a first guess.
        let guesses = count.min(COORDINATES - 1);
        let mut directions = orthonormal(Mat::from_fn(size, guesses, |k, i| rows[(i * count / guesses, k)]).as_ref());
        for _ in 0..ROUNDS {
            let along = linear::product(rows, directions.as_ref());
            directions = orthonormal(linear::product(rows.transpose(), along.as_ref()).as_ref());
        }
        Self { mean, directions }
    }

    fn screen(&self, values: &[f32]) -> Option<Screen<'static>> {
        let (size, directions) = (self.mean.len(), self.directions.ncols());
        let tuple = directions + 1;
        let mut tuples = vec![0.0; values.len() / size * tuple];
        let rows = ROWS.min(HELD / size).max(1);
        values.par_chunks(rows * size).zip(tuples.par_chunks_mut(rows * tuple)).for_each(|(values, tuples)| {
            let count = values.len() / size;
            let centred: Vec<f64> = values.chunks_exact(size).flat_map(|row| centred(row, &self.mean)).collect();
            let mut along = Mat::zeros(count, directions);
            linear::product_here(along.as_mut(), linear::rows(&centred, count, size), self.directions.as_ref());
            for (i, (row, tuple)) in centred.chunks_exact(size).zip(tuples.chunks_exact_mut(tuple)).enumerate() {
                let mut rest: f64 = row.iter().map(|v| v * v).sum();
                for (k, coordinate) in tuple[..directions].iter_mut().enumerate() {
                    let value = along[(i, k)];
                    rest -= value * value;
                    *coordinate = value as f32;
                }
                // Rounding may leave a hair below zero; `max` would hide a NaN.
                tuple[directions] = if rest < 0.0 { 0.0 } else { rest.sqrt() as f32 };
            }
        });
        // A tuple is off by this share of its length: each number rounds to f32, and what is left is a difference of squares in f64
        // along directions that are orthonormal but for rounding. Two such errors shorten a squared distance by at most 5 of them.
        let off = 2.0 * f32::ROUNDOFF + (8.0 * (size + COORDINATES) as f64 * f64::ROUNDOFF).sqrt();
        let squares = inner::squares(&tuples, tuple);
        Screen::new(tuples.into(), tuple, &squares, Bounds::of::<f32>(tuple).and(5.0 * off))
    }
}

fn centred<'a>(row: &'a [f32], mean: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
    row.iter().zip(mean).map(|(v, m)| f64::from(*v) - m)
}

/// Orthonormal columns that span those of `columns`, by Gram and Schmidt, done twice; dependent columns are left out.
fn orthonormal(columns: MatRef<'_, f64>) -> Mat<f64> {
    let mut found: Vec<Vec<f64>> = Vec::with_capacity(columns.ncols());
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    for j in 0..columns.ncols() {
        let mut column: Vec<f64> = (0..columns.nrows()).map(|i| columns[(i, j)]).collect();
        let before = dot(&column, &column);
        for _ in 0..2 {
            for other in &found {
                let along = dot(other, &column);
                column.iter_mut().zip(other).for_each(|(v, o)| *v -= along * o);
            }
        }
        let left = dot(&column, &column);
        if left > 1e-18 * before {
            column.iter_mut().for_each(|v| *v /= left.sqrt());
            found.push(column);
        }
    }
    Mat::from_fn(columns.nrows(), found.len(), |i, j| found[j][i])
}

#[cfg(test)]
mod tests {
    use vimae_core::{Purpose, Streams};

    use super::*;
    use crate::bounds::lower;

    /// Rows around `offset` that vary in `rank` directions by 1 and in all by `noise`.
    fn rows(seed: u64, count: usize, size: usize, rank: usize, (offset, noise): (f32, f32)) -> Vec<f32> {
        let draw = |at: u64, n: usize| Streams::new(seed).normal(Purpose::Evaluation, at, n);
        // The directions are the same for every seed.
        let directions = Streams::new(0).normal(Purpose::Evaluation, 3, rank * size);
        let mut rows: Vec<f32> = draw(1, count * size).iter().map(|v| offset + noise * v).collect();
        for (row, weights) in rows.chunks_exact_mut(size).zip(draw(2, count * rank).chunks_exact(rank)) {
            for (weight, direction) in weights.iter().zip(directions.chunks_exact(size)) {
                row.iter_mut().zip(direction).for_each(|(v, d)| *v += weight * d);
            }
        }
        rows
    }

    /// Every bound beside the distance: the mean of bound / distance over different rows.
    fn tightness([a, b]: [&[f32]; 2], size: usize, screens: &[Screen<'_>; 2]) -> f64 {
        let [of_a, of_b] = screens;
        let (mut shares, mut count) = (0.0, 0.0);
        for (i, x) in a.chunks_exact(size).enumerate() {
            let product = |j: usize| of_a.rows(i..i + 1).iter().zip(of_b.rows(j..j + 1)).map(|(x, y)| x * y).sum();
            let mut lows: Vec<f32> = (0..of_b.lengths.len()).map(product).collect();
            lower(&mut lows, of_a.lengths[i], &of_b.lengths);
            for (j, (y, low)) in b.chunks_exact(size).zip(lows).enumerate() {
                let exact = distance::squared(x, y);
                assert!(f64::from(low) <= exact, "{i} {j}: {low} of {exact}");
                if exact > 0.0 {
                    shares += f64::from(low) / exact;
                    count += 1.0;
                }
            }
        }
        shares / count
    }

    #[test]
    fn bounds_are_below_every_distance_and_near_it_where_few_directions_matter() {
        for (rank, offset, noise, least) in
            [(20, 0.0, 0.1, 0.95), (20, 1e3, 0.1, 0.95), (3, 0.5, 1e-3, 0.98), (1, 0.0, 1e-6, 0.7), (200, 0.0, 1.0, 0.2)]
        {
            let (a, b) = (rows(1, 90, 300, rank, (offset, noise)), rows(2, 700, 300, rank, (offset, noise)));
            // Copies too: at distance 0.
            let both = [&a[..], &[&b[..], &a[..600]].concat()[..]];
            let found = tightness(both, 300, &reduced(both, 300).unwrap());
            assert!(found > least, "{rank} {offset} {noise}: {found}");
        }
        let (a, b) = (rows(1, 90, 300, 200, (0.0, 1.0)), rows(2, 200, 300, 200, (0.0, 1.0)));
        assert!(tightness([&a, &b], 300, &whole([&a, &b], 300).unwrap()) > 0.999);
    }

    #[test]
    fn what_cannot_be_screened_is_none() {
        let rows = rows(1, 10, 300, 2, (0.0, 1.0));
        let equal = vec![0.25; 300 * 10];
        let with = |value: f32| [&rows[1..], &[value]].concat();
        // One row, and rows that do not vary.
        assert!(reduced([&rows, &rows[..300]], 300).is_some() && reduced([&rows, &equal], 300).is_some());
        for bad in [f32::NAN, f32::INFINITY, 3e38] {
            assert!(reduced([&rows, &with(bad)], 300).is_none() && reduced([&with(bad), &rows], 300).is_none(), "{bad}");
            assert!(whole([&rows, &with(bad)], 300).is_none() && whole([&with(bad), &rows], 300).is_none(), "{bad}");
        }
        assert!(reduced([&rows[..250], &rows[..250]], 50).is_none());
    }

    #[test]
    fn directions_are_orthonormal_and_as_many_as_the_rows_span() {
        let rows = rows(3, 100, 40, 5, (0.0, 0.0));
        let found = orthonormal(Mat::from_fn(40, 20, |k, i| f64::from(rows[i * 40 + k])).as_ref());
        // f32 rounds: the other directions are its last bits.
        assert!(found.ncols() >= 5);
        let gram = linear::product(found.transpose(), found.as_ref());
        for i in 0..found.ncols() {
            for j in 0..found.ncols() {
                assert!((gram[(i, j)] - f64::from(u8::from(i == j))).abs() < 1e-13);
            }
        }
    }
}
