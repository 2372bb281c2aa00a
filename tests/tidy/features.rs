//! The command without the network and the one with it share their crates: only what asks the network is built for the second.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use anyhow::{Result, ensure};
use vimae_tests::root;

/// What differs: our own crates between the network and the command, and one below them alone.
const DIFFERENT: [&str; 4] = ["tracing-subscriber", "vimae-hub", "vimae-lab", "xtask"];

/// Every crate of the command, with its features: more than once where build scripts and macros have it with others.
fn crates(features: &[&str]) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let output = Command::new("cargo")
        .args(["tree", "--offline", "--package", "xtask", "--edges", "normal,build", "--prefix", "none", "--format", "{p}|{f}"])
        .args(features)
        .current_dir(root())
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut crates: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in String::from_utf8(output.stdout)?.lines() {
        let Some((name, features)) = line.split_once('|') else { continue };
        let name = name.split(" (").next().unwrap_or(name);
        crates.entry(name.into()).or_default().insert(features.trim_end_matches(" (*)").into());
    }
    Ok(crates)
}

#[test]
fn the_first_command_does_without_the_network_and_shares_its_crates_with_the_second() -> Result<()> {
    let (plain, network) = (crates(&[])?, crates(&["--features", "network"])?);
    let has = |crates: &BTreeMap<String, BTreeSet<String>>, name: &str| crates.keys().any(|of| of.split(' ').next() == Some(name));
    for name in ["hf-hub", "reqwest", "tokio", "rustls"] {
        ensure!(!has(&plain, name), "the command without the network compiles {name}");
        ensure!(has(&network, name), "the command with the network lacks {name}");
    }
    let built_twice = plain.iter().filter(|(name, features)| network.get(*name).is_none_or(|with| !features.is_subset(with)));
    let built_twice: Vec<_> = built_twice.filter(|(name, _)| !DIFFERENT.iter().any(|of| name.split(' ').next() == Some(of))).collect();
    ensure!(built_twice.is_empty(), "with other features than in the command with the network; give them in Cargo.toml: {built_twice:#?}");
    Ok(())
}
