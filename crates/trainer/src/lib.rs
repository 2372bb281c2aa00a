#![doc = include_str!("../README.md")]

mod course;
mod error;
mod log;
mod log_line;
mod optimisers;
mod pool;
mod pretraining;
mod protobuf;
mod step;
mod tensorboard;
mod terms;
mod train;

pub use course::Course;
pub use error::{Error, Result};
pub use log_line::LogLine;
pub use pool::on_pool;
pub use pretraining::{PRETRAINING, PRETRAINING_IMAGES};
pub use protobuf::HyperParameter;
pub use step::{Draws, Line, Stepped};
pub use tensorboard::{EventImage, Sights, write_session};
pub use train::{Plan, Trained, Watch, train, train_watched};
