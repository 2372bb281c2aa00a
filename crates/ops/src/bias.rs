//! A bias on rows of channels, and its gradient.
#![expect(unsafe_code, reason = "the dispatch that `vectorised` writes")]

use crate::parallel::map;
use crate::real::Real;
use crate::simd::vectorised;

vectorised! {
fn add_to_rows<T: Real>(out: &mut [T], bias: &[T]) {
    for row in out.chunks_exact_mut(bias.len().max(1)) {
        for (v, b) in row.iter_mut().zip(bias) {
            *v += *b;
        }
    }
}
}

/// Adds one element of `bias` to each channel of the rows `[rows, channels]`.
pub(crate) fn add_bias<T: Real>(out: &mut [T], bias: &[T]) {
    add_to_rows(out, bias);
}

/// The same for planes of one image, a channel each.
pub(crate) fn add_bias_to_planes<T: Real>(image: &mut [T], bias: &[T]) {
    for (plane, b) in image.chunks_exact_mut((image.len() / bias.len()).max(1)).zip(bias) {
        for v in plane {
            *v += *b;
        }
    }
}

/// The sum over rows of [rows, channels], in shares of rows added in order.
pub(crate) fn column_sums<T: Real>(x: &[T], channels: usize) -> Vec<T> {
    const ROWS: usize = 256;
    let sums: Vec<Vec<T>> = map(x.chunks((ROWS * channels).max(1)), |x| {
        let mut sum = vec![T::zero(); channels];
        for row in x.chunks_exact(channels) {
            for (s, v) in sum.iter_mut().zip(row) {
                *s += *v;
            }
        }
        sum
    });
    let mut total = vec![0f64; channels];
    for sum in &sums {
        for (t, v) in total.iter_mut().zip(sum) {
            *t += v.to_f64();
        }
    }
    total.into_iter().map(T::from_f64).collect()
}
