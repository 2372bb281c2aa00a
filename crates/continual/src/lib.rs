#![doc = include_str!("../README.md")]

mod buffer;
mod error;
mod importance;
mod memory;
mod mixed;
mod penalised;
mod strategy;
mod stream;
mod task;
mod train;

pub use buffer::Policy;
pub use error::{Error, Result};
pub use importance::importance;
pub use memory::{Kept, Memory, Past, Replay, Strategy, Teacher};
pub use strategy::{BuildStrategy, STRATEGIES};
pub use stream::{BuildStream, STREAMS, Stream};
pub use task::{Task, check, in_one_order, together};
pub use train::{Learner, Learnt, folder, kept, train};

/// The strategy of a stream for which none is named.
pub const DEFAULT_STRATEGY: &str = "fine_tune";
