//! Wrong input: exit code not 0, one clear message that says what would be right, no panic.

use std::path::Path;

use anyhow::{Context, Result};
use vimae_tests::{
    command::{call, call_with},
    root,
};

use crate::tiny::{TINY, contents, few_metrics, write};

/// Calls the command, which must fail with all of `words` in its message and nothing on standard output.
fn refused(arguments: &[&str], words: &[&str]) -> Result<()> {
    let called = call(arguments)?;
    assert!(!called.success, "{arguments:?} succeeded");
    assert!(!called.stderr.contains("panicked"), "{}", called.stderr);
    assert_eq!(called.stdout, "", "{arguments:?}");
    for word in words {
        assert!(called.stderr.contains(word), "{arguments:?}: no {word:?} in: {}", called.stderr);
    }
    Ok(())
}

/// Trains a changed tiny experiment, which must be refused.
fn refused_spec(from: &str, to: &str, words: &[&str]) -> Result<()> {
    assert!(TINY.contains(from), "{from}");
    let folder = tempfile::tempdir()?;
    let spec = write(folder.path(), &TINY.replacen(from, to, 1))?;
    let out = folder.path().join("out");
    refused(&["train", text(&spec)?, "--out", text(&out)?], words)?;
    assert!(!out.exists(), "what was refused has left a directory behind");
    Ok(())
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("path")
}

#[test]
fn an_unknown_target_lists_what_exists_and_suggests_the_nearest() -> Result<()> {
    refused(&["reproduce", "tabel3"], &["unknown target \"tabel3\"", "did you mean \"table3\"", "figure6", "table5"])
}

#[test]
fn a_target_that_the_profile_lacks_is_said_with_what_it_has() -> Result<()> {
    let digits = vimae_tests::root().join("experiments/quick/digits.toml");
    refused(&["reproduce", "table5", "--profile", text(&digits)?], &["profile digits has nothing for table5", "figure6", "table3"])
}

#[test]
fn an_unknown_profile_or_device_says_what_there_is() -> Result<()> {
    refused(&["reproduce", "--profile", "quik"], &["profile quik", "quick, desk, paper"])?;
    refused(&["reproduce", "quick", "--profile", "desk"], &["quick is a profile too: leave it out, or --profile desk"])?;
    refused(&["reproduce", "--launcher", "slurm", "--patience", "1e20d"], &["--patience", "no more than 36500d, a hundred years"])?;
    refused(&["reproduce", "--device", "tpu"], &["device tpu", "auto, cpu, cuda"])?;
    refused(&["reproduce", "--device", "cuda"], &["cargo xtask-cuda"])
}

#[test]
fn unknown_parts_list_what_exists() -> Result<()> {
    refused_spec(
        "name = \"vimae_l\"",
        "name = \"vimea_l\"",
        &["tiny.toml", "unknown objective \"vimea_l\"", "did you mean \"vimae_l\"", "beta_h_vae"],
    )?;
    refused_spec("name = \"digits\"", "name = \"digit\"", &["tiny.toml", "unknown dataset \"digit\"", "did you mean \"digits\""])?;
    refused_spec("name = \"wae_conv\"", "name = \"wae\"", &["tiny.toml", "unknown model \"wae\"", "mlp"])?;
    refused_spec("labels = 100", "labels = 100\nmetrics = [\"mdd\"]", &["tiny.toml", "unknown metric \"mdd\"", "mmd"])?;
    refused_spec("\"table3\"", "\"table9\"", &["tiny.toml", "unknown target \"table9\""])?;
    refused_spec("\"mnist\"", "\"mnits\"", &["tiny.toml", "unknown paper_dataset \"mnits\"", "did you mean \"mnist\""])
}

#[test]
fn methods_that_would_share_a_folder_are_refused() -> Result<()> {
    refused_spec(
        "[methods.vae.objective]\nname = \"vae\"\n",
        "[methods.\"a/b\"]\nobjective = \"vae\"\n[methods.\"a+b\"]\nobjective = \"vae\"\nevaluation = { labels = 0 }\n",
        &["tiny.toml", "method a/b", "method a+b", "rename one of the two"],
    )
}

