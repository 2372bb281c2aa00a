//! The dtypes of the kernels, and the way from a tensor to its slice.
#![expect(unsafe_code, reason = "vectors that a kernel is about to fill")]

use crate::exponential;
use crate::simd::LINE;
use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, DType, Error, Layout, Result, Storage, Tensor, WithDType};
use std::cell::RefCell;

/// `f32` or `f64`. Training uses `f32`; gradient checks by finite differences use `f64`.
pub(crate) trait Real: WithDType + std::iter::Sum + std::ops::Neg<Output = Self> + Default {
    /// Whether loops are compiled for wide vectors too.
    const WIDE: bool;
    fn exp(self) -> Self;
    /// ln(1 + x) of 0 to 1.
    fn ln_1p(self) -> Self;
    fn tanh(self) -> Self;
    fn sqrt(self) -> Self;
    /// The elements of a storage for writing, which candle offers by variant only.
    fn slice_mut(storage: &mut CpuStorage) -> Result<&mut [Self]>;
    /// Lends a buffer of `len` elements with unspecified content, kept from call to call by each
    /// thread. `f` must not hand work to rayon: another task of this thread would find the
    /// buffer lent.
    fn with_scratch<R>(len: usize, f: impl FnOnce(&mut [Self]) -> R) -> R;
}

macro_rules! real {
    ($t:ty, $wide:expr, $variant:ident, $cell:ident, $exp:expr, $ln_1p:expr, $tanh:expr) => {
        thread_local! {
            static $cell: RefCell<Vec<$t>> = const { RefCell::new(Vec::new()) };
        }
        impl Real for $t {
            const WIDE: bool = $wide;
            #[inline(always)]
            fn exp(self) -> Self {
                $exp(self)
            }
            #[inline(always)]
            fn ln_1p(self) -> Self {
                $ln_1p(self)
            }
            fn sqrt(self) -> Self {
                <$t>::sqrt(self)
            }
            #[inline(always)]
            fn tanh(self) -> Self {
                $tanh(self)
            }
            fn slice_mut(storage: &mut CpuStorage) -> Result<&mut [Self]> {
                match storage {
                    CpuStorage::$variant(values) => Ok(values),
                    other => Err(unsupported(other.dtype())),
                }
            }
            fn with_scratch<R>(len: usize, f: impl FnOnce(&mut [Self]) -> R) -> R {
                let mut buffer = $cell.with(|cell| std::mem::take(&mut *cell.borrow_mut()));
                // A vector that starts inside a line of the cache touches two.
                let spare = LINE / size_of::<$t>();
                if buffer.len() < len + spare {
                    buffer.resize(len + spare, 0.0);
                }
                let skipped = buffer.as_ptr().align_offset(LINE).min(spare);
                let result = f(&mut buffer[skipped..skipped + len]);
                $cell.with(|cell| *cell.borrow_mut() = buffer);
                result
            }
        }
    };
}
real!(f32, true, F32, SCRATCH_F32, exponential::exp, exponential::ln_1p, exponential::tanh);
real!(f64, false, F64, SCRATCH_F64, f64::exp, f64::ln_1p, f64::tanh);

/// Runs `$body` with `$t` standing for the Rust type of `$dtype`.
macro_rules! dispatch {
    ($dtype:expr, $t:ident => $body:expr) => {
        match $dtype {
            candle_core::DType::F32 => {
                type $t = f32;
                $body
            }
            candle_core::DType::F64 => {
                type $t = f64;
                $body
            }
            other => Err($crate::real::unsupported(other)),
        }
    };
}
pub(crate) use dispatch;

/// A constant in every instance.
#[cfg(target_arch = "x86_64")]
pub(crate) fn is_f32<T: Real>() -> bool {
    std::any::TypeId::of::<T>() == std::any::TypeId::of::<f32>()
}

pub(crate) fn unsupported(dtype: DType) -> Error {
    Error::UnsupportedDTypeForOp(dtype, "vimae-ops")
}

/// Calls `f` with the elements of a tensor on the CPU, in row-major order.
pub(crate) fn with_slice<T: Real, R>(x: &Tensor, f: impl FnOnce(&[T]) -> Result<R>) -> Result<R> {
    let x = x.contiguous()?;
    let (storage, layout) = x.storage_and_layout();
    match &*storage {
        Storage::Cpu(cpu) => f(contiguous::<T>(cpu, layout)?),
        _ => Err(Error::msg("vimae-ops: a tensor of this operation is not on the CPU")),
    }
}

/// The elements behind a contiguous layout.
pub(crate) fn contiguous<'a, T: Real>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [T]> {
    let (start, end) = layout.contiguous_offsets().ok_or(Error::RequiresContiguous { op: "vimae-ops kernel" })?;
    T::cpu_storage_as_slice(storage)?.get(start..end).ok_or_else(|| Error::msg("vimae-ops: a layout reaches outside its storage"))
}

/// A vector for a kernel that writes every element before any is read: zeroing what is overwritten
/// anyway is a measurable share of a training step.
#[expect(clippy::uninit_vec, reason = "as candle's own alloc_uninit; the kernels only write")]
pub(crate) fn unfilled<T: Real>(len: usize) -> Vec<T> {
    let mut out = Vec::with_capacity(len);
    // SAFETY: the capacity is `len`; f32 and f64 have no destructor and no invalid bit pattern,
    // and every caller hands the vector to a kernel that writes all of it before reading.
    unsafe { out.set_len(len) };
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts_on_a_line<T: Real>() {
        for len in [1, 100, 7, 5000, 4096, 0] {
            T::with_scratch(len, |scratch| {
                assert_eq!((scratch.len(), scratch.as_ptr().addr() % LINE), (len, 0));
                // Inside another one, the room is another.
                T::with_scratch(3, |inner| inner.fill(T::one()));
                scratch.fill(T::zero());
            });
        }
    }

    #[test]
    fn scratch_starts_on_a_line_of_the_cache_and_is_as_long_as_asked() {
        starts_on_a_line::<f32>();
        starts_on_a_line::<f64>();
    }
}
