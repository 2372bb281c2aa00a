//! Runs on a cluster: an array of Slurm jobs, one task a run, and a last job that writes the tables.
//!
//! Everything goes through the folder of the reproduction, which all machines must see: tasks read the plan there and
//! leave their status, checkpoints and records there. A task that is preempted or whose time is over gets SIGTERM, saves
//! its state and asks to be queued again.

use std::{
    collections::BTreeMap,
    fmt::Write,
    path::{Path, PathBuf},
    process::Command,
    thread::sleep,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use vimae_checkpoint::atomic;
use vimae_core::{Event, RunContext};
use vimae_spec::Resources;

use super::{ends::Ends, plan::Plan, status};
use crate::{Error, Result, stored::json};

const POLL: Duration = Duration::from_secs(1);
/// Seconds before the end of its time at which a task is told.
const NOTICE: u32 = 120;

/// What was submitted, as a file in the reproduction's folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submitted {
    /// Arrays of runs.
    pub arrays: Vec<u64>,
    /// The job that writes the tables when they have ended.
    pub gather: u64,
}

impl Submitted {
    /// What was submitted for the reproduction in `out`, where it was.
    pub fn of(out: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(folder(out).join("jobs.json")).ok()?).ok()
    }

    fn jobs(&self) -> impl Iterator<Item = u64> {
        self.arrays.iter().copied().chain([self.gather])
    }

    /// The tasks that Slurm still knows as waiting or running, one line each: job, state, reason.
    ///
    /// # Errors
    /// Where Slurm cannot be asked.
    pub fn queue(&self) -> Result<Vec<String>> {
        let ids: Vec<String> = self.jobs().map(|id| id.to_string()).collect();
        // A job that ended long ago is an error to squeue when it is asked for by name; so all of the user's are listed.
        let listed = call(Command::new("squeue").args(["--noheader", "--array", "--format", "%F %i %T %r"]))?;
        let ours = |line: &&str| line.split_whitespace().next().is_some_and(|id| ids.iter().any(|own| own == id));
        Ok(listed.lines().filter(ours).filter_map(|line| line.split_once(' ')).map(|(_, rest)| rest.to_owned()).collect())
    }

    /// Ends all of it; runs keep what they saved.
    ///
    /// # Errors
    /// Where Slurm cannot be asked.
    pub fn cancel(&self, out: &Path) -> Result<()> {
        // Tasks that are told to stop read it, so that they do not queue themselves again.
        atomic::write(&folder(out).join("cancelled"), b"")?;
        let ids: Vec<String> = self.jobs().map(|id| id.to_string()).collect();
        call(Command::new("scancel").args(ids)).map(|_| ())
    }
}

pub(super) fn launch(plan: &Plan, retries: u64, (program, jobs): (&Path, usize), context: &RunContext<'_>) -> Result<Ends> {
    let out = std::path::absolute(context.directory).map_err(|e| launch_error(context.directory, e))?;
    if let Some(queue) = Submitted::of(&out).map(|earlier| earlier.queue()).transpose()?.filter(|queue| !queue.is_empty()) {
        let problem = format!(
            "{} jobs of an earlier call are still queued ({}); wait for them (cargo xtask status), or end them with cargo xtask cancel",
            queue.len(),
            queue.first().map_or("", String::as_str)
        );
        return Err(Error::Launch { path: out, problem });
    }
    let statuses = || plan.nodes.iter().map(|node| status::read(&node.folder(&out))).collect::<Ends>();
    if plan.nodes.iter().all(|node| node.found) {
        return Ok(statuses());
    }
    let submitted = submit(plan, retries, (program, jobs), &out)?;
    while !context.is_stopped() {
        for (index, status) in statuses().iter().enumerate() {
            if let Some(status) = status {
                context.progress.tell(Event::Run { index, status });
            }
        }
        if submitted.queue()?.is_empty() {
            break;
        }
        sleep(POLL);
    }
    Ok(statuses())
}

/// Submits an array for each kind of resources, and the job that waits for all.
fn submit(plan: &Plan, retries: u64, (program, jobs): (&Path, usize), out: &Path) -> Result<Submitted> {
    let folder = folder(out);
    std::fs::create_dir_all(&folder).map_err(|e| launch_error(&folder, e))?;
    let _ = std::fs::remove_file(folder.join("cancelled"));
    let mut groups: BTreeMap<Resources, Vec<usize>> = BTreeMap::new();
    for (index, node) in plan.nodes.iter().enumerate().filter(|(_, node)| !node.found) {
        let experiment = node.experiments.first().and_then(|owner| plan.experiments.get(*owner));
        groups.entry(experiment.map(|e| e.resources.clone()).unwrap_or_default()).or_default().push(index);
    }
    let mut arrays: Vec<u64> = Vec::new();
    for (number, (resources, nodes)) in groups.iter().enumerate() {
        let path = folder.join(format!("runs-{number}.sh"));
        atomic::write(&path, array(retries, resources, nodes, (program, jobs), out).as_bytes())?;
        match sbatch(&path, &[]) {
            Ok(id) => arrays.push(id),
            Err(error) => {
                // Half a reproduction in the queue helps nobody.
                let _ = Submitted { arrays, gather: 0 }.cancel(out);
                return Err(error);
            }
        }
    }
    let path = folder.join("tables.sh");
    atomic::write(&path, tables(groups.keys().next(), program, out).as_bytes())?;
    let ids: Vec<String> = arrays.iter().map(u64::to_string).collect();
    let gather = match sbatch(&path, &[&format!("--dependency=afterany:{}", ids.join(":"))]) {
        Ok(id) => id,
        Err(error) => {
            let _ = Submitted { arrays, gather: 0 }.cancel(out);
            return Err(error);
        }
    };
    let submitted = Submitted { arrays, gather };
    atomic::write(&folder.join("jobs.json"), &json(&submitted)?)?;
    Ok(submitted)
}

