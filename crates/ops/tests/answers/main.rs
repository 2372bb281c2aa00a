//! Every operation beside its definition, its equations, finite differences and other code, for odd arguments and any number of
//! threads.

mod adam;
mod arguments;
mod convolution;
mod gradients;
mod kernels;
mod modules;
mod stack;
mod threads;
