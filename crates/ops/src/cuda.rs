//! The layers of [`crate::device`] on NVIDIA GPUs: kernels of our own, compiled at their first use, and
//! with the feature `cudnn` convolutions by cuDNN.
//!
//! Everything is enqueued on the device's one stream and nothing waits for it. Images stay `[N, C, H, W]`,
//! the layout of the callers, in which cuDNN has all of its algorithms with and without TF32.

mod adam;
#[cfg(feature = "cudnn")]
mod cudnn;
mod kernels;
mod memory;
mod module;

pub(crate) use adam::{Entry, step as adam_step};
pub(crate) use kernels::Cuda;
