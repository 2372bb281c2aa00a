//! A cluster whose calls fail, answer late and lose answers after they have acted, by seed: every run is finished once,
//! nothing is submitted twice, nothing stays in the queue.
//!
//! `VIMAE_SCHEDULER=200` takes as many seeds as it says in place of 20, and `VIMAE_SCHEDULER_RECORD=FILE` keeps one JSON
//! line a seed.

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use vimae_tests::command::xtask;

use crate::{
    publishing::holds,
    tiny::{files, write},
};

/// Seeds where nobody asks for more.
const FEW: u64 = 20;
/// Runs of a reproduction, and the largest array that the site takes: two arrays and the job for the tables.
const RUNS: usize = 3;
const MAX_ARRAY: usize = 2;

/// What no script, log or record may hold.
const TOKEN: &str = "hf_secret_of_a_cluster";

const SPEC: &str = r#"
version = 1
dataset = { name = "digits", train_images = 400, test_images = 200 }
model = { name = "mlp", code = 2, width = 8, layers = 1 }
training = { epochs = 1, batch = 200 }
evaluation = { metrics = ["reconstruction"], labels = 0, prior_samples = 20 }
seeds = 3
[methods.vae.objective]
name = "vae"
"#;

/// The commands of a cluster, and the folder of its queue.
struct Cluster {
    folder: PathBuf,
    seed: u64,
}

impl Cluster {
    fn new(folder: &Path, seed: u64) -> Result<Self> {
        for name in ["bin", "queue", "over"] {
            fs::create_dir_all(folder.join(name))?;
        }
        for command in ["sbatch", "squeue", "scancel", "scontrol"] {
            let path = folder.join("bin").join(command);
            fs::write(&path, include_str!("scheduler/slurm.sh"))?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        }
        Ok(Self { folder: folder.into(), seed })
    }

    fn call(&self, arguments: &[&str]) -> Result<Command> {
        let path = format!("{}:{}", self.folder.join("bin").display(), std::env::var("PATH")?);
        let mut command = Command::new(xtask()?);
        command.args(arguments).env("PATH", path).env("FAKE", &self.folder).env("SEED", self.seed.to_string());
        command.env("MAX_ARRAY", MAX_ARRAY.to_string()).env("RAYON_NUM_THREADS", "1").env("HF_TOKEN", TOKEN);
        // What Slurm's programs take from a user's environment: some of it must not reach them, the rest must.
        command.env("SQUEUE_STATES", "RUNNING").env("SBATCH_WAIT", "1").env("SBATCH_QOS", "night");
        Ok(command)
    }

    /// The lines of one of its files.
    fn lines(&self, name: &str) -> Vec<String> {
        fs::read_to_string(self.folder.join(name)).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    fn queue(&self) -> Result<usize> {
        Ok(fs::read_dir(self.folder.join("queue"))?.count())
    }
}

/// One reproduction on a cluster of this seed, and what became of it.
fn reproduced(spec: &str, folder: &Path, seed: u64) -> Result<Value> {
    let cluster = Cluster::new(&folder.join("cluster"), seed)?;
    let out = folder.join("out");
    let arguments =
        ["train", spec, "--launcher", "slurm", "--interval", "0.1s", "--patience", "10m", "--out", out.to_str().context("path")?];
    let began = Instant::now();
    let output = cluster.call(&arguments)?.output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "seed {seed}: {said}{}", cluster.lines("log").join("\n"));
    let finished = files(&out, "record.json")?.len();
    let submitted = cluster.lines("submitted");
    let names: BTreeSet<&str> = submitted.iter().filter_map(|line| line.split_once(' ')).map(|(_, name)| name).collect();
    ensure!(finished == RUNS, "seed {seed}: {finished} of {RUNS} runs have finished: {said}");
    ensure!(submitted.len() == RUNS.div_ceil(MAX_ARRAY) + 1, "seed {seed}: {submitted:?}\n{said}{}", cluster.lines("log").join("\n"));
    ensure!(names.len() == submitted.len(), "seed {seed}: a job was submitted twice: {submitted:?}");
    ensure!(cluster.queue()? == 0, "seed {seed}: left in the queue: {:?}", cluster.lines("log"));
    ensure!(out.join("results.json").exists(), "seed {seed}: no tables");
    ensure!(!said.contains(TOKEN) && !holds(folder, TOKEN)?, "seed {seed}: the token was written");
    let calls = cluster.lines("log");
    let failed = said.matches("asking again").count();
    Ok(json!({ "seed": seed, "calls": calls.len(), "asked_again": failed, "jobs": submitted.len(), "finished": finished,
        "seconds": began.elapsed().as_secs_f64() }))
}

#[test]
fn every_run_is_finished_once_on_a_cluster_that_misbehaves() -> Result<()> {
    let seeds = std::env::var("VIMAE_SCHEDULER").ok().map_or(Ok(FEW), |text| text.parse::<u64>())?;
    let folder = tempfile::tempdir()?;
    let spec = write(folder.path(), SPEC)?;
    let mut lines = Vec::new();
    for seed in 0..seeds {
        let own = tempfile::tempdir()?;
        lines.push(reproduced(spec.to_str().context("path")?, own.path(), seed)?);
    }
    let again = lines.iter().filter_map(|line| line["asked_again"].as_u64()).sum::<u64>();
    println!("{seeds} seeds: {again} calls were repeated");
    if let Some(path) = std::env::var_os("VIMAE_SCHEDULER_RECORD") {
        let mut file = fs::File::create(&path)?;
        for line in &lines {
            writeln!(file, "{line}")?;
        }
    }
    ensure!(again >= seeds, "the cluster behaved: {again} calls were repeated over {seeds} seeds");
    Ok(())
}

#[test]
fn jobs_stay_in_the_queue_of_a_cluster_that_does_not_tell_of_it_and_are_named() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let spec = write(folder.path(), SPEC)?;
    let cluster = Cluster::new(&folder.path().join("cluster"), 0)?;
    let out = folder.path().join("out");
    let arguments = ["train", spec.to_str().context("path")?, "--launcher", "slurm", "--out", out.to_str().context("path")?];
    let output = cluster.call(&arguments)?.env("DEAF", "1").output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(!output.status.success() && cluster.queue()? == 3, "{said}");
    for told in ["squeue: unrecognized option", "jobs 101, 102, 103 stay in the queue", "or scancel 101 102 103"] {
        ensure!(said.contains(told), "{told}: {said}");
    }
    Ok(())
}
