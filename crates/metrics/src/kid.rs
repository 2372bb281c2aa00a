//! Kernel distance between the features of two sets of images (KID).
//!
//! The squared maximum mean discrepancy under the kernel (x . y / d + 1)^3 of d-dimensional features (Binkowski,
//! Sutherland, Arbel, Gretton, "Demystifying MMD GANs", 2018). Unit: none; lower is better; unbiased, so that its
//! expected value does not depend on the number of images, and that it may be negative. Compare only values of the
//! same features and reference images.
//!
//! [`kid`] takes all pairs of all images at once, with the standard error of the U-statistic. Other tools draw 100
//! subsets of 1 000 images and print mean and standard deviation over the subsets, which is not a standard error of
//! the mean: [`by_subsets`] does as they do. Their draws are their own, so the values agree as two of their seeds do.

use rand::seq::SliceRandom;
use rayon::prelude::*;
use vimae_core::{Error, Purpose, Result, Streams};

use crate::{
    distance,
    features::Features,
    inner::{self, BLOCK, Element, Products},
    mmd::{self, Sums},
};

/// A kernel distance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kid {
    /// The unbiased estimate.
    pub value: f64,
    /// Its standard error, over both sets of images.
    pub standard_error: f64,
}

/// The KID of two sets by all pairs.
///
/// # Errors
/// [`Error::Unsupported`] for features of different networks, and for fewer than two images.
pub fn kid(a: &Features, b: &Features) -> Result<Kid> {
    a.check_comparable(b)?;
    a.check_count("KID", 2)?;
    b.check_count("KID", 2)?;
    let single =
        a.size() >= LONG && [a, b].iter().all(|set| distance::single(set.values(), set.size(), &inner::squares(set.values(), set.size())));
    let sums = if single { sums::<f32> } else { sums::<f64> };
    let estimate = mmd::combine(&sums(a, a, true), &sums(b, b, true), &sums(a, b, false), 0.0);
    Ok(Kid { value: estimate.unbiased, standard_error: estimate.standard_error })
}

/// How many random subsets of a set, of how many images each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subsets {
    /// Pairs of subsets.
    pub count: usize,
    /// Images of each subset.
    pub size: usize,
}

impl Default for Subsets {
    /// As `clean-fid`, `torch-fidelity` and `torchmetrics` have it where they are not told.
    fn default() -> Self {
        Self { count: 100, size: 1000 }
    }
}

/// Mean and standard deviation (over their number) of the KID over pairs of random subsets, drawn without replacement.
///
/// # Errors
/// As [`kid`]; [`Error::Unsupported`] for no subsets, and where a set has fewer images than a subset.
pub fn by_subsets(a: &Features, b: &Features, Subsets { count, size }: Subsets, seed: u64) -> Result<(f64, f64)> {
    a.check_comparable(b)?;
    a.check_count("KID by subsets", size.max(2))?;
    b.check_count("KID by subsets", size.max(2))?;
    if count == 0 || size < 2 {
        let what = format!("KID by {count} subsets of {size} images");
        return Err(Error::Unsupported { what, reason: "there must be one or more, of two images or more".into() });
    }
    let streams = Streams::new(seed);
    let values: Vec<f64> = (0..count)
        .map(|i| {
            let draw = |features: &Features, side: u64| {
                let mut order: Vec<usize> = (0..features.count()).collect();
                let (chosen, _) = order.partial_shuffle(&mut streams.at(Purpose::Evaluation, 2 * i as u64 + side), size);
                let d = features.size();
                let rows = chosen.iter().flat_map(|&i| features.values()[i * d..(i + 1) * d].iter().copied()).collect();
                Features::new(features.source().clone(), features.images_sha256(), d, rows, None)
            };
            kid(&draw(a, 0)?, &draw(b, 1)?).map(|k| k.value)
        })
        .collect::<Result<_>>()?;
    let mean = values.iter().sum::<f64>() / count as f64;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count as f64;
    Ok((mean, variance.sqrt()))
}

