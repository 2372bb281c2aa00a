#![doc = include_str!("../README.md")]

mod bytes;
mod context;
mod cost;
mod evaluate;
mod figures;
mod interpolation;
mod projection;
mod traversal;

pub use context::{EvalContext, Subject};
pub use cost::cost;
pub use evaluate::{Outcome, chosen, evaluate, measure};
pub use figures::{Figures, Projection};
pub use interpolation::Interpolations;
pub use traversal::{Traversals, Traversed, informative, quantiles};

/// The result of an evaluation.
pub type Result<T> = vimae_core::Result<T>;
