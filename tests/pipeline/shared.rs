//! What several tests read and none changes: the first that asks makes it.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use anyhow::{Context, Result, anyhow, ensure};
use candle_core::{Tensor, safetensors};
use vimae_core::Silent;
use vimae_datasets::Sources;
use vimae_metrics::classifier::Classifier;

use crate::{
    interruption::command,
    tiny::{short, write},
};

/// What directories are named by, before the process that made them.
const NAME: &str = "shared";

/// A new directory that outlives every test of this process. Those of processes that have ended are removed.
fn directory() -> Result<PathBuf> {
    let all = Path::new(env!("CARGO_TARGET_TMPDIR"));
    for entry in fs::read_dir(all)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let process = name.strip_prefix(NAME).and_then(|rest| rest.split('-').nth(1));
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            // Another process may be removing it too.
            let _ = fs::remove_dir_all(path);
        }
    }
    let own = format!("{NAME}-{}-", std::process::id());
    Ok(tempfile::Builder::new().prefix(&own).tempdir_in(all)?.keep())
}

/// The short experiment, and its reproduction on one thread, which nobody disturbed.
#[derive(Debug)]
pub(crate) struct Undisturbed {
    pub(crate) spec: PathBuf,
    pub(crate) out: PathBuf,
}

/// [`short`], reproduced once for all tests.
pub(crate) fn undisturbed() -> Result<&'static Undisturbed> {
    static MADE: OnceLock<Result<Undisturbed>> = OnceLock::new();
    let make = || -> Result<Undisturbed> {
        let folder = directory()?;
        let made = Undisturbed { spec: write(&folder, &short())?, out: folder.join("out") };
        ensure!(command(&made.spec, &made.out, 1)?.status()?.success(), "the reproduction that nobody disturbs failed");
        Ok(made)
    };
    MADE.get_or_init(make).as_ref().map_err(|error| anyhow!("{error:#}"))
}

/// The file of the classifier that `classifier:digits` names, trained once for all tests in place of once a call.
pub(crate) fn classifier() -> Result<&'static str> {
    static MADE: OnceLock<Result<String>> = OnceLock::new();
    let make = || -> Result<String> {
        let file = directory()?.join("digits.safetensors");
        let digits = vimae_datasets::open("digits", &Default::default(), &Sources::default())?;
        let weights: HashMap<String, Tensor> = Classifier::train(digits.as_ref(), &Silent)?.weights().clone().into_iter().collect();
        safetensors::save(&weights, &file)?;
        file.to_str().map(str::to_owned).context("path")
    };
    MADE.get_or_init(make).as_ref().map(String::as_str).map_err(|error| anyhow!("{error:#}"))
}
