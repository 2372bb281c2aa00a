//! The same command in a build that has the network: its 150 crates are compiled when a command first needs them.

use std::{
    env,
    io::{self, IsTerminal},
    path::Path,
    process::Command,
};

use crate::root;

/// The name of that program.
const PROGRAM: &str = "xtask-network";

/// Builds that program, if need be, and calls it.
pub(crate) fn build() -> Command {
    let here = env::current_exe().ok();
    let release = here.as_deref().and_then(Path::parent).filter(|folder| folder.ends_with("release"));
    if release.is_none_or(|folder| !folder.join(PROGRAM).with_extension(env::consts::EXE_EXTENSION).exists()) {
        tracing::info!("this needs the network: the crates for it are compiled once, in a few minutes");
    }
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["run", "--quiet", "--release", "--package", "xtask", "--bin", PROGRAM]);
    cargo.args(["--features", if cfg!(feature = "cudnn") { "cudnn,network" } else { "network" }]);
    cargo.arg("--manifest-path").arg(root().join("Cargo.toml"));
    // The same place of builds, however this one was called.
    if let Some(target) = release.and_then(Path::parent) {
        cargo.arg("--target-dir").arg(target);
    }
    if io::stderr().is_terminal() {
        cargo.args(["--config", "term.progress.when='always'", "--config", "term.progress.width=72"]);
    }
    cargo.arg("--");
    cargo
}
