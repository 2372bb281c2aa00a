//! Whether tensor cores may round `f32`.

use std::sync::atomic::{AtomicBool, Ordering};

static TF32: AtomicBool = AtomicBool::new(false);

/// Allows or forbids TF32 (8 bits of exponent, 10 of mantissa) in convolutions and matrix products of `f32` on CUDA. It is
/// forbidden when a process starts. TF32 is faster on tensor cores, with relative errors near 1e-3 instead of 1e-6. It has no
/// effect on the CPU or on `f64`.
pub fn allow_tf32(allow: bool) {
    TF32.store(allow, Ordering::Relaxed);
    #[cfg(feature = "cuda")]
    candle_core::cuda_backend::set_gemm_reduced_precision_f32(allow);
}

/// Whether TF32 is allowed; see [`allow_tf32`].
#[must_use]
pub fn tf32_allowed() -> bool {
    TF32.load(Ordering::Relaxed)
}
