#![doc = include_str!("../README.md")]

mod accuracy;
pub mod condition;
mod confusion;
mod draws;
mod error;
mod evaluate;
pub mod few_label;
mod figures;
mod gather;
mod interpolation;
mod neighbours;
mod over_draws;
mod probe;
mod projection;
mod traversal;

pub use confusion::Confusion;
pub use draws::{Draw, Draws};
pub use error::{Error, Result};
pub use evaluate::{Outcome, Subject, chosen, evaluate};
pub use few_label::FewLabel;
pub use figures::{Figures, Projection};
pub use interpolation::Interpolations;
pub use neighbours::Neighbours;
pub use probe::Probe;
pub use traversal::{Traversals, Traversed};
