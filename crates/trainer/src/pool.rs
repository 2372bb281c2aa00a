//! Where a step is computed.

use candle_core::Device;

/// Does `work` on a thread of rayon's pool where `device` is the CPU. Every operation that is called from outside the pool
/// is handed over and waited for by the kernel, twice a hundred times a step; from inside only the other threads are woken.
/// A GPU keeps the thread that its context belongs to.
pub fn on_pool<R: Send>(device: &Device, work: impl FnOnce() -> R + Send) -> R {
    if device.is_cpu() { rayon::scope(|_| work()) } else { work() }
}