/// Features of fewer numbers take their products in f64: they cost little there.
///
/// In f32 a product is wrong by some 1e-7 of the lengths, this way or that from pair to pair. Where rows differ by more than they round
/// ([`distance::single`]), the mean over all pairs is off by less than a thousandth of its standard error; kernels and sums are in f64.
const LONG: usize = 64;
const LANES: usize = 8;

/// Sums of the kernel over all pairs, by products in `T`, or with `own` over ordered pairs of different rows of one set.
fn sums<T: Element>(a: &Features, b: &Features, own: bool) -> Sums {
    let (size, scale) = (a.size(), 1.0 / a.size() as f64);
    let parts: Vec<(Vec<f64>, Vec<f64>, f64)> = (0..inner::blocks(a))
        .into_par_iter()
        .map(|block| {
            let rows = inner::block::<T>(a, block);
            let (mut by_row, mut by_column, mut squares) = (vec![0.0; rows.len() / size], vec![0.0; b.count()], 0.0);
            let mut products = Products::new();
            for other in if own { block } else { 0 }..inner::blocks(b) {
                let columns = inner::block(b, other);
                products.of(&rows, &columns, size, |j, column| {
                    // Each pair of a block comes twice: its half above the diagonal goes.
                    let counted = if own && other == block { j } else { column.len() };
                    let (sum, square) = add_kernels(&column[..counted], scale, &mut by_row);
                    by_column[other * BLOCK + j] += sum;
                    squares += square;
                });
            }
            (by_row, by_column, squares)
        })
        .collect();
    let mut total = Sums { rows: Vec::with_capacity(a.count()), columns: vec![0.0; b.count()], squares: 0.0 };
    for (rows, columns, squares) in parts {
        total.rows.extend(rows);
        total.columns.iter_mut().zip(columns).for_each(|(t, c)| *t += c);
        total.squares += squares;
    }
    if own {
        total.rows.iter_mut().zip(&mut total.columns).for_each(|(row, column)| {
            *row += *column;
            *column = *row;
        });
        total.squares *= 2.0;
    }
    total
}

