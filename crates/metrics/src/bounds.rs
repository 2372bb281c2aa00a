//! Bounds of squared distances by products in `T`, and the few pairs that they leave open.

use crate::inner::Element;

/// How many bounds are looked at together, in vectors.
const LANES: usize = 16;

/// How far |x|^2 + |y|^2 - 2 x.y may be from the sum of squared differences ([`crate::distance::squared`]), with the squared lengths in
/// f64 and the product in `T`.
///
/// With the unit roundoffs u of f64 and v of `T`, and n numbers a row: n u for the squared lengths, n v / (1 - n v) for the product
/// (2 |x||y| <= |x|^2 + |y|^2) and 2 n u for the sum of squared differences, at most 2 (|x|^2 + |y|^2), as shares of |x|^2 + |y|^2; a
/// few more for what is added up here, and for each term of the product that underflows the least number of `T`. Higham, "Accuracy
/// and Stability of Numerical Algorithms", 2002, section 3.1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    share: f64,
    least: f64,
    /// Of the operations in `T` of [`lower`] and of its arguments.
    rounding: f64,
}

impl Bounds {
    pub(crate) fn of<T: Element>(size: usize) -> Self {
        let n = size as f64;
        let product = if n * T::ROUNDOFF < 0.5 { n * T::ROUNDOFF / (1.0 - n * T::ROUNDOFF) } else { f64::INFINITY };
        let least = (2.0 * n + 8.0) * T::LEAST;
        Self { share: product + (3.0 * n + 32.0) * f64::ROUNDOFF, least, rounding: 16.0 * T::ROUNDOFF }
    }

    /// With more that rows may seem apart, as a share of |x|^2 + |y|^2.
    pub(crate) fn and(self, share: f64) -> Self {
        Self { share: self.share + share, ..self }
    }

    /// What rounding may take of |x|^2 + |y|^2.
    pub(crate) fn share(self) -> f64 {
        self.share
    }

    /// The lengths that [`lower`] takes, of rows of these squared lengths.
    pub(crate) fn lengths<T: Element>(self, squares: &[f64]) -> Vec<T> {
        squares.iter().map(|square| T::nearest(square * (1.0 - self.share - self.rounding) - self.least)).collect()
    }

    /// A lower bound and the slacks of both rows make an upper bound.
    pub(crate) fn slacks(self, squares: &[f64]) -> Vec<f64> {
        squares.iter().map(|square| 2.0 * ((self.share + 2.0 * self.rounding) * square + 2.0 * self.least)).collect()
    }
}

/// Makes the products of a row with others lower bounds of their squared distances; the least of them. `length` and `lengths`: theirs
/// ([`Bounds::lengths`]).
pub(crate) fn lower<T: Element>(products: &mut [T], length: T, lengths: &[T]) -> T {
    let mut least = [T::INFINITY; LANES];
    for (products, lengths) in products.chunks_mut(LANES).zip(lengths.chunks(LANES)) {
        for ((product, other), least) in products.iter_mut().zip(lengths).zip(&mut least) {
            *product = length + *other - (*product + *product);
            *least = if *product < *least { *product } else { *least };
        }
    }
    least.into_iter().fold(T::INFINITY, |least, low| if low < least { low } else { least })
}

/// Calls `found` with the place of each bound up to `limit`, and the bound.
pub(crate) fn within<T: Element>(lows: &[T], limit: T, mut found: impl FnMut(usize, T)) {
    for (chunk, lows) in lows.chunks(LANES).enumerate() {
        // One look at all, in vectors: almost none is.
        if lows.iter().fold(false, |any, low| any | (*low <= limit)) {
            let inside = lows.iter().enumerate().filter(|(_, low)| **low <= limit);
            inside.for_each(|(i, low)| found(chunk * LANES + i, *low));
        }
    }
}

/// The same with a limit for each place, or `limit` where that is larger.
pub(crate) fn within_each<T: Element>(lows: &[T], limits: &[T], limit: T, mut found: impl FnMut(usize, T)) {
    for (chunk, (lows, limits)) in lows.chunks(LANES).zip(limits.chunks(LANES)).enumerate() {
        let holds = |(low, own): (&T, &T)| (*low <= *own) | (*low <= limit);
        if lows.iter().zip(limits).fold(false, |any, pair| any | holds(pair)) {
            let inside = lows.iter().zip(limits).enumerate().filter(|(_, pair)| holds(*pair));
            inside.for_each(|(i, (low, _))| found(chunk * LANES + i, *low));
        }
    }
}

#[cfg(test)]
mod tests {
    use vimae_core::{Purpose, Streams};

    use super::*;
    use crate::distance::squared;

    fn product<T: Element + std::iter::Sum>(x: &[f32], y: &[f32]) -> T {
        T::of(x).iter().zip(T::of(y).iter()).map(|(x, y)| *x * *y).sum()
    }

    fn check<T: Element + std::iter::Sum>(rows: &[Vec<f32>], case: &str) {
        let bounds = Bounds::of::<T>(rows[0].len());
        let squares: Vec<f64> = rows.iter().map(|row| product::<f64>(row, row)).collect();
        let (lengths, slacks) = (bounds.lengths::<T>(&squares), bounds.slacks(&squares));
        for (i, x) in rows.iter().enumerate() {
            let mut lows: Vec<T> = rows.iter().map(|y| product(x, y)).collect();
            let least = lower(&mut lows, lengths[i], &lengths);
            assert!(lows.iter().all(|low| least <= *low) && lows.contains(&least));
            for (j, y) in rows.iter().enumerate() {
                let (low, exact): (f64, f64) = (lows[j].into(), squared(x, y));
                assert!(low <= exact && exact <= low + slacks[i] + slacks[j], "{case}: {low} {exact}");
            }
        }
    }

    #[test]
    fn the_bounds_hold_where_almost_everything_cancels() {
        for (offset, spread) in [(0.0, 1.0), (1_000.0, 1.0), (3e4, 1e-2), (1.0, 1e-7), (0.0, 1e-22), (1e-21, 3e-22)] {
            for size in [1, 7, 64, 500] {
                let values = Streams::new(9).normal(Purpose::Evaluation, size as u64, 20 * size);
                let rows: Vec<Vec<f32>> = values.chunks(size).map(|row| row.iter().map(|v| offset + spread * v).collect()).collect();
                let case = format!("{offset} {spread} {size}");
                check::<f64>(&rows, &case);
                check::<f32>(&rows, &case);
            }
        }
    }

    #[test]
    fn what_is_within_is_found_at_its_place() {
        let lows: Vec<f32> = (0..37).map(|i| ((i * 7) % 37) as f32).collect();
        let (mut all, mut each) = (Vec::new(), Vec::new());
        within(&lows, 2.0, |i, low| all.push((i, low)));
        let limits: Vec<f32> = (0..37).map(|i| if i == 5 { 36.0 } else { 1.0 }).collect();
        within_each(&lows, &limits, 2.0, |i, low| each.push((i, low)));
        let expected =
            |also: usize| -> Vec<(usize, f32)> { lows.iter().copied().enumerate().filter(|(i, low)| *low <= 2.0 || *i == also).collect() };
        assert_eq!((all.len(), each.len()), (3, 4));
        assert_eq!((all, each), (expected(99), expected(5)));
    }
}
