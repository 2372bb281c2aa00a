//! Pillow's antialiased bicubic filter: columns first, then rows, the filter stretched by the factor of shrinking.
//!
//! On floats ("F" mode) sums are f64 and each pass is stored as f32; on bytes ("L" mode) coefficients are fixed-point
//! numbers of 22 bits and each pass is rounded to bytes.

/// Bits of a coefficient after the point, for bytes: Pillow's 32 - 8 - 2.
const PRECISION: u32 = 22;

/// The coefficients of one result: of the values from `first` on.
struct Taps {
    first: usize,
    weights: Vec<f64>,
}

/// Keys' cubic with a = -0.5, which reaches two pixels.
fn cubic(x: f64) -> f64 {
    const A: f64 = -0.5;
    let x = x.abs();
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}

fn taps(from: usize, to: usize) -> Vec<Taps> {
    let scale = from as f64 / to as f64;
    let stretch = scale.max(1.0);
    let support = 2.0 * stretch;
    let one = |i: usize| {
        let centre = (i as f64 + 0.5) * scale;
        let first = (centre - support + 0.5).max(0.0) as usize;
        let end = ((centre + support + 0.5) as usize).min(from);
        let mut weights: Vec<f64> = (first..end).map(|x| cubic((x as f64 - centre + 0.5) / stretch)).collect();
        let sum: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|w| *w /= sum);
        Taps { first, weights }
    };
    (0..to).map(one).collect()
}

/// What a pass computes with.
trait Number: Copy {
    type Weight: Copy;
    type Sum: Copy;
    const START: Self::Sum;
    fn weight(weight: f64) -> Self::Weight;
    fn add(sum: Self::Sum, value: Self, weight: Self::Weight) -> Self::Sum;
    fn finish(sum: Self::Sum) -> Self;
}

impl Number for f32 {
    type Weight = f64;
    type Sum = f64;
    const START: f64 = 0.0;

    fn weight(weight: f64) -> f64 {
        weight
    }

    fn add(sum: f64, value: f32, weight: f64) -> f64 {
        sum + f64::from(value) * weight
    }

    fn finish(sum: f64) -> f32 {
        sum as f32
    }
}

impl Number for u8 {
    type Weight = i32;
    type Sum = i32;
    /// A half, for rounding.
    const START: i32 = 1 << (PRECISION - 1);

    fn weight(weight: f64) -> i32 {
        (weight * f64::from(1_u32 << PRECISION) + 0.5_f64.copysign(weight)) as i32
    }

    fn add(sum: i32, value: u8, weight: i32) -> i32 {
        sum.wrapping_add(i32::from(value).wrapping_mul(weight))
    }

    fn finish(sum: i32) -> u8 {
        (sum >> PRECISION).clamp(0, 255) as u8
    }
}

/// A plane of bytes, `[height, width]`, as floats, `[side, side]`.
pub(super) fn floats(plane: &[u8], height: usize, width: usize, side: usize) -> Vec<f32> {
    both(plane.iter().map(|&b| f32::from(b)).collect(), height, width, side)
}

/// A plane of bytes, `[height, width]`, as bytes, `[side, side]`.
pub(super) fn bytes(plane: &[u8], height: usize, width: usize, side: usize) -> Vec<u8> {
    both(plane.to_vec(), height, width, side)
}

/// Both passes; one that would change nothing is left out.
fn both<T: Number>(plane: Vec<T>, height: usize, width: usize, side: usize) -> Vec<T> {
    let mut lines = plane;
    if width != side {
        let taps = weighted::<T>(width, side);
        let sum = |row: &[T], first: usize, weights: &[T::Weight]| {
            let values = row.get(first..).unwrap_or(&[]).iter().zip(weights);
            T::finish(values.fold(T::START, |sum, (v, w)| T::add(sum, *v, *w)))
        };
        lines = lines.chunks(width.max(1)).flat_map(|row| taps.iter().map(|(first, w)| sum(row, *first, w)).collect::<Vec<T>>()).collect();
    }
    if height != side {
        let mut out = Vec::with_capacity(side * side);
        let mut sums = vec![T::START; side];
        for (first, weights) in weighted::<T>(height, side) {
            sums.fill(T::START);
            for (row, weight) in lines.chunks_exact(side).skip(first).zip(weights) {
                sums.iter_mut().zip(row).for_each(|(s, v)| *s = T::add(*s, *v, weight));
            }
            out.extend(sums.iter().map(|s| T::finish(*s)));
        }
        lines = out;
    }
    lines
}

fn weighted<T: Number>(from: usize, to: usize) -> Vec<(usize, Vec<T::Weight>)> {
    taps(from, to).into_iter().map(|t| (t.first, t.weights.into_iter().map(T::weight).collect())).collect()
}
