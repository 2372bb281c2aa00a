//! The dtypes of the kernels, and the way from a tensor to its slice.
#![expect(unsafe_code, reason = "vectors that a kernel is about to fill")]

use crate::exponential;
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
                if buffer.len() < len {
                    buffer.resize(len, 0.0);
                }
                let result = f(&mut buffer[..len]);
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
