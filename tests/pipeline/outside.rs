//! A program outside the workspace, with path dependencies alone: single crates beside candle-nn, and the whole command line
//! with components of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use vimae_tests::{command::xtask, root};

use crate::{
    interruption::results,
    tiny::{contents, files},
};

/// Lines of the training loop beside its network.
const MOST_LINES: usize = 25;

/// Two methods with an own network, one of them with an own objective.
const EXPERIMENT: &str = r#"
version = 1
title = "Own"
dataset = { name = "digits", train_images = 1000 }
model = { name = "own_network", code = 4 }
training = { epochs = 3, batch = 100 }
evaluation = { metrics = ["reconstruction", "mmd"], labels = 0, prior_samples = 100 }
[methods.own]
objective = { name = "own_loss", lambda = 5.0 }
[methods.vae]
objective = { name = "vae" }
"#;

/// The programs, built in release mode where this workspace is built, so that what comes from the registry is compiled once.
fn build() -> Result<PathBuf> {
    let release = xtask()?.parent().context("a directory of programs")?.to_owned();
    let target = release.parent().context("a target directory")?;
    let (project, checkout) = (target.join("outside"), root());
    let _ = fs::remove_dir_all(&project);
    copy(&checkout.join("tests/outside/src"), &project.join("src"))?;
    let manifest = fs::read_to_string(checkout.join("tests/outside/Cargo.toml.txt"))?;
    let manifest = manifest.replace("{checkout}", checkout.to_str().context("the path of the checkout")?);
    fs::write(project.join("Cargo.toml"), manifest + &profile(&checkout)?)?;
    fs::copy(checkout.join("Cargo.lock"), project.join("Cargo.lock"))?;
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--quiet", "--offline"]).env("CARGO_TARGET_DIR", target).current_dir(&project);
    let Output { status, stderr, .. } = cargo.output()?;
    ensure!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    Ok(release)
}

/// The workspace's profile, with the crates of the workspace not optimised: they are compiled again here, and do little.
fn profile(checkout: &Path) -> Result<String> {
    let manifest = fs::read_to_string(checkout.join("Cargo.toml"))?;
    let (crates, profile) = manifest.split_once("[profile.release]").context("a profile")?;
    let ours = |line: &&str| line.starts_with("vimae-");
    let mut lines = vec!["\n[profile.release]".to_owned()];
    lines.extend(profile.lines().filter(|line| !ours(line)).map(str::to_owned));
    for line in crates.lines().filter(ours).filter(|line| line.contains("path = ")) {
        let name = line.split_whitespace().next().unwrap_or_default();
        lines.push(format!("{name} = {{ opt-level = 0 }}"));
    }
    lines.push(String::new());
    Ok(lines.join("\n"))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
        if path.is_dir() {
            copy(&path, &to.join(name))?;
        } else {
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}

#[test]
fn a_program_outside_the_workspace_uses_crates_and_command_line() -> Result<()> {
    let programs = build()?;
    let plain = Command::new(programs.join("plain")).output()?;
    let said = String::from_utf8_lossy(&plain.stdout).into_owned();
    ensure!(plain.status.success(), "{said}{}", String::from_utf8_lossy(&plain.stderr));
    ensure!(said.contains("stack: [64, 8]") && said.contains("distance: "), "{said}");
    let training = fs::read_to_string(root().join("tests/outside/src/bin/plain/training.rs"))?;
    let lines = training.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("//")).count();
    ensure!(lines <= MOST_LINES, "the training loop has {lines} lines");
    own_components(&programs.join("outside"))
}

/// Own components through every stage: reproduced, killed, the same bits by workers, made ready for the Hub.
fn own_components(program: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("own.toml"), EXPERIMENT)?;
    let command = |arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(folder.path()).stdin(Stdio::null());
        command
    };
    let done = |arguments: &[&str]| -> Result<String> {
        let Output { status, stdout, stderr } = command(arguments).output()?;
        ensure!(status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&stderr));
        Ok(String::from_utf8(stdout)?)
    };
    let help = done(&["train", "--help"])?;
    ensure!(help.contains("outside train mine.toml") && !help.contains("cargo xtask"), "{help}");
    let options = done(&["eval", "--help"])?.split_whitespace().collect::<Vec<_>>().join(" ");
    ensure!(options.contains("`outside catalogue`") && !options.contains("cargo xtask"), "{options}");
    let refused = command(&["train", "own.toml", "--device", "cuda"]).output()?;
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    ensure!(!refused.status.success() && said.contains("build outside with the feature cudnn"), "{said}");
    done(&["reproduce", "--profile", "own.toml", "--out", "undisturbed"])?;
    let expected = results(&folder.path().join("undisturbed"))?;
    let page = fs::read_to_string(folder.path().join("undisturbed/index.html"))?;
    ensure!(page.contains("outside verify own/") && !page.contains("cargo xtask"), "a page that names another program");

    let mut killed = command(&["reproduce", "--profile", "own.toml", "--out", "killed", "--jobs", "2"]);
    let mut child = killed.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let (out, began) = (folder.path().join("killed"), Instant::now());
    // The first checkpoint: something to go on from, and something left to do.
    while contents(&out, "checkpoint.safetensors").unwrap_or_default().is_empty() && child.try_wait()?.is_none() {
        ensure!(began.elapsed() < Duration::from_secs(120), "no checkpoint in two minutes");
        sleep(Duration::from_millis(1));
    }
    child.kill()?;
    child.wait()?;
    ensure!(contents(&out, "record.json").unwrap_or_default().len() < 2, "it had finished before it was killed");
    done(&["reproduce", "--profile", "own.toml", "--out", "killed", "--jobs", "2"])?;
    ensure!(results(&out)? == expected, "a killed reproduction ended in other bits");

    let records = files(&out, "record.json")?;
    let run = records.iter().filter_map(|(path, _)| path.parent()).find(|run| run.to_string_lossy().contains("own-seed0"));
    let run = run.context("the run of the own objective")?.to_str().context("path")?;
    let written = done(&["hub", "push", run, "me/own", "--dry-run", "published"])?;
    ensure!(written.contains("published/model.safetensors"), "{written}");
    let card = fs::read_to_string(folder.path().join("published/README.md"))?;
    ensure!(card.contains("own_network") && card.contains("own_loss"), "{card}");
    ensure!(card.contains("components that are not in vimae: `own_network`, `own_loss`"), "{card}");
    Ok(())
}
