//! Times opening a data set, and the memory that it took at most.
//!
//! `cargo run --release -p vimae-datasets --example load_mnist -- mnist DIR` prints one JSON line: seconds, decoded
//! bytes, and the growth of the process's peak memory over its memory before, in bytes.
#![expect(clippy::print_stdout, reason = "its output is its purpose")]

use std::{error::Error, fs, time::Instant};

use serde_json::{Map, json};
use vimae_core::Split;
use vimae_datasets::{Sources, open};

/// A line of this process's status, in bytes (0 where the system does not say).
fn memory(line: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let words = status.lines().find(|l| l.starts_with(line)).and_then(|l| l.split_whitespace().nth(1)?.parse::<u64>().ok());
    words.unwrap_or(0) * 1024
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(name), Some(dir)) = (arguments.next(), arguments.next()) else {
        return Err("say which data set, and the folder that has it".into());
    };
    let before = memory("VmRSS");
    let start = Instant::now();
    let dataset = open(&name, &Map::new(), &Sources::in_dir(dir))?;
    let seconds = start.elapsed().as_secs_f64();
    let splits = [Split::Train, Split::Validation, Split::Test].map(|s| dataset.split(s).ok());
    let decoded: usize = splits.iter().flatten().map(|set| set.pixels().len()).sum();
    let grown = memory("VmHWM").saturating_sub(before);
    let ratio = grown as f64 / decoded as f64;
    println!(
        "{}",
        json!({ "seconds": seconds, "decoded_bytes": decoded, "peak_growth_bytes": grown, "peak_growth_ratio": ratio, "peak_bytes": memory("VmHWM") })
    );
    Ok(())
}