/// The script of an array: what it asks for, and one run of the plan for each task.
fn array(retries: u64, resources: &Resources, nodes: &[usize], (program, jobs): (&Path, usize), out: &Path) -> String {
    let places: Vec<String> = nodes.iter().map(usize::to_string).collect();
    let at_a_time = if jobs == 0 { String::new() } else { format!("%{jobs}") };
    let mut asks = vec![
        "--job-name=vimae".to_owned(),
        format!("--array=0-{}{at_a_time}", nodes.len().saturating_sub(1)),
        format!("--cpus-per-task={}", resources.cpus),
        format!("--mem={}M", resources.memory_mib),
        "--requeue".to_owned(),
        "--open-mode=append".to_owned(),
    ];
    if resources.gpus > 0 {
        asks.push(format!("--gres=gpu:{}", resources.gpus));
    }
    if let Some(minutes) = resources.minutes {
        asks.push(format!("--time={minutes}"));
        asks.push(format!("--signal=B:TERM@{}", NOTICE.min(minutes * 15)));
    }
    asks.extend(place(resources));
    asks.push(format!("--output={}", quoted(&folder(out).join("%A_%a.log"))));
    let mut script = head(&asks);
    let _ = write!(
        script,
        r#"places=({places})
out={out}
program={program}
attempts={attempts}
export RAYON_NUM_THREADS="${{RAYON_NUM_THREADS:-$SLURM_CPUS_PER_TASK}}"
place=${{places[$SLURM_ARRAY_TASK_ID]}}
for ((attempt = 1; attempt <= attempts; attempt++)); do
  "$program" worker "$out" "$place" --device {device} --attempt "$attempt" &
  worker=$!
  trap 'kill -TERM $worker 2> /dev/null' TERM
  wait $worker
  code=$?
  # A signal ends the waiting, not the worker.
  while kill -0 $worker 2> /dev/null; do wait $worker; code=$?; done
  case $code in
    # Finished, or failed for good.
    0 | 1 | 2) exit $code ;;
    # Stopped with its state saved: on with it later, unless everything was cancelled.
    75) [ -e "$out/slurm/cancelled" ] || scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_$SLURM_ARRAY_TASK_ID"; exit $code ;;
  esac
done
exit $code
"#,
        places = places.join(" "),
        out = quoted(out),
        program = quoted(program),
        attempts = retries + 1,
        device = if resources.gpus > 0 { "cuda" } else { "cpu" },
    );
    script
}

/// The script of the last job.
fn tables(resources: Option<&Resources>, program: &Path, out: &Path) -> String {
    let mut asks = vec!["--job-name=vimae-tables".to_owned(), "--cpus-per-task=1".to_owned()];
    asks.extend(resources.iter().map(|r| format!("--mem={}M", r.memory_mib)));
    asks.extend(resources.into_iter().flat_map(place));
    asks.push(format!("--output={}", quoted(&folder(out).join("%j.log"))));
    format!("{}exec {} report {}\n", head(&asks), quoted(program), quoted(out))
}

fn head(asks: &[String]) -> String {
    let mut script = "#!/bin/bash\n".to_owned();
    for ask in asks {
        let _ = writeln!(script, "#SBATCH {ask}");
    }
    script
}

fn place(resources: &Resources) -> Vec<String> {
    let partition = resources.partition.iter().map(|name| format!("--partition={name}"));
    partition.chain(resources.account.iter().map(|name| format!("--account={name}"))).collect()
}

/// A path as one word of a shell script.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

fn folder(out: &Path) -> PathBuf {
    out.join("slurm")
}

fn sbatch(script: &Path, more: &[&str]) -> Result<u64> {
    let answer = call(Command::new("sbatch").arg("--parsable").args(more).arg(script))?;
    // The id, and behind a semicolon the cluster's name where there are several.
    let id = answer.trim().split(';').next().and_then(|id| id.parse().ok());
    id.ok_or_else(|| Error::Launch { path: "sbatch".into(), problem: format!("gave no job id but {:?}", answer.trim()) })
}

/// Calls a program of Slurm and gives what it printed.
fn call(command: &mut Command) -> Result<String> {
    let name = PathBuf::from(command.get_program());
    let output = command.output().map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => {
            let problem = "not found; --launcher slurm is for a machine from which Slurm jobs are submitted".into();
            Error::Launch { path: name.clone(), problem }
        }
        _ => launch_error(&name, e),
    })?;
    if !output.status.success() {
        return Err(Error::Launch { path: name, problem: String::from_utf8_lossy(&output.stderr).trim().to_owned() });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn launch_error(path: &Path, error: std::io::Error) -> Error {
    Error::Launch { path: path.into(), problem: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_a_quote_stays_one_word() {
        assert_eq!(quoted(Path::new("/a b/it's")), r"'/a b/it'\''s'");
    }
}
