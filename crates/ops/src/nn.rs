//! The operations of this crate as modules of [candle-nn](https://docs.rs/candle-nn).
//!
//! Each layer has a function that makes it from a `VarBuilder`, with the names that PyTorch gives (`weight`, `bias`,
//! `running_mean`, `running_var`), and a `new` that takes tensors. Layers that do the same in training and evaluation are
//! `Module`s. Those with batch norm are `ModuleT`s; [`Evaluate`] makes a `Module` of one, and [`seq_t`] a sequence that trains.
//!
//! ```
//! use candle_core::{DType, Device, Module, ModuleT, Tensor};
//! use candle_nn::{VarBuilder, VarMap};
//! use vimae_ops::{Direction::Convolve, nn::{Evaluate, StackConfig, conv_stack, linear}};
//!
//! let (variables, device) = (VarMap::new(), Device::Cpu);
//! let vb = VarBuilder::from_varmap(&variables, DType::F32, &device);
//! let layer = |outputs| StackConfig { outputs, kernel: 4, stride: 2, direction: Convolve };
//! let stack = conv_stack(1, &[layer(8), layer(16)], None, vb.pp("stack"))?;
//! let images = Tensor::ones((2, 1, 28, 28), DType::F32, &device)?;
//! assert_eq!(stack.forward_t(&images, true)?.dims(), [2, 16, 7, 7]);
//!
//! let encoder = candle_nn::seq().add(Evaluate(stack)).add_fn(|x| x.flatten_from(1)).add(linear(784, 2, vb.pp("fc"))?);
//! assert_eq!(encoder.forward(&images)?.dims(), [2, 2]);
//! # Ok::<(), candle_core::Error>(())
//! ```

mod conv;
mod evaluate;
mod linear;
mod norm;
mod sequential;
mod squash;
mod stack;

pub use conv::{Conv2dSame, ConvTranspose2dSame, SameConv, conv_transpose2d_same, conv2d_same};
pub use evaluate::Evaluate;
pub use linear::{Linear, linear, linear_no_bias};
pub use norm::{BatchNormRelu, batch_norm_relu};
pub use sequential::{SequentialT, seq_t};
pub use squash::Squash;
pub use stack::{ConvStack, StackConfig, conv_stack};
