//! Layers for a device that works asynchronously: which kernels are launched, in which order and with which shapes. Nothing
//! here reads a result back.
//!
//! Two traits stand for the launches. [`crate::cuda`] implements them with kernels of our own and cuDNN. The tests implement
//! them with loops on the CPU that follow the same indices, so that the layers are tested without a GPU.

pub(crate) mod choice;
mod conv;
#[cfg(test)]
mod emulated;
pub(crate) mod grid;
pub(crate) mod launches;
mod node;
mod norm;
pub(crate) mod plan;
mod pointwise;
#[cfg(test)]
mod reductions;
mod stack;
mod tensors;
#[cfg(test)]
mod tests;

pub(crate) use conv::Layer;
#[cfg(any(test, feature = "cudnn"))]
pub(crate) use conv::apply as convolution;
pub(crate) use norm::{eval, train};
pub(crate) use pointwise::apply as pointwise;
#[cfg(any(test, feature = "cudnn"))]
pub(crate) use stack::{Finish, StackLayer, run as stack};
