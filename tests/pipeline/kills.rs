//! Runs that are killed at random moments end in the same bits as one that nobody disturbed.
//!
//! `VIMAE_KILLS=100` makes as many trials as it says in place of a few, `VIMAE_KILLS_SEED` other moments, and
//! `VIMAE_KILLS_RECORD=FILE` keeps one JSON line a trial.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use vimae_tests::command::xtask;

use crate::{
    interruption::results,
    tiny::{files, short, write},
};

/// Trials where nobody asks for more.
const FEW: u64 = 4;

/// How a reproduction is disturbed.
#[derive(Debug, Clone, Copy)]
enum Disturbance {
    /// SIGKILL to the one process.
    Kill,
    /// SIGTERM to the one process, which saves its state.
    Terminate,
    /// SIGKILL to one of two workers; their parent goes on.
    KillWorker,
    /// SIGKILL to the parent of two workers, which save their state.
    KillParent,
}

const ALL: [Disturbance; 4] = [Disturbance::Kill, Disturbance::KillWorker, Disturbance::Terminate, Disturbance::KillParent];

#[test]
fn runs_killed_at_random_moments_end_in_the_same_bits() -> Result<()> {
    let number = |name: &str, otherwise: u64| std::env::var(name).ok().map_or(Ok(otherwise), |text| text.parse::<u64>());
    let (trials, seed) = (number("VIMAE_KILLS", FEW)?, number("VIMAE_KILLS_SEED", 1)?);
    let record = std::env::var_os("VIMAE_KILLS_RECORD").map(PathBuf::from);
    let folder = tempfile::tempdir()?;
    let spec = write(folder.path(), &short())?;
    let undisturbed = folder.path().join("undisturbed");
    let began = Instant::now();
    ensure!(begin(&spec, &undisturbed, 1)?.wait()?.success());
    let (expected, whole) = (results(&undisturbed)?, began.elapsed());

    let mut lines = Vec::new();
    for trial in 0..trials {
        let disturbance = ALL[(trial % 4) as usize];
        let out = folder.path().join(format!("trial-{trial}"));
        // Moments are spread evenly over the time that it takes, each at random within its share.
        let share = (trial as f64 + uniform(seed, trial)) / trials as f64;
        let moment = whole.mul_f64(share);
        let line = disturb(&spec, &out, disturbance, moment)?;
        let same = results(&out)? == expected;
        lines.push(json!({ "trial": trial, "disturbance": format!("{disturbance:?}"), "moment": share, "life": line, "same_bits": same }));
        fs::remove_dir_all(&out)?;
    }
    let same = lines.iter().filter(|line| line["same_bits"] == true).count() as u64;
    let hit = lines.iter().filter(|line| line["life"]["hit"] == true).count();
    println!("{same} of {trials} disturbed reproductions gave the same bits; {hit} were disturbed before their end");
    if let Some(path) = record {
        let mut file = fs::File::create(&path)?;
        for line in &lines {
            writeln!(file, "{line}")?;
        }
    }
    ensure!(same == trials, "{lines:#?}");
    ensure!(hit as u64 * 2 >= trials, "only {hit} of {trials} were still at work when they were disturbed");
    Ok(())
}

/// Begins a reproduction, disturbs it `moment` after, lets another call finish what is left, and says what was there in
/// between. What was finished then must not be written again.
fn disturb(spec: &Path, out: &Path, disturbance: Disturbance, moment: Duration) -> Result<Value> {
    let jobs = if matches!(disturbance, Disturbance::KillWorker | Disturbance::KillParent) { 2 } else { 1 };
    let mut child = begin(spec, out, jobs)?;
    let began = Instant::now();
    while began.elapsed() < moment && child.try_wait()?.is_none() {
        sleep(Duration::from_millis(1));
    }
    let hit = child.try_wait()?.is_none();
    match disturbance {
        Disturbance::Kill | Disturbance::KillParent if hit => child.kill()?,
        Disturbance::Terminate if hit => signal(child.id(), "TERM")?,
        Disturbance::KillWorker if hit => {
            if let Some(worker) = working(out)? {
                signal(worker, "KILL")?;
            }
        }
        _ => {}
    }
    let ended = child.wait()?;
    ensure!(hit || ended.success(), "a reproduction that nobody disturbed failed");
    ensure!(!matches!(disturbance, Disturbance::KillWorker) || ended.success(), "the parent did not survive its worker");
    let steps = steps(out)?;
    let finished = written(out)?;
    ensure!(begin(spec, out, 1)?.wait()?.success(), "the second call failed");
    let after = written(out)?;
    for (path, time) in &finished {
        ensure!(after.get(path) == Some(time), "{} was written twice", path.display());
    }
    Ok(json!({ "hit": hit, "steps_saved": steps, "files_finished": finished.len() }))
}

fn begin(spec: &Path, out: &Path, jobs: usize) -> Result<Child> {
    let mut command = Command::new(xtask()?);
    command.arg("train").arg(spec).arg("--out").arg(out).args(["--jobs", &jobs.to_string()]).env("RAYON_NUM_THREADS", "1");
    Ok(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
}

pub(crate) fn signal(process: u32, name: &str) -> Result<()> {
    // One that has just ended cannot be signalled, which is as good.
    Command::new("kill").args([&format!("-{name}"), &process.to_string()]).stderr(Stdio::null()).status().context("kill")?;
    Ok(())
}

/// A process that works on a run now.
pub(crate) fn working(out: &Path) -> Result<Option<u32>> {
    for (_, bytes) in files(out, "status.json").unwrap_or_default() {
        let status: Value = serde_json::from_slice(&bytes)?;
        if status["state"] == "running" {
            return Ok(status["process"].as_u64().and_then(|id| u32::try_from(id).ok()));
        }
    }
    Ok(None)
}

/// Steps in each checkpoint.
fn steps(out: &Path) -> Result<Vec<u64>> {
    let mut all = Vec::new();
    for name in ["checkpoint.safetensors", "stopped.safetensors"] {
        for (_, bytes) in files(out, name).unwrap_or_default() {
            let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]).into_owned();
            let step = text.split_once(r#"\"step\":"#).map(|(_, rest)| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
            all.extend(step.and_then(|digits| digits.parse::<u64>().ok()));
        }
    }
    Ok(all)
}

/// When the final weights and the records were written.
fn written(out: &Path) -> Result<BTreeMap<PathBuf, SystemTime>> {
    let mut all = BTreeMap::new();
    for name in ["model.safetensors", "record.json"] {
        for (path, _) in files(out, name).unwrap_or_default() {
            let time = fs::metadata(&path)?.modified()?;
            all.insert(path, time);
        }
    }
    Ok(all)
}

/// A number in 0..1 from seed and trial.
pub(crate) fn uniform(seed: u64, trial: u64) -> f64 {
    let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ trial.wrapping_mul(0xd1b5_4a32_d192_ed03);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((x ^ (x >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}
