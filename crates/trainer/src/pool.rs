//! The thread that computes a step.

use candle_core::Device;

/// Runs `work` on a thread of rayon's pool if `device` is the CPU. Every parallel operation that is called from outside
/// the pool costs two waits in the operating system, and a step has about a hundred of them. On a GPU, `work` stays on the
/// thread that owns the GPU's context.
pub fn on_pool<R: Send>(device: &Device, work: impl FnOnce() -> R + Send) -> R {
    if device.is_cpu() { rayon::scope(|_| work()) } else { work() }
}
