#![doc = include_str!("../README.md")]

mod error;
mod log;
mod log_line;
mod optimisers;
mod pool;
mod step;
mod tensorboard;
mod terms;
mod train;

pub use error::{Error, Result};
pub use log_line::LogLine;
pub use pool::on_pool;
pub use step::{Draws, Line, Stepped};
pub use train::{Plan, Trained, train};
