//! Kills and other numbers of threads change no bit.

use std::{
    path::Path,
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use vimae_tests::command::xtask;

use crate::tiny::{contents, short, write};

/// Weights, logs and measurements of a finished reproduction.
pub(crate) fn results(out: &Path) -> Result<Vec<Vec<u8>>> {
    let mut all = contents(out, "model.safetensors")?;
    all.extend(contents(out, "log.jsonl")?);
    for record in contents(out, "record.json")? {
        let record: serde_json::Value = serde_json::from_slice(&record)?;
        all.push(record["measurements"].to_string().into_bytes());
    }
    ensure!(all.len() == 6, "two finished runs have six results, found {}", all.len());
    Ok(all)
}

fn command(spec: &Path, out: &Path, threads: usize) -> Result<Command> {
    let mut command = Command::new(xtask()?);
    command.arg("train").arg(spec).arg("--out").arg(out).env("RAYON_NUM_THREADS", threads.to_string());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    Ok(command)
}

#[test]
fn a_killed_run_goes_on_to_the_same_bits_on_any_number_of_threads() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let spec = write(folder.path(), &short())?;
    let undisturbed = folder.path().join("undisturbed");
    ensure!(command(&spec, &undisturbed, 1)?.status()?.success());
    let expected = results(&undisturbed)?;

    let threads = folder.path().join("threads");
    ensure!(command(&spec, &threads, 2)?.status()?.success());
    ensure!(expected == results(&threads)?, "two threads gave other bits than one");

    // Each life is killed a little after it has written something new, until one is left to finish.
    let killed = folder.path().join("killed");
    let mut kills = 0;
    for pause in [0, 15, 40, 80, 120, 5] {
        let mut child = command(&spec, &killed, 1)?.spawn()?;
        let (began, before) = (Instant::now(), checkpoints(&killed));
        while checkpoints(&killed) == before && child.try_wait()?.is_none() && began.elapsed() < Duration::from_secs(60) {
            sleep(Duration::from_millis(2));
        }
        sleep(Duration::from_millis(pause));
        if child.try_wait()?.is_none() {
            child.kill().context("kill")?;
            kills += 1;
        }
        child.wait()?;
    }
    ensure!(kills >= 3, "only {kills} of the runs lived long enough to be killed");
    ensure!(command(&spec, &killed, 1)?.status()?.success());
    ensure!(expected == results(&killed)?, "killed {kills} times, the runs gave other bits");
    Ok(())
}

/// When each checkpoint was last written.
fn checkpoints(out: &Path) -> Vec<std::time::SystemTime> {
    let Ok(files) = crate::tiny::files(out, "checkpoint.safetensors") else { return Vec::new() };
    files.iter().filter_map(|(path, _)| std::fs::metadata(path).and_then(|m| m.modified()).ok()).collect()
}
