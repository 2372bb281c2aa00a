#![doc = include_str!("../README.md")]

mod check;
mod dataset;
mod dual;
mod error;
mod kernel;
mod machines;
mod nearest;
mod primal;
mod standardise;
mod svm;
mod transductive;
mod tune;

pub use error::{Error, Result};
pub use kernel::Kernel;
pub use machines::Machines;
pub use standardise::Standardiser;
pub use svm::Svm;
pub use transductive::{Transduced, TransductiveSvm};
pub use tune::{Tuned, cross_validate};

// Only its features matter: the root manifest says why.
use num_integer as _;
