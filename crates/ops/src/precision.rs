//! Whether tensor cores may round `f32` on their way in.

use std::sync::atomic::{AtomicBool, Ordering};

static TF32: AtomicBool = AtomicBool::new(false);

/// Lets convolutions and matrix products of `f32` on CUDA use TF32 (8 bits of exponent, 10 of mantissa)
/// from now on, or forbids it, which is how a process starts. Faster on tensor cores, at relative errors
/// near 1e-3 in place of 1e-6. The CPU and `f64` know no TF32; there this changes nothing.
pub fn allow_tf32(allow: bool) {
    TF32.store(allow, Ordering::Relaxed);
    #[cfg(feature = "cuda")]
    candle_core::cuda_backend::set_gemm_reduced_precision_f32(allow);
}

/// What [`allow_tf32`] said last.
#[must_use]
pub fn tf32_allowed() -> bool {
    TF32.load(Ordering::Relaxed)
}
