//! What pooling and convolutions do to one pixel's channels, in the widest vectors of the processor.
#![expect(unsafe_code, reason = "the versions of a loop for each vector width are called where the processor has it")]

use crate::real::Real;
use crate::simd::vectorised;

vectorised! {
    /// max(0, v + bias); NaN stays NaN.
    fn finish_of<T: Real>(row: &mut [T], bias: &[T]) {
        for (v, b) in row.iter_mut().zip(bias) {
            let sum = *v + *b;
            *v = if sum < T::zero() { T::zero() } else { sum };
        }
    }
}

vectorised! {
    fn larger_of<T: Real>(row: &mut [T], line: &[T]) {
        for (r, v) in row.iter_mut().zip(line) {
            *r = if *v > *r { *v } else { *r };
        }
    }
}

vectorised! {
    fn sum_of<T: Real>(row: &mut [T], line: &[T]) {
        for (r, v) in row.iter_mut().zip(line) {
            *r += *v;
        }
    }
}

pub(super) fn finish(row: &mut [f32], bias: &[f32]) {
    finish_of::<f32>(row, bias);
}

pub(super) fn larger(row: &mut [f32], line: &[f32]) {
    larger_of::<f32>(row, line);
}

pub(super) fn add(row: &mut [f32], line: &[f32]) {
    sum_of::<f32>(row, line);
}