/// Adds the kernel of each product to its row's sum; the sum of all and of their squares, lane by lane.
fn add_kernels<T: Element>(products: &[T], scale: f64, by_row: &mut [f64]) -> (f64, f64) {
    let (mut sums, mut squares) = ([0.0; LANES], [0.0; LANES]);
    for (products, by_row) in products.chunks(LANES).zip(by_row.chunks_mut(LANES)) {
        let lanes = sums.iter_mut().zip(&mut squares);
        for ((product, by_row), (sum, square)) in products.iter().zip(by_row).zip(lanes) {
            let base = Into::<f64>::into(*product) * scale + 1.0;
            let kernel = base * base * base;
            *by_row += kernel;
            *sum += kernel;
            *square += kernel * kernel;
        }
    }
    (sums.iter().sum(), squares.iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Source;

    fn features(seed: u64, count: usize, size: usize, shift: f32) -> Features {
        let values = Streams::new(seed).normal(Purpose::Evaluation, 0, count * size).iter().map(|v| v + shift).collect();
        Features::new(Source::new("net", "ab"), "images", size, values, None).unwrap()
    }

    /// The sums as they are written in the paper.
    fn plain(a: &Features, b: &Features) -> f64 {
        let row = |f: &Features, i: usize| f.values()[i * f.size()..(i + 1) * f.size()].to_vec();
        let kernel = |x: &[f32], y: &[f32]| {
            let product: f64 = x.iter().zip(y).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum();
            (product / x.len() as f64 + 1.0).powi(3)
        };
        let mean = |a: &Features, b: &Features, own: bool| {
            let pairs = (0..a.count()).flat_map(|i| (0..b.count()).map(move |j| (i, j))).filter(|(i, j)| !own || i != j);
            let values: Vec<f64> = pairs.map(|(i, j)| kernel(&row(a, i), &row(b, j))).collect();
            values.iter().sum::<f64>() / values.len() as f64
        };
        mean(a, a, true) + mean(b, b, true) - 2.0 * mean(a, b, false)
    }

    #[test]
    fn blocks_give_the_plain_sums_and_are_symmetric() {
        let (a, b) = (features(1, 600, 5, 0.0), features(2, 530, 5, 0.3));
        let (there, back) = (kid(&a, &b).unwrap(), kid(&b, &a).unwrap());
        assert!((there.value - plain(&a, &b)).abs() < 1e-9, "{there:?} {}", plain(&a, &b));
        assert!((there.value - back.value).abs() < 1e-12 && (there.standard_error - back.standard_error).abs() < 1e-9);
        assert!(there.value > 3.0 * there.standard_error);
    }

    #[test]
    fn products_in_f32_move_it_by_far_less_than_its_error() {
        for (shift, other) in [(0.0, 0.0), (0.0, 0.1), (1.0, 1.0), (8.0, 8.0)] {
            let (a, b) = (features(1, 700, 200, shift), features(2, 600, 200, other));
            let found = kid(&a, &b).unwrap();
            let of = |sums: fn(&Features, &Features, bool) -> Sums| {
                mmd::combine(&sums(&a, &a, true), &sums(&b, &b, true), &sums(&a, &b, false), 0.0)
            };
            let (single, double) = (of(sums::<f32>), of(sums::<f64>));
            assert_eq!(found.value, single.unbiased);
            assert!((single.unbiased - double.unbiased).abs() < 1e-3 * double.standard_error, "{shift} {other}: {single:?} {double:?}");
            assert!((single.standard_error / double.standard_error - 1.0).abs() < 1e-3, "{shift} {other}: {single:?} {double:?}");
        }
        // Far from the origin f64 decides.
        let (a, b) = (features(1, 60, 200, 1e4), features(2, 60, 200, 1e4));
        let double = mmd::combine(&sums::<f64>(&a, &a, true), &sums::<f64>(&b, &b, true), &sums::<f64>(&a, &b, false), 0.0);
        assert_eq!(kid(&a, &b).unwrap().value, double.unbiased);
    }

    #[test]
    fn alike_sets_are_at_zero_on_average_with_the_error_that_is_claimed() {
        let (mut values, mut claimed) = (Vec::new(), Vec::new());
        for seed in 0..60 {
            let found = kid(&features(2 * seed, 60, 4, 0.0), &features(2 * seed + 1, 70, 4, 0.0)).unwrap();
            values.push(found.value);
            claimed.push(found.standard_error);
        }
        let mean = values.iter().sum::<f64>() / 60.0;
        let deviation = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 59.0).sqrt();
        let claim = claimed.iter().sum::<f64>() / 60.0;
        assert!(mean.abs() < 3.5 * deviation / 60_f64.sqrt(), "{mean} {deviation}");
        assert!((0.6..1.6).contains(&(claim / deviation)), "{claim} {deviation}");
    }

    #[test]
    fn subsets_of_everything_are_everything() {
        let (a, b) = (features(1, 40, 3, 0.0), features(2, 40, 3, 0.5));
        let (mean, deviation) = by_subsets(&a, &b, Subsets { count: 5, size: 40 }, 9).unwrap();
        assert!((mean - kid(&a, &b).unwrap().value).abs() < 1e-9 && deviation < 1e-9);
        for none in [Subsets { count: 5, size: 41 }, Subsets { count: 0, size: 40 }, Subsets { count: 5, size: 1 }] {
            assert!(matches!(by_subsets(&a, &b, none, 9), Err(Error::Unsupported { .. })));
        }
        assert!(kid(&a, &features(1, 1, 3, 0.0)).is_err());
    }
}
