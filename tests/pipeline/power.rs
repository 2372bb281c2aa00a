//! A power cut and a clock that goes back: what was not synced is lost or wrong, and the results are the same bits.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use vimae_testing::need;

use crate::{
    interruption::{command, killed_once_it_wrote, results},
    shared::{Undisturbed, undisturbed},
    tiny::{files, train},
};

/// The length of the log that a checkpoint vouches for.
fn synced(checkpoint: &[u8]) -> Result<usize> {
    let header = checkpoint.get(8..).context("a checkpoint has a header")?;
    let header = String::from_utf8_lossy(header.get(..header.len().min(4000)).unwrap_or_default()).into_owned();
    let (_, after) = header.split_once(r#"\"log_bytes\":"#).context("a checkpoint says how long its log is")?;
    Ok(after.chars().take_while(char::is_ascii_digit).collect::<String>().parse()?)
}

/// Leaves `out` as a power cut may: what the code does not sync is empty, cut short or zeros; half files lie beside.
fn cut(out: &Path) -> Result<()> {
    for (path, bytes) in files(out, "checkpoint.safetensors")? {
        let run = path.parent().context("a folder")?;
        let whole = synced(&bytes)?;
        let log = run.join("log.jsonl");
        let mut lines = fs::read(&log)?;
        ensure!(lines.len() >= whole, "the log is shorter than the checkpoint beside it says");
        lines.truncate(whole);
        // Nothing is appended any more where the run is finished.
        if !run.join("record.json").exists() {
            lines.extend([0; 300]);
        }
        fs::write(&log, lines)?;
        fs::write(run.join(".checkpoint.safetensors.1.part"), &bytes[..bytes.len() / 3])?;
        fs::write(run.join("status.json"), "")?;
        fs::write(run.join(".lock"), "")?;
        for entry in fs::read_dir(run)? {
            let path = entry?.path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("events.")) {
                let events = fs::read(&path)?;
                fs::write(&path, &events[..events.len() / 2])?;
            }
        }
    }
    fs::write(out.join(".lock"), [0; 20])?;
    Ok(())
}

/// Cuts a run several times and compares what it ends in with one that nobody disturbed; each life begins a year before
/// the one that it follows where `clock` says so.
fn check(clock: bool) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let Undisturbed { spec, out } = undisturbed()?;
    let disturbed = folder.path().join("disturbed");

    let mut kills = 0;
    for year in (2021..=2025).rev() {
        let mut life = command(spec, &disturbed, 1)?;
        if clock {
            let mut set_back = Command::new("faketime");
            set_back.args(["-f", &format!("@{year}-01-01 00:00:00")]).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
            set_back.arg(life.get_program()).args(life.get_args()).stdout(Stdio::null()).stderr(Stdio::null());
            life = set_back;
        }
        kills += usize::from(killed_once_it_wrote(life, &disturbed, Duration::from_millis(10))?);
        cut(&disturbed)?;
    }
    ensure!(kills >= 2, "only {kills} of the runs lived long enough to be cut");
    let last = train(spec, &disturbed, &[])?;
    ensure!(last.success, "{}", last.stderr);
    assert!(results(&disturbed)? == results(out)?, "the runs gave other bits");
    Ok(())
}

#[test]
fn after_power_cuts_a_run_ends_in_the_same_bits() -> Result<()> {
    check(false)
}

#[test]
fn after_power_cuts_with_the_clock_set_back_a_run_ends_in_the_same_bits() -> Result<()> {
    need!(vimae_testing::programs(&["faketime"], "Debian: faketime"));
    check(true)
}
