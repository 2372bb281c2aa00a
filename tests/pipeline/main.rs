//! The line from end to end, as users call it.

mod comparison;
mod divergence;
mod errors;
mod interruption;
mod reproduction;
mod tiny;