#[test]
fn unknown_and_out_of_range_keys_name_file_key_and_range() -> Result<()> {
    refused_spec("epochs = 3", "epoch = 3", &["tiny.toml", "there is no training.epoch", "did you mean training.epochs?"])?;
    refused_spec("epochs = 3", "epochs = 0", &["tiny.toml: training.epochs = 0", "from 1 to 100000"])?;
    refused_spec("batch = 400", "batch = \"many\"", &["tiny.toml", "batch"])?;
    refused_spec("width = 2", "width = 0", &["tiny.toml", "width = 0", "from 1 to 1024"])?;
    refused_spec("width = 2", "width = 2\ndoublings = 3", &["tiny.toml, method vae", "multiples of 8", "model.doublings = 2"])?;
    refused_spec("width = 2", "widht = 2", &["tiny.toml", "no setting \"widht\" (did you mean \"width\"?)"])?;
    refused_spec("name = \"vae\"", "name = \"vae\"\nbeta = -1", &["tiny.toml", "beta = -1", "from 0 to"])?;
    refused_spec("batch = 400", "batch = 40000", &["batches of 40000", "8000 images to train; set training.batch to 8000 or fewer"])
}

#[test]
fn a_damaged_digits_file_is_named_with_its_digest() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("digits");
    std::fs::create_dir(&data)?;
    for entry in std::fs::read_dir(root().join("datasets/digits"))? {
        let path = entry?.path();
        std::fs::copy(&path, data.join(path.file_name().context("name")?))?;
    }
    let images = data.join("images-idx3-ubyte.gz");
    let mut bytes = std::fs::read(&images)?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&images, bytes)?;
    let spec = write(folder.path(), TINY)?;
    let out = folder.path().join("out");
    refused(&["train", text(&spec)?, "--out", text(&out)?, "--data-dir", text(folder.path())?], &["images-idx3-ubyte.gz", "sha256"])
}

#[test]
fn a_data_directory_that_is_named_and_not_there_is_refused() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (nowhere, spec) = (folder.path().join("nowhere"), write(folder.path(), TINY)?);
    // The digits ship with the code.
    for command in [&["spec", "check", text(&spec)?][..], &["data", "verify", "digits"], &["data", "list"]] {
        refused(&[command, &["--data-dir", text(&nowhere)?]].concat(), &["--data-dir", text(&nowhere)?, "there is no such directory"])?;
        let called = call_with(command, &[("VIMAE_DATA_DIR", text(&nowhere)?)])?;
        assert!(!called.success && called.stderr.contains("VIMAE_DATA_DIR"), "{}", called.stderr);
    }
    Ok(())
}

#[test]
fn an_unwritable_folder_is_named_before_anything_is_trained() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let spec = write(folder.path(), TINY)?;
    // A file in the way refuses everyone, a superuser too.
    let out = folder.path().join("file/out");
    std::fs::write(folder.path().join("file"), "")?;
    refused(&["train", text(&spec)?, "--out", text(&out)?], &[text(&out)?])
}

#[test]
fn files_of_somebody_else_are_not_written_over() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (spec, out) = (write(folder.path(), TINY)?, folder.path().join("site"));
    std::fs::create_dir(&out)?;
    std::fs::write(out.join("index.html"), "mine")?;
    refused(&["train", text(&spec)?, "--out", text(&out)?], &["index.html: would be written over", "--out"])?;
    assert!(std::fs::read(out.join("index.html"))? == b"mine" && std::fs::read_dir(&out)?.count() == 1);
    Ok(())
}

#[test]
fn training_that_blows_up_stops_with_step_and_term_and_the_others_go_on() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let wild = TINY.replacen(
        "[methods.vae.objective]",
        "[methods.vae.model]\nname = \"mlp\"\ncode = 4\n[methods.vae.training]\nlearning_rate = 1.0\n[methods.vae.objective]",
        1,
    );
    let spec = write(folder.path(), &few_metrics(&wild))?;
    let out = folder.path().join("out");
    let called = call(&["train", text(&spec)?, "--out", text(&out)?])?;
    assert!(!called.success, "a failed run must fail the command");
    assert!(
        called.stderr.contains("diverged at step")
            && called.stderr.contains("lower training.learning_rate")
            && !called.stderr.contains("panicked"),
        "{}",
        called.stderr
    );
    assert_eq!(contents(&out, "record.json")?.len(), 1, "the other method was not finished");
    assert!(std::fs::read_to_string(out.join("index.html"))?.contains("diverged at step"));
    Ok(())
}

#[test]
fn why_the_only_run_failed_is_told_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let text_of_spec = r#"
version = 1
dataset = "digits"
model = { name = "mlp", code = 4 }
training = { epochs = 3, batch = 400, learning_rate = 1.0 }
evaluation = { labels = 0, metrics = ["reconstruction"] }
[methods.vae.objective]
name = "vae"
"#;
    let spec = write(folder.path(), text_of_spec)?;
    let called = call(&["train", text(&spec)?, "--out", text(&folder.path().join("out"))?])?;
    assert!(!called.success, "a failed run must fail the command");
    assert_eq!(called.stderr.matches("diverged at step").count(), 1, "{}", called.stderr);
    Ok(())
}
