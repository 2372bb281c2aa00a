#![doc = include_str!("../README.md")]

mod accuracy;
pub mod condition;
mod confusion;
mod draws;
mod error;
mod evaluate;
pub mod few_label;
mod gather;
mod neighbours;
mod over_draws;
mod pictures;
mod probe;
mod projection;

pub use confusion::Confusion;
pub use draws::{Draw, Draws};
pub use error::{Error, Result};
pub use evaluate::{Outcome, Subject, evaluate};
pub use few_label::FewLabel;
pub use neighbours::Neighbours;
pub use pictures::{Pictures, Projection};
pub use probe::Probe;
