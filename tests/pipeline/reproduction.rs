//! A reproduction gives cells, a summary and a page; a second call computes nothing again.

use anyhow::{Context, Result};
use serde_json::Value;
use vimae_tests::command::call;

use crate::tiny::{TINY, contents, files, write};

#[test]
fn cells_summary_and_page_appear_and_a_second_call_takes_them_up() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let spec = write(folder.path(), TINY)?;
    let out = folder.path().join("out");
    let arguments = ["train", spec.to_str().context("path")?, "--out", out.to_str().context("path")?, "--json", "--seeds", "2"];

    let first = call(&arguments)?;
    assert!(first.success, "{}", first.stderr);
    let cells: Vec<Value> = serde_json::from_str(&first.stdout)?;
    let of = |target: &str, method: &str, metric: &str| {
        cells.iter().filter(|c| c["target"] == target && c["method"] == method && c["metric"] == metric).collect::<Vec<_>>()
    };
    for method in ["vae", "vimae_l"] {
        assert!(of("figure6", method, "reconstruction").len() >= 2);
        assert!(of("figure6", method, "rate").len() >= 2);
        for metric in ["accuracy.clean", "accuracy.gaussian_0_2", "accuracy.gaussian_0_4", "accuracy.mask_0_2", "accuracy.mask_0_5"] {
            let cells = of("table3", method, metric);
            assert!(cells.len() >= 2, "{method} {metric}");
            assert!(cells.iter().all(|c| c["value"].as_f64().is_some_and(|v| (0.0..=100.0).contains(&v))));
        }
    }
    // A number of the paper stands beside the protocol that is nearest to its own.
    assert!(
        cells.iter().any(|cell| cell["paper"].is_number() && cell["paper_certainty"].is_string() && cell["inside_tolerance"].is_boolean())
    );
    for cell in &cells {
        for digest in ["spec_sha256", "data_sha256", "weights_sha256"] {
            assert_eq!(cell[digest].as_str().map(str::len), Some(64), "{digest} of {cell}");
        }
    }
    // Training made the code useful: one class in ten would be chance.
    assert!(of("table3", "vimae_l", "accuracy.clean").iter().any(|c| c["value"].as_f64() > Some(30.0)));

    let summary: Vec<Value> = serde_json::from_slice(&std::fs::read(out.join("summary.json"))?)?;
    assert!(summary.iter().any(|row| row["seeds"] == 2 && row["interval"].is_array() && row["paper"].is_number()));
    let page = std::fs::read_to_string(out.join("index.html"))?;
    assert!(page.contains("data:image/png;base64,") && page.contains("vimae_l"));
    assert!(!page.contains("src=\"http") && !page.contains("href=\"http"), "the page reaches for the network");

    let (weights, records) = (files(&out, "model.safetensors")?, contents(&out, "record.json")?);
    assert_eq!(weights.len(), 4);
    let second = call(&arguments)?;
    assert!(second.success && second.stderr.contains("finished earlier"), "{}", second.stderr);
    assert!(first.stdout == second.stdout, "a second call changed a cell");
    assert!((weights, records) == (files(&out, "model.safetensors")?, contents(&out, "record.json")?), "a second call wrote a file again");

    let run = files(&out, "record.json")?.remove(0).0;
    let verified = call(&["verify", run.parent().and_then(|p| p.to_str()).context("path")?])?;
    assert!(verified.success && !verified.stdout.contains("DIFFERS"), "{}{}", verified.stdout, verified.stderr);
    Ok(())
}
