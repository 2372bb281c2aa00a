//! The line from end to end, as users call it.

#![expect(clippy::print_stdout, reason = "tests say what they found")]

mod before_and_after;
mod closed_pipes;
mod comparison;
mod comparison_inputs;
mod divergence;
mod early_stopping;
mod errors;
mod evaluation;
mod fid_metric;
mod hub_tables;
mod interruption;
mod kept_results;
mod kills;
mod learning_parts;
mod lifelong;
#[path = "../../crates/hub/tests/http/local_hub/mod.rs"]
#[expect(dead_code, clippy::unwrap_used, reason = "shared with the tests of the hub, which use all of it")]
mod local_hub;
mod network;
mod outputs;
mod outside;
mod own_images;
mod power;
mod publishing;
mod python;
mod reproduction;
mod samplers;
mod schedule;
mod scheduler;
mod shared;
mod slurm;
mod soak;
mod stopping;
mod storage;
mod tiny;
