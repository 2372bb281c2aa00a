//! Judges kept results again: reads `results.json` of a folder, decides claims and verdicts by the targets and the code at hand,
//! and writes `results.json`, `summary.json` and `comparisons.json` there.
//!
//! `cargo run --release -p vimae-lab --example judge -- experiments/results/quick`

use std::path::Path;

#[expect(clippy::print_stdout, reason = "an example that says what came out")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let paper = vimae_lab::paper(&root.join("experiments"))?;
    for folder in std::env::args().skip(1) {
        println!("{folder}: {}", vimae_lab::judge(Path::new(&folder), &paper)?);
    }
    Ok(())
}
