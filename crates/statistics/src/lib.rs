#![doc = include_str!("../README.md")]

pub mod bootstrap;
pub mod claim;
pub mod crossed;
mod equivalence;
mod holm;
pub mod jackknife;
pub mod sign_flip;
pub mod student;
mod summary;
pub mod transfer;
pub mod wilson;

pub use claim::Decision;
pub use equivalence::{Verdict, verdict};
pub use holm::holm;
pub use summary::Summary;

/// Share of cases in which a test may be wrong, and of values outside an interval.
pub const LEVEL: f64 = 0.05;
/// Seeds below which no claim is decided.
pub const FEWEST_SEEDS: usize = 5;
