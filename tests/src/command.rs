//! The command line as users call it.

use std::{
    path::PathBuf,
    process::{Command, Output},
    sync::OnceLock,
};

use anyhow::{Context, Result, bail};

/// What a call of `cargo xtask` left.
#[derive(Debug)]
pub struct Called {
    /// Whether the exit code was 0.
    pub success: bool,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// The path of the built command; the first call builds it.
///
/// # Errors
/// Where it does not build.
pub fn xtask() -> Result<PathBuf> {
    static PATH: OnceLock<Option<PathBuf>> = OnceLock::new();
    let built = PATH.get_or_init(|| build().ok());
    built.clone().context("cargo build --release -p xtask gave no executable")
}

fn build() -> Result<PathBuf> {
    let output = Command::new("cargo")
        .args(["build", "--release", "--quiet", "-p", "xtask", "--message-format=json"])
        .current_dir(crate::root())
        .output()?;
    let messages = String::from_utf8_lossy(&output.stdout);
    let executable = messages
        .lines()
        .filter_map(|l| serde_json::from_str::<serde_json::Value>(l).ok())
        .find_map(|m| (m["target"]["name"] == "xtask").then(|| m["executable"].as_str().map(PathBuf::from)).flatten());
    match executable {
        Some(path) => Ok(path),
        None => bail!("{}", String::from_utf8_lossy(&output.stderr)),
    }
}

/// Calls `cargo xtask` with these arguments and waits for it.
///
/// # Errors
/// Where it cannot be started.
pub fn call(arguments: &[&str]) -> Result<Called> {
    call_with(arguments, &[])
}

/// Calls `cargo xtask` with these arguments and environment variables and waits for it.
///
/// # Errors
/// Where it cannot be started.
pub fn call_with(arguments: &[&str], variables: &[(&str, &str)]) -> Result<Called> {
    let Output { status, stdout, stderr } = Command::new(xtask()?).args(arguments).envs(variables.iter().copied()).output()?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Called { success: status.success(), stdout: text(stdout), stderr: text(stderr) })
}
