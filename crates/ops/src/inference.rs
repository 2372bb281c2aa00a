//! Networks without gradients: convolutions with folded batch norm and fused ReLU, and pooling, on images that lie channels
//! last in plain memory.
//!
//! Nothing here starts threads. One call works on a few images, and the caller distributes groups of images over threads.
//! The result for an image has the same bits in any group.
//!
//! ```
//! use candle_core::{DType, Device, Tensor};
//! use vimae_ops::inference::{Conv, Map, Window, average_pool};
//!
//! let weight = Tensor::ones((16, 3, 3, 3), DType::F32, &Device::Cpu)?;
//! let conv = Conv::new(&weight, &[0.5; 16], (2, 2), (0, 0))?;
//! let x = Map::new(1, 9, 9, 3, vec![1.0; 243])?;
//! let y = conv.relu(&x)?;
//! assert_eq!((y.height(), y.width(), y.channels()), (4, 4, 16));
//! assert_eq!(y.data()[0], 27.5);
//! let mut z = Map::zeros(1, 4, 4, 20);
//! average_pool(&y, Window { kernel: 3, stride: 1, padding: 1 }, &mut z, 4)?;
//! assert_eq!(z.data()[..5], [0.0, 0.0, 0.0, 0.0, 27.5]);
//! # Ok::<(), vimae_ops::Error>(())
//! ```

mod axis;
mod conv;
mod map;
mod pool;
mod rows;
mod winograd;

pub use conv::Conv;
pub use map::Map;
pub use pool::{Window, average_pool, max_pool};
