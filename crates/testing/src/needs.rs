//! Things outside the repository, each there or with the reason why a test goes without.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// A file or directory below the one that `VIMAE_SHARED` names, which holds `data` and `reference`.
///
/// # Errors
/// Where the variable is not set or there is no such file.
pub fn shared(part: &str) -> Result<PathBuf, String> {
    let Some(directory) = std::env::var_os("VIMAE_SHARED") else {
        return Err("VIMAE_SHARED is not set; it names a directory with real data sets below data".into());
    };
    let path = Path::new(&directory).join(part);
    if path.exists() { Ok(path) } else { Err(format!("VIMAE_SHARED has no {part}")) }
}

/// A Python that has all of `modules`: `VIMAE_PYTHON`, or else `python3`.
///
/// # Errors
/// Where there is none, with what it lacks.
pub fn python(modules: &[&str]) -> Result<String, String> {
    let python = std::env::var("VIMAE_PYTHON").unwrap_or_else(|_| "python3".into());
    let has = |module: &str| Command::new(&python).args(["-c", &format!("import {module}")]).output().is_ok_and(|o| o.status.success());
    let missing: Vec<&str> = modules.iter().copied().filter(|module| !has(module)).collect();
    if missing.is_empty() { Ok(python) } else { Err(format!("{python} has no {} (VIMAE_PYTHON names another)", missing.join(", "))) }
}

/// Whether all of `programs` can be started from `PATH`; `install` says what brings them.
///
/// # Errors
/// Naming those that are missing.
pub fn programs(programs: &[&str], install: &str) -> Result<(), String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = |program: &str| std::env::split_paths(&path).any(|directory| directory.join(program).is_file());
    let missing: Vec<&str> = programs.iter().copied().filter(|program| !found(program)).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("{} not installed ({install})", missing.join(", "))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let missing = programs(&["no-such-program", "sh"], "Debian: none").unwrap_err();
        assert_eq!(missing, "no-such-program not installed (Debian: none)");
        assert_eq!(programs(&[], "nothing"), Ok(()));
    }
}
