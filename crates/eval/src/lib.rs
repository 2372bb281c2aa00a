#![doc = include_str!("../README.md")]

mod accuracy;
pub mod condition;
mod error;
mod evaluate;
pub mod few_label;
mod gather;
mod pictures;
pub mod svm;

pub use error::{Error, Result};
pub use evaluate::{Outcome, Subject, chosen, evaluate};
pub use few_label::FewLabel;
pub use pictures::Pictures;
