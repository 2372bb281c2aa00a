#![doc = include_str!("../README.md")]

mod activation;
mod adam;
mod adam_step;
mod bernoulli;
mod bias;
pub mod channels_last;
mod choice;
mod conv;
#[cfg(feature = "cuda")]
mod cuda;
#[cfg(any(test, feature = "cuda"))]
#[cfg_attr(
    all(not(feature = "cudnn"), not(all(test, feature = "cuda"))),
    expect(dead_code, reason = "without cuDNN the convolutions, without CUDA the launches are for the tests alone")
)]
mod device;
mod direct;
mod error;
mod exponential;
mod geometry;
mod gradients;
mod groups;
pub mod inference;
mod layout;
mod linear;
mod loss;
mod memory;
pub mod nn;
mod norm;
mod panels;
mod parallel;
mod precision;
mod product;
mod real;
mod simd;
mod source;
mod stack;
mod thin;
mod transpose;
mod winograd;

pub use activation::{relu, sigmoid, tanh};
pub use adam::{Adam, AdamConfig};
pub use bernoulli::bernoulli_log_likelihood;
pub use conv::{ConvParams, ConvTransposeParams, conv_transpose2d, conv_transpose2d_same, conv2d, conv2d_same};
pub use error::{Error, Result};
pub use geometry::Direction;
pub use gradients::backward;
pub use linear::{linear, linear_relu};
pub use loss::squared_error_sum;
pub use memory::{LineAllocator, keep_freed_memory};
pub use norm::{BatchStatistics, batch_norm_eval, batch_norm_relu_eval, batch_norm_relu_train, batch_norm_train};
pub use precision::{allow_tf32, tf32_allowed};
pub use stack::{Finish, StackLayer, conv_stack_train};
