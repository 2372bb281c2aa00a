//! `cargo xtask check`: everything that CI runs, cheapest first.

mod formatting;
mod test_run;

use std::{
    ffi::OsString,
    fs,
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::Instant,
};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::{
    new::{Kind, begin},
    root,
};

/// Run everything that CI runs, cheapest first: formatting, lints, documentation, recipes, tests.
///
/// It lists skipped tests by reason and does not count them as passed.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Run only the tests.
    #[arg(long, conflicts_with_all = ["recipes", "release"])]
    tests: bool,
    /// Run only what a release needs in addition: licences and sources of dependencies, public items against those of the
    /// commit or tag BASELINE, and a build of every crate from its package. Needs
    /// `cargo install --locked cargo-deny cargo-semver-checks`.
    #[arg(long, value_name = "BASELINE", conflicts_with = "recipes")]
    release: Option<String>,
    /// Run only the recipes: one new component of each kind, added by `cargo xtask new` to a copy of the checkout, must
    /// compile.
    #[arg(long)]
    recipes: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    if arguments.recipes {
        timed("recipes", recipes)?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(baseline) = &arguments.release {
        release(baseline)?;
        return Ok(ExitCode::SUCCESS);
    }
    if !arguments.tests {
        timed("formatting", formatting::check)?;
        step("lints", cargo(&["clippy", "--workspace", "--all-targets"]).args(["--", "--deny", "warnings"]))?;
        step("documentation", cargo(&["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "--deny warnings"))?;
        timed("recipes", recipes)?;
    }
    test_run::run()
}

/// A cargo command in the profile that the project is used in, so that nothing is built twice. Only a terminal is shown
/// how far it is.
fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).arg("--release");
    if !io::stderr().is_terminal() {
        command.arg("--quiet");
    }
    command
}

/// Where cargo builds.
fn target() -> PathBuf {
    target_of(std::env::var_os("CARGO_TARGET_DIR"))
}

/// Where cargo, which is called in the checkout, builds with this CARGO_TARGET_DIR. Tests are called elsewhere.
fn target_of(named: Option<OsString>) -> PathBuf {
    root().join(named.unwrap_or_else(|| "target".into()))
}

/// Files that match `patterns`, of those that git tracks or would, below the checkout.
fn files(patterns: &[&str]) -> Result<Vec<PathBuf>> {
    let mut command = Command::new("git");
    command.args(["ls-files", "--cached", "--others", "--exclude-standard", "-z", "--"]).args(patterns).current_dir(root());
    let listed = command.output().context("cannot start git")?;
    if !listed.status.success() {
        bail!("git ls-files: {}", String::from_utf8_lossy(&listed.stderr));
    }
    Ok(String::from_utf8(listed.stdout)?.split('\0').filter(|file| !file.is_empty()).map(PathBuf::from).collect())
}

/// Does a step, and says its name before and how long it took after it.
fn timed<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    tracing::info!("{name}");
    let began = Instant::now();
    let done = work();
    tracing::info!("{name}: {:.0} s", began.elapsed().as_secs_f64());
    done
}

fn release(baseline: &str) -> Result<()> {
    step("licences and sources of dependencies", Command::new("cargo").args(["deny", "check", "licenses", "bans", "sources"]))?;
    // Without features: those of CUDA need its compiler.
    step("public items", Command::new("cargo").args(["semver-checks", "--workspace", "--default-features", "--baseline-rev", baseline]))?;
    // Those that are not published stay out.
    let unpublished = ["xtask", "examples", "vimae-bench", "vimae-tests", "vimae-testing"].iter().flat_map(|name| ["--exclude", name]);
    step("packages", Command::new("cargo").args(["package", "--workspace"]).args(unpublished))
}

fn step(name: &str, command: &mut Command) -> Result<()> {
    timed(name, || {
        let status = command.current_dir(root()).status().with_context(|| format!("cannot start {command:?}"))?;
        if !status.success() {
            bail!("{name} failed; repeat with: {command:?}");
        }
        Ok(())
    })
}

/// Adds one entry of each kind to a copy of the checkout, as CONTRIBUTING.md says, and compiles it there: dependencies
/// from outside are shared with this build, and so are crates that no new entry reaches, which the documentation has compiled. The
/// laws of `tests/catalogue` are compiled over the new entries too.
fn recipes() -> Result<()> {
    let target = target();
    let copy = target.join("recipes");
    if copy.exists() {
        fs::remove_dir_all(&copy).with_context(|| copy.display().to_string())?;
    }
    for file in files(&[])? {
        // Results are large, and no crate reads them.
        let (from, to) = (root().join(&file), copy.join(&file));
        if from.is_symlink() {
            fs::create_dir_all(to.parent().unwrap_or(Path::new("")))?;
            link(&fs::read_link(&from)?, &to).with_context(|| from.display().to_string())?;
        } else if from.is_file() && !file.starts_with("experiments/results") {
            fs::create_dir_all(to.parent().unwrap_or(Path::new("")))?;
            copied(&from, &to).with_context(|| from.display().to_string())?;
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

/// Copies a file with its time, by which cargo knows what has changed.
fn copied(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to)?;
    fs::File::options().write(true).open(to)?.set_modified(fs::metadata(from)?.modified()?)
}

#[cfg(unix)]
fn link(target: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, at)
}

#[cfg(windows)]
fn link(target: &Path, at: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_dir(target, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_place_of_builds_is_one_of_the_checkout() {
        assert_eq!(target_of(None), root().join("target"));
        assert_eq!(target_of(Some("elsewhere".into())), root().join("elsewhere"));
        assert_eq!(target_of(Some(root().join("x").into())), root().join("x"));
    }
}
