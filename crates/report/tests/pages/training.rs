//! Curves of training show what methods differ in.

use std::{fmt::Write, fs};

use vimae_report::page;

use crate::made_up::results;

#[test]
fn the_rate_of_a_collapsed_method_does_not_stretch_the_axis() {
    let folder = tempfile::tempdir().unwrap();
    let made_up = results(folder.path(), 1).unwrap();
    for run in made_up.experiments.iter().flat_map(|experiment| &experiment.runs) {
        let rate = if run.record.spec.method == "vae" { 0.0001 } else { 10.0 };
        let mut log = String::new();
        for epoch in 1..=12 {
            writeln!(log, "{{\"step\": {epoch}, \"epoch\": {epoch}, \"distortion\": {}, \"rate\": {rate}}}", 1000 / epoch / epoch).unwrap();
        }
        fs::write(run.folder.join("log.jsonl"), log).unwrap();
    }
    let html = page(&made_up.input()).unwrap();
    assert!(html.contains(">\nrate (nats)\n<") && !html.contains("rate (nats) (log scale)"));
    assert!(html.contains(">\nsquared error (log scale)\n<"));
}
