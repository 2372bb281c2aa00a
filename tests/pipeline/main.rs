//! The line from end to end, as users call it.

mod before_and_after;
mod comparison;
mod divergence;
mod errors;
mod evaluation;
mod fid_metric;
mod interruption;
mod kills;
mod learning_parts;
mod reproduction;
mod schedule;
mod slurm;
mod storage;
mod tiny;
