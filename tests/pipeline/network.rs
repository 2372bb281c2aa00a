//! The command that is built without the network, and the one that it hands on to.

use anyhow::{Result, ensure};
use vimae_tests::command::call_with;

/// What a build without the network says of a file that it lacks.
const WITHOUT: &str = "built without the network";

#[test]
fn what_needs_the_network_is_handed_on_and_fails_there_for_a_reason_of_the_network() -> Result<()> {
    let home = tempfile::tempdir()?;
    let nobody = [("HF_HOME", home.path().to_string_lossy().into_owned()), ("HF_ENDPOINT", "http://127.0.0.1:1".into())];
    let nobody: Vec<(&str, &str)> = nobody.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let called = call_with(&["hub", "pull", "me/absent"], &nobody)?;
    ensure!(!called.success && called.stdout.is_empty(), "{}", called.stdout);
    ensure!(called.stderr.contains("the connection broke") && !called.stderr.contains(WITHOUT), "{}", called.stderr);
    // Each message once, and no other program where the network is forbidden.
    let offline: Vec<_> = nobody.iter().copied().chain([("HF_HUB_OFFLINE", "1"), ("CARGO", "/nowhere/cargo")]).collect();
    for arguments in [&["hub", "pull", "me/absent"][..], &["data", "fetch", "mnist"]] {
        let called = call_with(arguments, &offline)?;
        ensure!(!called.success && called.stderr.contains("HF_HUB_OFFLINE"), "{}", called.stderr);
        ensure!(called.stderr.lines().count() == 1, "{}", called.stderr);
    }
    Ok(())
}

#[test]
fn where_the_other_program_cannot_be_built_the_error_says_what_is_missing() -> Result<()> {
    let home = tempfile::tempdir()?;
    let home = home.path().to_string_lossy();
    let called = call_with(&["hub", "pull", "me/absent"], &[("HF_HOME", &home), ("CARGO", "/nowhere/cargo"), ("HF_HUB_OFFLINE", "0")])?;
    ensure!(!called.success && called.stderr.contains(WITHOUT), "{}", called.stderr);
    ensure!(called.stderr.contains("cannot start /nowhere/cargo"), "{}", called.stderr);
    Ok(())
}
