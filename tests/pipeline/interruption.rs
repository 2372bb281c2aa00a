//! Kills and other numbers of threads change no bit.

use std::{
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use vimae_tests::command::xtask;

use crate::{
    shared::{Undisturbed, undisturbed},
    tiny::contents,
};

/// Weights, logs and measurements of a finished reproduction of two runs or more.
pub(crate) fn results(out: &Path) -> Result<Vec<Vec<u8>>> {
    let (mut all, logs) = (contents(out, "model.safetensors")?, contents(out, "log.jsonl")?);
    let measurements: Vec<Vec<u8>> = records(out)?.iter().map(|record| record["measurements"].to_string().into_bytes()).collect();
    let (weights, logged, measured) = (all.len(), logs.len(), measurements.len());
    ensure!(measured >= 2 && weights == measured && logged == measured, "{measured} records, {weights} weights and {logged} logs");
    all.extend(logs);
    all.extend(measurements);
    Ok(all)
}

/// The records of a reproduction.
pub(crate) fn records(out: &Path) -> Result<Vec<serde_json::Value>> {
    contents(out, "record.json")?.iter().map(|record| Ok(serde_json::from_slice(record)?)).collect()
}

pub(crate) fn command(spec: &Path, out: &Path, threads: usize) -> Result<Command> {
    let mut command = Command::new(xtask()?);
    command.arg("train").arg(spec).arg("--out").arg(out).env("RAYON_NUM_THREADS", threads.to_string());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    Ok(command)
}

#[test]
fn a_killed_run_goes_on_to_the_same_bits_on_any_number_of_threads() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let Undisturbed { spec, out } = undisturbed()?;
    let expected = results(out)?;

    let threads = folder.path().join("threads");
    ensure!(command(spec, &threads, 2)?.status()?.success());
    ensure!(expected == results(&threads)?, "two threads gave other bits than one");

    // Each life is killed a little after it has written something new, until one is left to finish.
    let killed = folder.path().join("killed");
    let mut kills = 0;
    for pause in [0, 15, 40, 80, 120, 5] {
        kills += usize::from(killed_once_it_wrote(command(spec, &killed, 1)?, &killed, Duration::from_millis(pause))?);
    }
    ensure!(kills >= 3, "only {kills} of the runs lived long enough to be killed");
    ensure!(command(spec, &killed, 1)?.status()?.success());
    ensure!(expected == results(&killed)?, "killed {kills} times, the runs gave other bits");
    Ok(())
}

/// Starts a command with all that it starts, and kills it `pause` after it has written a checkpoint below `out`. Says
/// whether it was alive still.
pub(crate) fn killed_once_it_wrote(mut command: Command, out: &Path, pause: Duration) -> Result<bool> {
    let mut child = command.process_group(0).spawn()?;
    let (began, before) = (Instant::now(), checkpoints(out));
    while checkpoints(out) == before && child.try_wait()?.is_none() && began.elapsed() < Duration::from_secs(60) {
        sleep(Duration::from_millis(2));
    }
    sleep(pause);
    let alive = child.try_wait()?.is_none();
    if alive {
        let group = format!("-{}", child.id());
        ensure!(Command::new("kill").args(["-KILL", "--", &group]).status()?.success(), "kill {group}");
    }
    ensure!(alive | child.wait()?.success(), "{command:?} failed");
    Ok(alive)
}

/// When each checkpoint was last written.
fn checkpoints(out: &Path) -> Vec<std::time::SystemTime> {
    let Ok(files) = crate::tiny::files(out, "checkpoint.safetensors") else { return Vec::new() };
    files.iter().filter_map(|(path, _)| std::fs::metadata(path).and_then(|m| m.modified()).ok()).collect()
}
