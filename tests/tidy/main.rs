//! Rules of the house that a compiler does not know.

mod documents;
mod executables;
mod features;
mod modules;
mod names;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use vimae_tests::root;

/// Lines of a file.
const MOST_LINES: usize = 400;

/// Dependencies within the workspace, by crate, as the manifests have them.
fn manifest_arrows() -> Result<BTreeMap<String, BTreeSet<String>>> {
    let output =
        Command::new("cargo").args(["metadata", "--no-deps", "--format-version", "1", "--offline"]).current_dir(root()).output()?;
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    let role = |name: &Value| name.as_str().and_then(|n| n.strip_prefix("vimae-")).map(str::to_owned);
    let mut arrows = BTreeMap::new();
    for package in metadata["packages"].as_array().context("packages")? {
        let Some(name) = role(&package["name"]).filter(|n| n != "tests") else { continue };
        let dependencies = package["dependencies"].as_array().context("dependencies")?;
        // Tests may look further than the code.
        let names = dependencies.iter().filter(|d| d["kind"].is_null()).filter_map(|d| role(&d["name"])).collect();
        arrows.insert(name, names);
    }
    Ok(arrows)
}

/// What ARCHITECTURE.md allows.
fn documented_arrows() -> Result<BTreeMap<String, BTreeSet<String>>> {
    let page = std::fs::read_to_string(root().join("ARCHITECTURE.md"))?;
    let table = page.split("| crate | one responsibility | may depend on |").nth(1).context("the crate table")?;
    let mut arrows = BTreeMap::new();
    for line in table.lines().skip(2).take_while(|l| l.starts_with('|')) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [name, _, depends] = cells[..] else { bail!("not three cells: {line}") };
        let depends = depends.split(", ").filter(|d| *d != "-").map(str::to_owned).collect();
        arrows.insert(name.trim_matches('`').to_owned(), depends);
    }
    Ok(arrows)
}

#[test]
fn the_crate_table_says_what_the_manifests_say() -> Result<()> {
    let (manifest, documented) = (manifest_arrows()?, documented_arrows()?);
    assert!(manifest.len() > 10, "{manifest:?}");
    assert_eq!(
        manifest.keys().collect::<Vec<_>>(),
        documented.keys().collect::<Vec<_>>(),
        "crates in the workspace and in ARCHITECTURE.md"
    );
    let all: BTreeSet<String> = manifest.keys().cloned().collect();
    for (name, depends) in &manifest {
        let allowed = if documented[name].contains("all") { &all } else { &documented[name] };
        let beyond: Vec<_> = depends.difference(allowed).collect();
        assert!(beyond.is_empty(), "vimae-{name} depends on {beyond:?}, ARCHITECTURE.md allows {allowed:?}");
        assert!(allowed == &all || allowed.is_subset(depends), "ARCHITECTURE.md allows vimae-{name} {allowed:?}, it uses {depends:?}");
    }
    Ok(())
}

/// Rust files that git tracks or would.
fn sources() -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for folder in ["crates", "xtask", "tests", "examples"] {
        walk(&root().join(folder), &mut found)?;
    }
    Ok(found)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && path.file_name().is_some_and(|n| n != "target") {
            walk(&path, found)?;
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

#[test]
fn files_open_with_what_they_are_and_stay_short() -> Result<()> {
    let sources = sources()?;
    assert!(sources.len() > 50);
    for path in sources {
        let text = std::fs::read_to_string(&path)?;
        let name = path.strip_prefix(root())?.display().to_string();
        assert!(text.starts_with("//!") || text.starts_with("#![doc = include_str!"), "{name} does not say what it is");
        let lines = text.lines().count();
        assert!(lines <= MOST_LINES, "{name} has {lines} lines");
    }
    Ok(())
}

#[test]
fn no_test_is_switched_off_and_no_lint_waved_through() -> Result<()> {
    // Written in two parts, so that this file does not find itself.
    let banned = [concat!("#[", "ignore"), concat!("#[", "allow("), concat!("to", "do!("), concat!("FIX", "ME")];
    for path in sources()? {
        let text = std::fs::read_to_string(&path)?;
        for word in banned {
            assert!(!text.contains(word), "{} contains {word}", path.display());
        }
    }
    Ok(())
}

#[test]
fn skipped_tests_say_so_in_one_way() -> Result<()> {
    // A test that prints that it was skipped, and returns, counts as passed.
    let printed = concat!("\"", "skipped");
    for path in sources()? {
        let text = std::fs::read_to_string(&path)?;
        let own = path.starts_with(root().join("crates/testing"));
        assert!(own || !text.contains(&format!("ln!({printed}")), "{} prints that it skips; use vimae_testing::need", path.display());
    }
    Ok(())
}

#[test]
fn no_path_leads_out_of_the_repository() -> Result<()> {
    // Data of a machine is named by a variable; a default beside the checkout would be found by chance.
    let banned = [concat!("../", "shared"), concat!("/work", "/"), concat!("/home", "/"), concat!("/root", "/")];
    for path in sources()? {
        let text = std::fs::read_to_string(&path)?;
        for word in banned {
            assert!(!text.contains(word), "{} contains {word}", path.display());
        }
    }
    Ok(())
}

#[test]
fn every_crate_has_a_readme_that_opens_with_its_name() -> Result<()> {
    for name in manifest_arrows()?.keys() {
        let readme = std::fs::read_to_string(root().join(format!("crates/{name}/README.md")))?;
        assert!(readme.starts_with(&format!("# vimae-{name}\n\n")), "crates/{name}/README.md");
        assert!(readme.lines().count() > 5, "crates/{name}/README.md says nothing");
    }
    Ok(())
}
