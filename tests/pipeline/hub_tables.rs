//! Data sets of the Hub, brought by name and read where they are then.

use std::fs;

use anyhow::{Context, Result, ensure};
use vimae_tests::command::{Called, call_with};

use crate::local_hub::LocalHub;

#[test]
fn a_data_set_of_the_hub_is_brought_and_then_read_without_it() -> Result<()> {
    let seed = |name: &str| fs::read(vimae_tests::root().join("crates/datasets/tests/seeds").join(name));
    let (plain, snappy, zstd) = (seed("plain.parquet")?, seed("snappy.parquet")?, seed("zstd.parquet")?);
    let hub = LocalHub::start("hf_nobody_has_this");
    let body: [(&str, &[u8]); 6] = [
        ("README.md", b"# Body"),
        ("data/train-00000-of-00003.parquet", &plain),
        ("data/train-00001-of-00003.parquet", &snappy),
        ("data/train-00002-of-00003.parquet", &zstd),
        ("data/test-00000-of-00001.parquet", &snappy),
        ("large/train.parquet", &zstd),
    ];
    hub.state().put_dataset("some/body", false, "main", &body);
    hub.state().put_dataset("some/list", false, "main", &[("train.csv", b"1,2"), ("README.md", b"# List")]);
    let converted: [(&str, &[u8]); 2] = [("default/train/0000.parquet", &plain), ("default/test/0000.parquet", &snappy)];
    hub.state().put_dataset("some/list", false, "refs/convert/parquet", &converted);
    hub.state().put_dataset("some/text", false, "main", &[("README.md", b"# Text")]);

    let home = tempfile::tempdir()?;
    let home = home.path().to_str().context("path")?;
    let variables = [("HF_ENDPOINT", hub.address.as_str()), ("HF_HOME", home), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")];
    let fetch = |name: &str| call_with(&["data", "fetch", name], &variables);
    let offline = |name: &str| -> Result<Called> {
        let forbidden: Vec<(&str, &str)> = variables.iter().copied().chain([("HF_HUB_OFFLINE", "1")]).collect();
        call_with(&["data", "verify", name], &forbidden)
    };

    let absent = offline("table:some/body")?;
    ensure!(!absent.success && absent.stderr.contains("`cargo xtask data fetch table:some/body` brings one"), "{}", absent.stderr);
    for (word, name) in [("brought", "table:some/body"), ("here", "table:some/body"), ("brought", "table:some/list")] {
        let called = fetch(name)?;
        ensure!(called.success, "{}", called.stderr);
        let lines: Vec<&str> = called.stdout.lines().collect();
        ensure!(!lines.is_empty() && lines.iter().all(|line| line.starts_with(word) && line.ends_with(".parquet")), "{}", called.stdout);
        let page = format!("{name}: {}/datasets/{}; licence: see its page", hub.address, name.trim_start_matches("table:"));
        ensure!(called.stderr.contains(&page), "{}", called.stderr);
        let note = if name.ends_with("body") {
            "of several configurations (data, large) data is brought"
        } else {
            "main: holds no parquet files to train and to test on; it holds 1 .csv, 1 .md; what the Hub has converted to parquet"
        };
        ensure!(called.stderr.contains(note), "{}", called.stderr);
    }
    for (name, train) in [("table:some/body", 36), ("table:some/list", 12)] {
        let verified = offline(name)?;
        ensure!(verified.success, "{}", verified.stderr);
        ensure!(verified.stdout.contains("as the Hub's cache names it"), "{}", verified.stdout);
        let counts = format!("train: {train} images\ntest: 12 images\n");
        ensure!(verified.stdout.contains(&counts), "{}", verified.stdout);
    }

    for (name, problem) in [
        ("table:some/text", "nothing to fetch for table:some/text: main: holds no parquet files to train and to test on; it holds 1 .md"),
        ("table:some/absent", "/datasets/some/absent: 401: it is private or gated, or its name is misspelt"),
    ] {
        let called = fetch(name)?;
        ensure!(!called.success && called.stdout.is_empty() && called.stderr.contains(problem), "{}", called.stderr);
    }
    Ok(())
}
