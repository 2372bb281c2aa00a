//! `cargo xtask check`: everything that CI runs, cheapest first.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::{
    new::{Kind, begin},
    print, root,
};

/// Run everything that CI runs, cheapest first: formatting, lints, documentation, recipes, tests.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only the tests.
    #[arg(long, conflicts_with_all = ["recipes", "release"])]
    tests: bool,
    /// Only what a release needs beside: licences and sources of dependencies, public items against those of the commit
    /// or tag BASELINE, every crate packaged and built from its package. Needs
    /// `cargo install --locked cargo-deny cargo-semver-checks`.
    #[arg(long, value_name = "BASELINE", conflicts_with = "recipes")]
    release: Option<String>,
    /// Only the recipes: one new entry of each kind, added by `cargo xtask new` to a copy of the checkout that must compile.
    #[arg(long)]
    recipes: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    if arguments.recipes {
        recipes()?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(baseline) = &arguments.release {
        release(baseline)?;
        return Ok(ExitCode::SUCCESS);
    }
    if !arguments.tests {
        step("formatting", Command::new("cargo").args(["fmt", "--all", "--check"]))?;
        step("lints", cargo(&["clippy", "--workspace", "--all-targets"]).args(["--", "--deny", "warnings"]))?;
        step("documentation", cargo(&["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "--deny warnings"))?;
        recipes()?;
    }
    tests()
}

/// A cargo command in the profile that the project is used in, so that nothing is built twice.
fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).args(["--release", "--quiet"]);
    command
}

fn release(baseline: &str) -> Result<()> {
    step("licences and sources of dependencies", Command::new("cargo").args(["deny", "check", "licenses", "bans", "sources"]))?;
    // Without features: those of CUDA need its compiler.
    step("public items", Command::new("cargo").args(["semver-checks", "--workspace", "--default-features", "--baseline-rev", baseline]))?;
    // The two that are not published stay out.
    step("packages", Command::new("cargo").args(["package", "--workspace", "--exclude", "xtask", "--exclude", "vimae-tests"]))
}

fn step(name: &str, command: &mut Command) -> Result<()> {
    tracing::info!("{name}");
    let status = command.current_dir(root()).status().with_context(|| format!("cannot start {command:?}"))?;
    if !status.success() {
        bail!("{name} failed; repeat with: {command:?}");
    }
    Ok(())
}

/// Adds one entry of each kind to a copy of the checkout, as CONTRIBUTING.md says, and compiles it there: dependencies
/// from outside are shared with this build. The laws of `tests/catalogue` are compiled over the new entries too.
fn recipes() -> Result<()> {
    tracing::info!("recipes");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let copy = target.join("recipes");
    if copy.exists() {
        fs::remove_dir_all(&copy).with_context(|| copy.display().to_string())?;
    }
    let listed = Command::new("git").args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"]).current_dir(root()).output()?;
    for file in String::from_utf8(listed.stdout)?.split('\0').filter(|file| !file.is_empty()) {
        // Results are large, and no crate reads them.
        let from = root().join(file);
        let to = copy.join(file);
        if from.is_symlink() {
            fs::create_dir_all(to.parent().unwrap_or(Path::new("")))?;
            link(&fs::read_link(&from)?, &to).with_context(|| from.display().to_string())?;
        } else if from.is_file() && !file.starts_with("experiments/results/") {
            fs::create_dir_all(to.parent().unwrap_or(Path::new("")))?;
            fs::copy(&from, &to).with_context(|| from.display().to_string())?;
        }
    }
    for kind in Kind::ALL {
        begin(&copy, kind, "scratch_example")?;
    }
    let mut check = cargo(&["check", "-p", "vimae-tests", "--test", "catalogue", "--offline"]);
    let status = check.env("CARGO_TARGET_DIR", &target).current_dir(&copy).status().context("cannot start cargo check")?;
    if !status.success() {
        bail!("a new entry does not compile; see {}", copy.display());
    }
    Ok(fs::remove_dir_all(&copy)?)
}

#[cfg(unix)]
fn link(target: &Path, at: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, at)
}

#[cfg(windows)]
fn link(target: &Path, at: &Path) -> std::io::Result<()> {
    std::os::windows::fs::symlink_dir(target, at)
}

/// Runs all tests and closes with one line that adds up every test binary's.
fn tests() -> Result<ExitCode> {
    tracing::info!("tests");
    // Tests run beside each other, so that each keeps to one thread of its own.
    let mut child = cargo(&["test", "--workspace", "--no-fail-fast"])
        .env("RAYON_NUM_THREADS", std::env::var("RAYON_NUM_THREADS").unwrap_or_else(|_| "1".into()))
        .current_dir(root())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start cargo test")?;
    let (mut passed, mut failed, mut ignored) = (0, 0, 0);
    for line in BufReader::new(child.stdout.take().context("no output of cargo test")?).lines() {
        let line = line?;
        print(&line);
        if let Some(result) = line.strip_prefix("test result: ") {
            passed += count(result, "passed");
            failed += count(result, "failed");
            ignored += count(result, "ignored");
        }
    }
    let success = child.wait()?.success();
    print(format_args!("{passed} passed, {failed} failed, {ignored} skipped"));
    Ok(if success && failed == 0 && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The number before `word` in a line like `ok. 3 passed; 0 failed; ...`.
fn count(result: &str, word: &str) -> usize {
    let before = result.split_once(word).map_or("", |(before, _)| before);
    before.split_whitespace().last().and_then(|n| n.parse().ok()).unwrap_or(0)
}
