//! A run from training to the Hub and back, as users do it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use vimae_tests::command::{call, call_with};

use crate::{
    local_hub::LocalHub,
    tiny::{TINY, files, write},
};

const TOKEN: &str = "hf_do_not_show_this";

/// Trains one method with two seeds, and gives the folder of the first.
fn trained(folder: &Path, model: &str) -> Result<PathBuf> {
    let text =
        TINY.replace("epochs = 3", "epochs = 1").replace("labels = 100", "labels = 0").replace("name = \"wae_conv\"\nwidth = 2", model);
    let text = text.split("[methods.vimae_l").next().context("one method")?;
    let spec = write(folder, text)?;
    let out = folder.join("out");
    let trained = call(&["train", spec.to_str().context("path")?, "--seeds", "2", "--out", out.to_str().context("path")?])?;
    ensure!(trained.success, "{}", trained.stderr);
    let records = files(&out, "record.json")?;
    ensure!(records.len() == 2, "{} records", records.len());
    Ok(records[0].0.parent().context("a folder")?.to_owned())
}

#[test]
fn a_run_goes_to_the_hub_and_back() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = trained(folder.path(), "name = \"wae_conv\"\nwidth = 2")?;
    let run = run.to_str().context("path")?;
    let hub = LocalHub::start(TOKEN);
    let elsewhere = tempfile::tempdir()?;
    let home = elsewhere.path().join("home");
    fs::create_dir(&home)?;
    fs::write(home.join("token"), format!("{TOKEN}\n"))?;
    let pulled = folder.path().join("pulled");
    let (home, out) = (home.to_str().context("path")?, pulled.to_str().context("path")?);
    // Everything that any library has to say.
    let loud = [("HF_ENDPOINT", hub.address.as_str()), ("HF_HOME", home), ("RUST_LOG", "trace"), ("HF_HUB_DISABLE_TELEMETRY", "1")];
    let mut all = String::new();
    let mut called = |arguments: &[&str], more: &[(&str, &str)]| -> Result<vimae_tests::command::Called> {
        let variables: Vec<_> = loud.iter().chain(more).copied().collect();
        let called = call_with(arguments, &variables)?;
        all += &called.stdout;
        all += &called.stderr;
        Ok(called)
    };

    let pushed = called(&["hub", "push", run, "me/tiny-vae", "--message", "first"], &[])?;
    assert!(pushed.success && pushed.stdout.contains("/me/tiny-vae (private, new), commit "), "{}{}", pushed.stdout, pushed.stderr);
    let again = called(&["hub", "push", run, "me/tiny-vae", "--revision", "next", "--private"], &[("HF_TOKEN", TOKEN)])?;
    assert!(again.success && again.stdout.contains("(private), commit "), "{}{}", again.stdout, again.stderr);
    let brought = called(&["hub", "pull", "me/tiny-vae", "--out", out], &[])?;
    assert!(brought.success && brought.stdout.starts_with(out), "{}{}", brought.stdout, brought.stderr);
    for name in ["model.safetensors", "record.json", "spec.json", "log.jsonl", "samples.png", "reconstructions.png"] {
        assert_eq!(fs::read(pulled.join(name))?, fs::read(Path::new(run).join(name))?, "{name}");
    }
    let card = fs::read_to_string(pulled.join("README.md"))?;
    assert!(card.contains("mean of 2 seeds") && card.contains("type: \"mse\"") && card.contains("ylecun/mnist"), "{card}");
    assert!(
        card.contains("The images were not binarised.") && card.contains("under the sampler `prior`: codes drawn from the prior"),
        "{card}"
    );
    // What was pulled is a run for every other command.
    let verified = called(&["verify", out], &[])?;
    assert!(verified.success, "{}{}", verified.stdout, verified.stderr);
    let measured = called(&["eval", out, "--metric", "reconstruction"], &[])?;
    assert!(measured.success && measured.stdout.contains("reconstruction"), "{}", measured.stderr);
    // Under its name on the Hub it gives what the run gives.
    let [here, there] = ["here.npy", "there.npy"].map(|name| folder.path().join(name));
    for (model, out) in [(run, &here), ("me/tiny-vae", &there)] {
        let drawn = called(&["sample", model, "--count", "3", "--out", out.to_str().context("path")?], &[])?;
        assert!(drawn.success, "{}", drawn.stderr);
    }
    assert_eq!(fs::read(here)?, fs::read(there)?);
    let place = |name: &str| folder.path().join(name).display().to_string();
    for arguments in [
        vec!["encode", "me/tiny-vae", "digits:test", "--count", "5", "--out", &place("codes.npz")],
        vec!["reconstruct", "me/tiny-vae", "digits:test", "--count", "5", "--out", &place("pairs.png")],
        vec!["traverse", "me/tiny-vae", "--out", &place("traversals.png")],
        vec!["interpolate", "me/tiny-vae", "--out", &place("lines.png")],
        vec!["runs", "show", run],
        vec!["export", "--format", "markdown", &place("out")],
        vec!["report", &place("out")],
        vec!["hub", "push", run, "me/dry", "--dry-run", &place("dry")],
        vec!["train", &place("tiny.toml"), "--jobs", "2", "--out", &place("trained with a token")],
    ] {
        let done = called(&arguments, &[("HF_TOKEN", TOKEN)])?;
        assert!(done.success, "{arguments:?}: {}", done.stderr);
    }

    for (arguments, more, expected) in [
        (vec!["hub", "push", run, "tiny"], vec![], "has no owner"),
        (vec!["hub", "push", run, "me/tiny", "--license", "mine"], vec![], "none of the Hub's identifiers"),
        (vec!["hub", "push", run, "me/tiny", "--code", "git@example.org:me/vimae"], vec![], "address of the code: it does not begin"),
        (vec!["hub", "push", run, "me/tiny", "--revision", "a b"], vec![], "revision \"a b\""),
        (vec!["hub", "push", "no/such/run", "me/tiny"], vec![], "no/such/run"),
        (vec!["hub", "push", run, "me/tiny-vae", "--public"], vec![], "is private, public was asked for"),
        (vec!["hub", "push", run, "me/other"], vec![("HF_TOKEN", "hf_another_secret")], "HF_TOKEN"),
        (vec!["hub", "push", run, "me/other"], vec![("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")], "needs a token"),
        (vec!["hub", "pull", "me/tiny-vae", "--out", out], vec![], "exists already"),
        (vec!["hub", "pull", "me/absent"], vec![], "no model repository"),
        (vec!["hub", "pull", "me/tiny-vae", "--revision", "v9"], vec![], "v9"),
    ] {
        let failed = called(&arguments, &more)?;
        assert!(!failed.success && failed.stderr.contains(expected), "{arguments:?}: {}", failed.stderr);
    }
    assert_eq!(hub.state().repositories.keys().collect::<Vec<_>>(), ["me/tiny-vae"]);
    for secret in [TOKEN, "hf_another_secret", "xet_secret"] {
        let shown = all.lines().find(|line| line.contains(secret)).map(|line| line.replace(secret, "(secret)"));
        assert_eq!(shown, None);
        assert!(!holds(folder.path(), secret)?, "{secret} was written");
    }
    Ok(())
}

/// Whether a file below `folder` holds `word`.
pub(crate) fn holds(folder: &Path, word: &str) -> Result<bool> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let found = if path.is_dir() { holds(&path, word)? } else { fs::read(&path)?.windows(word.len()).any(|w| w == word.as_bytes()) };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}
