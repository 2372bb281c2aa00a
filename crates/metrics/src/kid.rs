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
    features::Features,
    inner::{self, BLOCK, Products},
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

/// Sums of the kernel over all pairs, or with `own` over ordered pairs of different rows of one set.
fn sums(a: &Features, b: &Features, own: bool) -> Sums {
    let (size, scale) = (a.size(), 1.0 / a.size() as f64);
    let parts: Vec<(Vec<f64>, Vec<f64>, f64)> = (0..inner::blocks(a))
        .into_par_iter()
        .map(|block| {
            let rows = inner::block::<f64>(a, block);
            let (mut by_row, mut by_column, mut squares) = (vec![0.0; rows.len() / size], vec![0.0; b.count()], 0.0);
            let mut products = Products::new();
            for other in if own { block } else { 0 }..inner::blocks(b) {
                let columns = inner::block(b, other);
                products.of(&rows, &columns, size, |j, column| {
                    for v in column.iter_mut() {
                        let base = *v * scale + 1.0;
                        *v = base * base * base;
                    }
                    if own && other == block {
                        // Each pair of a block comes twice: its half above the diagonal goes.
                        column[j.min(BLOCK)..].fill(0.0);
                    }
                    let (sum, square) = column.iter().fold((0.0, 0.0), |(s, q), v| (s + v, q + v * v));
                    by_column[other * BLOCK + j] += sum;
                    squares += square;
                    by_row.iter_mut().zip(column.iter()).for_each(|(s, v)| *s += v);
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
