//! Convolutions by patches, for every shape: the kernels where no faster one fits, and what the others are tested against.

mod adjoint;
mod convolve;
mod gather;
mod weights;

pub(crate) use adjoint::adjoint;
pub(crate) use convolve::convolve;
pub(crate) use gather::gather_patches;
pub(crate) use weights::weight_gradient;
