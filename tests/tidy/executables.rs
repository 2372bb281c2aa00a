//! Test executables: each links everything that its crate uses, which takes seconds, so that there are few.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;
use vimae_tests::root;

/// The directories of the workspace's packages.
fn packages() -> Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = ["examples", "tests", "xtask"].map(|name| root().join(name)).into();
    for entry in fs::read_dir(root().join("crates"))? {
        found.push(entry?.path());
    }
    Ok(found)
}

/// Whether the comment that a file opens with speaks of its process.
fn needs_a_process(file: &Path) -> Result<bool> {
    Ok(fs::read_to_string(file)?.lines().take_while(|line| line.starts_with("//!")).any(|line| line.contains("process")))
}

#[test]
fn a_crates_tests_are_one_executable_but_for_those_that_need_a_process_of_their_own() -> Result<()> {
    let mut seen = 0;
    for package in packages()? {
        let mut together = Vec::new();
        for entry in package.join("tests").read_dir().into_iter().flatten() {
            let path = entry?.path();
            let file = if path.is_dir() { path.join("main.rs") } else { path };
            if file.is_file() && file.extension().is_some_and(|end| end == "rs") {
                seen += 1;
                if !needs_a_process(&file)? {
                    together.push(file);
                }
            }
        }
        assert!(
            together.len() < 2,
            "one file main.rs may hold all of {together:?}; a test that must be alone says what of its process it changes"
        );
    }
    assert!(seen > 5, "{seen} test executables");
    Ok(())
}

#[test]
fn a_library_whose_tests_are_not_built_has_none() -> Result<()> {
    let mut seen = 0;
    for package in packages()? {
        let manifest = fs::read_to_string(package.join("Cargo.toml"))?;
        let library = manifest.split("\n[lib]\n").nth(1).and_then(|rest| rest.split("\n[").next()).unwrap_or_default();
        if !library.lines().any(|line| line == "test = false") {
            continue;
        }
        seen += 1;
        let mut sources = Vec::new();
        super::walk(&package.join("src"), &mut sources)?;
        for source in sources {
            let text = fs::read_to_string(&source)?;
            assert!(!text.contains("#[test]") && !text.contains("```"), "{} has tests that nothing runs", source.display());
        }
    }
    assert!(seen > 0, "no such library");
    Ok(())
}
