#![doc = include_str!("../README.md")]

pub mod atomic;
mod error;
mod file;
mod lock;

pub use error::{Error, Result};
pub use file::{Best, Checkpoint, Position, load_weights, save_weights};
pub use lock::{Owner, RunLock, has_no_locks, host};
pub use vimae_spec::Rollback;
