//! An hour of reproductions: memory stays flat, no file stays open, and kills, full disks and clocks that jump change no bit.
//!
//! `VIMAE_SOAK=3600` is how many seconds to spend, half of them in one process and half in four workers; nothing runs
//! without it. `VIMAE_SOAK_SEED` draws other disturbances, and `VIMAE_SOAK_RECORD=FILE` keeps one JSON line a reproduction.

use std::{
    fs,
    io::Write,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use vimae_lab::{Reproduction, RunContext};
use vimae_testing::need;
use vimae_tests::command::xtask;

use crate::{
    interruption::results,
    kills::{signal, uniform, working},
    storage::{Small, size},
    tiny::{here, short, write},
};

/// Reproductions before memory is looked at: buffers and threads are there by then.
const WARM: usize = 10;
/// MiB by which resident memory may differ between the first and the last fifth.
const FLAT: f64 = 8.0;
/// Workers at a time.
const JOBS: &str = "4";

/// What happens to a reproduction of four workers.
const DISTURBANCES: [&str; 6] = ["kill", "kill worker", "terminate", "full disk", "clock ahead", "clock back"];

/// The seconds to spend, or why there are none.
fn seconds() -> Result<f64, String> {
    let text = std::env::var("VIMAE_SOAK").map_err(|_| "VIMAE_SOAK is not set; it is how many seconds to spend".to_owned())?;
    text.parse().map_err(|_| format!("VIMAE_SOAK={text} is no number of seconds"))
}

/// Adds a line to the record.
fn record(line: &Value) -> Result<()> {
    println!("{line}");
    let Some(path) = std::env::var_os("VIMAE_SOAK_RECORD") else { return Ok(()) };
    let mut file = fs::OpenOptions::new().create(true).append(true).open(path)?;
    Ok(writeln!(file, "{line}")?)
}

/// MiB of resident memory and open files of this process.
fn held() -> Result<(f64, usize)> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok((kib / 1024.0, fs::read_dir("/proc/self/fd")?.count()))
}

#[test]
fn many_reproductions_in_one_process_keep_memory_flat_and_files_closed() -> Result<()> {
    let spend = Duration::from_secs_f64(need!(seconds()) / 2.0);
    let folder = tempfile::tempdir()?;
    let root = vimae_tests::root();
    let request = here(&write(folder.path(), &short())?)?;
    let (began, mut rows, mut expected) = (Instant::now(), Vec::new(), None);
    while began.elapsed() < spend {
        let out = folder.path().join("out");
        let context = RunContext { root: &root, ..RunContext::new(&out) };
        let outcome = Reproduction::plan(&request, &context)?.run(&context)?;
        ensure!(outcome.failed.is_empty(), "{:?}", outcome.failed);
        let found = results(&out)?;
        ensure!(*expected.get_or_insert_with(|| found.clone()) == found, "reproduction {} gave other bits", rows.len());
        drop(outcome);
        fs::remove_dir_all(&out)?;
        let (memory, files) = held()?;
        record(&json!({ "who": "one process", "reproduction": rows.len(), "rss_mib": memory, "open_files": files }))?;
        rows.push((memory, files));
    }
    let warm = rows.get(WARM..).filter(|warm| warm.len() >= 20).context("too short a time to say anything")?;
    let middle = |rows: &[(f64, usize)]| {
        let mut memory: Vec<f64> = rows.iter().map(|(memory, _)| *memory).collect();
        memory.sort_by(f64::total_cmp);
        memory[memory.len() / 2]
    };
    let (first, last) = (middle(&warm[..warm.len() / 5]), middle(&warm[warm.len() - warm.len() / 5..]));
    println!("{} reproductions: {first:.1} MiB in the first fifth, {last:.1} in the last", rows.len());
    ensure!((last - first).abs() <= FLAT, "memory went from {first:.1} to {last:.1} MiB over {} reproductions", warm.len());
    ensure!(warm.iter().all(|(_, files)| *files == warm[0].1), "files stay open: {:?}", warm.iter().map(|(_, files)| files).max());
    Ok(())
}

/// A reproduction by four workers, on a clock that is `clock` away.
fn begin(spec: &Path, out: &Path, clock: Option<&str>) -> Result<Child> {
    let mut command = match clock {
        Some(clock) => {
            let mut command = Command::new("faketime");
            command.args(["-f", clock]).arg(xtask()?);
            command
        }
        None => Command::new(xtask()?),
    };
    command.arg("train").arg(spec).arg("--out").arg(out).args(["--jobs", JOBS, "--retries", "0"]).env("RAYON_NUM_THREADS", "1");
    Ok(command.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn()?)
}

/// One disturbed life, after which the reproduction is finished by another. Says whether the life was over before.
fn disturb(spec: &Path, disk: &Small, what: &str, moment: Duration) -> Result<bool> {
    let out = disk.0.join("out");
    let clock = match what {
        "clock ahead" => Some("+3d"),
        "clock back" => Some("-3d"),
        _ => None,
    };
    let mut child = begin(spec, &out, clock)?;
    let began = Instant::now();
    while began.elapsed() < moment && child.try_wait()?.is_none() {
        sleep(Duration::from_millis(2));
    }
    let hit = child.try_wait()?.is_none();
    let group =
        |name: &str| Command::new("kill").args([&format!("-{name}"), "--", &format!("-{}", child.id())]).stderr(Stdio::null()).status();
    match what {
        "kill worker" => working(&out)?.map_or(Ok(()), |worker| signal(worker, "KILL"))?,
        "terminate" => drop(group("TERM")?),
        // The disk is full from here on: it ends by itself.
        "full disk" => disk.fill()?,
        _ => drop(group("KILL")?),
    }
    child.wait()?;
    disk.free()?;
    ensure!(begin(spec, &out, None)?.wait()?.success(), "{what}: the second call failed");
    Ok(hit)
}

#[test]
fn disturbed_reproductions_of_four_workers_end_in_the_same_bits() -> Result<()> {
    let spend = Duration::from_secs_f64(need!(seconds()) / 2.0);
    need!(vimae_testing::programs(&["faketime"], "Debian: faketime"));
    let seed = std::env::var("VIMAE_SOAK_SEED").ok().map_or(Ok(1), |text| text.parse::<u64>())?;
    let folder = tempfile::tempdir()?;
    let spec = write(folder.path(), &short())?;
    let undisturbed: PathBuf = folder.path().join("undisturbed");
    let began = Instant::now();
    ensure!(begin(&spec, &undisturbed, None)?.wait()?.success());
    let (expected, took, whole) = (results(&undisturbed)?, began.elapsed(), size(&undisturbed)?);
    let (began, mut trial, mut hits) = (Instant::now(), 0, 0);
    while began.elapsed() < spend {
        let what = DISTURBANCES[(uniform(seed, 2 * trial) * DISTURBANCES.len() as f64) as usize];
        let share = uniform(seed, 2 * trial + 1);
        let disk = need!(Small::mount(folder.path().join("disk"), whole * 4));
        let hit = disturb(&spec, &disk, what, took.mul_f64(share)).with_context(|| format!("trial {trial}"))?;
        let same = results(&disk.0.join("out"))? == expected;
        record(&json!({ "who": "four workers", "trial": trial, "disturbance": what, "moment": share, "hit": hit, "same_bits": same }))?;
        ensure!(same, "trial {trial}, {what} at {share:.3}, gave other bits");
        (trial, hits) = (trial + 1, hits + u64::from(hit));
    }
    ensure!(hits * 2 >= trial, "only {hits} of {trial} were at work when they were disturbed");
    Ok(())
}
