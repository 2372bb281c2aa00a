//! Early stopping from an experiment file to the record.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use vimae_tests::command::call;

use crate::tiny::{files, train, write};

const SPEC: &str = r#"
version = 1
[dataset]
name = "digits"
train_images = 300
validation_images = 200
test_images = 40
[model]
name = "mlp"
code = 2
width = 20
layers = 1
[training]
epochs = 300
batch = 50
learning_rate = 0.02
early_stopping_epochs = 2
[evaluation]
labels = 0
metrics = ["reconstruction"]
prior_samples = 50
[methods.vae]
objective = "vae"
"#;

#[test]
fn an_experiment_says_where_it_ended_and_refuses_data_without_held_out_images() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let out = folder.path().join("out");
    let called = train(&write(folder.path(), SPEC)?, &out, &[])?;
    ensure!(called.success, "{}", called.stderr);
    let (path, text) = files(&out, "record.json")?.pop().context("a record")?;
    let record: Value = serde_json::from_slice(&text)?;
    let at = |key: &str| record["early_stopping"][key].as_u64().with_context(|| format!("{key} of {}", record["early_stopping"]));
    let (stopped, kept) = (at("stopped_epoch")?, at("kept_epoch")?);
    // Of 300 images a network learns for so long and no longer.
    ensure!(stopped < 300 && stopped == kept + 2, "{}", record["early_stopping"]);
    ensure!(record["steps"].as_u64() == Some(6 * stopped), "{}", record["steps"]);
    let verified = call(&["verify", path.parent().and_then(Path::to_str).context("path")?])?;
    ensure!(verified.success, "{}{}", verified.stdout, verified.stderr);
    for (from, to) in [("validation_images = 200\n", ""), ("[methods.vae]", "[stream]\nname = \"split_classes\"\n[methods.vae]")] {
        let called = train(&write(folder.path(), &SPEC.replacen(from, to, 1))?, &folder.path().join("refused"), &[])?;
        ensure!(!called.success && called.stderr.contains("early_stopping_epochs"), "{}", called.stderr);
    }
    Ok(())
}
