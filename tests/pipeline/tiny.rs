//! An experiment small enough for a test.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use vimae_lab::{Launcher, Profile, Request, Sources, paper};
use vimae_tests::command::{Called, call};

/// Two methods on the digits with a network two filters wide.
pub(crate) const TINY: &str = r#"
version = 1
title = "Tiny"
targets = ["figure6", "table3"]
paper_dataset = "mnist"

[dataset]
name = "digits"

[model]
name = "wae_conv"
width = 2
code = 4

[training]
epochs = 3
batch = 400

[evaluation]
prior_samples = 200
noise_images = 50
noise_passes = 8
labels = 100
label_draws = 2
classifiers = ["svm", "tsvm"]
pool = 100

[methods.vae.objective]
name = "vae"

[methods.vimae_l.objective]
name = "vimae_l"
"#;

/// The same on a quarter of the images and with few metrics, for what is run many times: as many steps and checkpoints.
pub(crate) fn short() -> String {
    let fewer = TINY.replacen("name = \"digits\"", "name = \"digits\"\ntrain_images = 2000", 1).replacen("batch = 400", "batch = 100", 1);
    few_metrics(&fewer)
}

/// An experiment with few metrics, for what does not ask of them.
pub(crate) fn few_metrics(experiment: &str) -> String {
    experiment.replacen("[evaluation]", "[evaluation]\nmetrics = [\"reconstruction\", \"rate\", \"mmd\", \"accuracy\"]", 1)
}

/// A reproduction of an experiment file in the process of the test.
pub(crate) fn here(spec: &Path) -> Result<Request> {
    Ok(Request {
        profile: Profile::of_file(spec, &[])?,
        paper: paper(&vimae_tests::root().join("experiments"))?,
        seeds: None,
        tune: false,
        fresh: false,
        sources: Sources::default(),
        launcher: Launcher::Here,
        retries: 0,
        budget: None,
        command: "a test".into(),
    })
}

/// Calls `cargo xtask train` for an experiment file.
pub(crate) fn train(spec: &Path, out: &Path, more: &[&str]) -> Result<Called> {
    let mut arguments = vec!["train", spec.to_str().context("path")?, "--out", out.to_str().context("path")?];
    arguments.extend(more);
    call(&arguments)
}

/// Writes an experiment file.
pub(crate) fn write(folder: &Path, text: &str) -> Result<PathBuf> {
    let path = folder.join("tiny.toml");
    std::fs::write(&path, text)?;
    Ok(path)
}

/// Checks the experiment `text` with an expectation of every metric in `record`: whatever is measured may be expected.
pub(crate) fn may_expect_all(text: &str, record: &Value) -> Result<()> {
    let measured = record["measurements"].as_array().context("measurements")?;
    let metrics: BTreeSet<&str> = measured.iter().filter_map(|measurement| measurement["metric"].as_str()).collect();
    ensure!(metrics.len() > 3, "{metrics:?}");
    let expect: Vec<String> = metrics.iter().map(|metric| format!("{{ metric = \"{metric}\", above = 0.0 }}")).collect();
    let folder = tempfile::tempdir()?;
    let spec = write(folder.path(), &text.replacen("version = 1", &format!("version = 1\nexpect = [{}]", expect.join(", ")), 1))?;
    let checked = call(&["spec", "check", spec.to_str().context("path")?])?;
    ensure!(checked.success, "{}", checked.stderr);
    Ok(())
}

/// The files of that name under `folder`, with their contents, in the order of their paths.
pub(crate) fn files(folder: &Path, name: &str) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path, name)?);
        } else if path.file_name().is_some_and(|n| n == name) {
            found.push((path.clone(), std::fs::read(&path)?));
        }
    }
    found.sort();
    Ok(found)
}

/// The contents of the files of that name under `folder`.
pub(crate) fn contents(folder: &Path, name: &str) -> Result<Vec<Vec<u8>>> {
    Ok(files(folder, name)?.into_iter().map(|(_, bytes)| bytes).collect())
}
