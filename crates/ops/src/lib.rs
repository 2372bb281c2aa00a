#![doc = include_str!("../README.md")]

mod activation;
mod adam;
pub mod channels_last;
mod conv;
#[cfg(feature = "cuda")]
mod cuda;
#[cfg(any(test, feature = "cuda"))]
#[cfg_attr(
    all(not(feature = "cudnn"), not(all(test, feature = "cuda"))),
    expect(dead_code, reason = "without cuDNN the convolutions, without CUDA the launches are for the tests alone")
)]
mod device;
mod error;
mod exponential;
mod groups;
pub mod inference;
mod linear;
mod loss;
mod memory;
mod norm;
mod panels;
mod precision;
mod product;
mod real;
mod simd;
mod stack;
mod thin;
mod transpose;
mod winograd;

pub use activation::{relu, sigmoid, tanh};
pub use adam::{Adam, AdamConfig};
pub use conv::{ConvParams, ConvTransposeParams, conv_transpose2d, conv_transpose2d_same, conv2d, conv2d_same};
pub use error::{Error, Result};
pub use linear::{linear, linear_relu};
pub use loss::squared_error_sum;
pub use memory::keep_freed_memory;
pub use norm::{BatchStatistics, batch_norm_eval, batch_norm_relu_eval, batch_norm_relu_train, batch_norm_train};
pub use precision::{allow_tf32, tf32_allowed};
pub use stack::{Direction, Finish, StackLayer, conv_stack_train};
