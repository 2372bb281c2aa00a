#![doc = include_str!("../README.md")]

mod activation;
mod adam;
pub mod channels_last;
mod conv;
mod error;
mod exponential;
pub mod inference;
mod linear;
mod loss;
mod memory;
mod norm;
mod panels;
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
pub use stack::{Direction, Finish, StackLayer, conv_stack_train};
