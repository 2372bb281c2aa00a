//! The jobs of a reproduction, written down before each is submitted and again with the id that it got.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use vimae_checkpoint::atomic;
use vimae_core::RunContext;

use super::call::{Failure, Scheduler};
use crate::{
    Error, Result,
    command::called,
    stored::{json, read},
};

/// How a line of squeue is asked for: array's id, task, state, reason, name.
const FORMAT: &str = "%F|%i|%T|%r|%j";
/// States of a job that is over.
const OVER: [&str; 10] =
    ["BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "REVOKED", "SPECIAL_EXIT", "TIMEOUT"];

/// Reasons for which a job waits until somebody releases it.
const HELD: [&str; 3] = ["JobHeldAdmin", "JobHeldUser", "launch failed requeued held"];

/// What was submitted, as a file in the reproduction's folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submitted {
    /// The jobs, in the order of their submission.
    jobs: Vec<Job>,
}

/// One job, or the intention to submit it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Job {
    /// Its name, which no other job has.
    name: String,
    /// The cluster that it was submitted to, where there are several.
    cluster: Option<String>,
    /// Its id; absent until sbatch has answered.
    id: Option<u64>,
    /// Whether the queue had it under this id and name: sbatch's answer may have another number on its last line.
    #[serde(default)]
    seen: bool,
}

/// A line of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    id: u64,
    task: String,
    state: String,
    reason: String,
    name: String,
}

impl Row {
    /// Its task and the reason, where it does not begin until somebody releases it.
    pub(super) fn held(&self) -> Option<(&str, &str)> {
        HELD.contains(&self.reason.as_str()).then_some((&self.task, &self.reason))
    }
}

/// The folder of scripts and logs.
pub(super) fn folder(out: &Path) -> PathBuf {
    out.join("slurm")
}

/// What says that everything was cancelled; tasks that are told to stop read it, and do not queue themselves again.
pub(super) fn cancelled(out: &Path) -> PathBuf {
    folder(out).join("cancelled")
}

impl Submitted {
    /// What was submitted for the reproduction in `out`; nothing where it never was.
    ///
    /// # Errors
    /// [`Error::Record`] for a file that is damaged: jobs may be queued that nobody else knows.
    pub fn of(out: &Path) -> Result<Option<Self>> {
        let path = folder(out).join("jobs.json");
        if !path.exists() {
            return Ok(None);
        }
        read(&path).map(Some).map_err(|error| {
            let why =
                "it names the jobs that were submitted: end those with `scancel` (`squeue -u $USER` lists them), then remove the file";
            Error::Record { path, problem: format!("is damaged ({error}); {why}") }
        })
    }

    /// The tasks that Slurm still knows as waiting or running, one line each: job, state, reason.
    ///
    /// # Errors
    /// Where Slurm does not answer at once.
    pub fn queue(&self) -> Result<Vec<String>> {
        let (here, second) = (Path::new("."), Duration::from_secs(1));
        match self.clone().queued(&Scheduler::new(&RunContext::new(here), second, second)) {
            Ok(rows) => Ok(rows.into_iter().map(|row| format!("{} {} {}", row.task, row.state, row.reason)).collect()),
            Err(Failure::Refused(error) | Failure::Unclear(error)) => Err(error),
            Err(Failure::Away(problem)) => Err(Error::Launch { path: "squeue".into(), problem }),
        }
    }

    /// Ends all of it; runs keep what they saved. Asks again while the cluster is away, for as long as `patience`. Gives how
    /// many tasks were waiting or running.
    ///
    /// # Errors
    /// Where Slurm cannot be asked.
    pub fn cancel(&self, out: &Path, patience: Duration) -> Result<usize> {
        let context = RunContext::new(out);
        let scheduler = Scheduler::new(&context, Duration::from_secs(30), patience);
        let mut submitted = self.clone();
        let tasks = scheduler.until_answered(|| submitted.queued(&scheduler))?.len();
        if tasks > 0 {
            submitted.end(out, &scheduler)?;
        }
        Ok(tasks)
    }

    /// Ends all of it, each job by its own id. One that cannot be ended does not keep the others.
    ///
    /// # Errors
    /// The first.
    pub(super) fn end(&mut self, out: &Path, scheduler: &Scheduler<'_>) -> Result<()> {
        atomic::write(&cancelled(out), b"")?;
        if self.jobs.iter().any(|job| job.id.is_none()) {
            scheduler.until_answered(|| self.queued(scheduler))?;
        }
        self.save(out)?;
        let end = |job: &Job| job.id.map_or(Ok(()), |id| scheduler.end(&[clusters(job.cluster.as_deref()), vec![id.to_string()]].concat()));
        let ended: Vec<Result<()>> = self.jobs.iter().map(end).collect();
        ended.into_iter().collect()
    }

    /// What to say where the queue cannot be asked any more: the jobs are in it all the same.
    pub(super) fn stay(&self) -> String {
        let ids: Vec<String> = self.jobs.iter().filter_map(|job| job.id).map(|id| id.to_string()).collect();
        let cluster = clusters(self.jobs.first().and_then(|job| job.cluster.as_deref()));
        let scancel = [vec!["scancel".to_owned()], cluster, ids.clone()].concat().join(" ");
        format!("jobs {} stay in the queue: {1} status follows them; {1} cancel ends them, or {scancel}", ids.join(", "), called())
    }

    /// Submits a script as a job of this name, and gives its id. What was submitted is known whenever this process ends.
    ///
    /// # Errors
    /// [`Error::Launch`] for a refusal and where the cluster does not answer; [`Error::Stopped`].
    pub(super) fn submit(&mut self, out: &Path, name: &str, arguments: &[String], scheduler: &Scheduler<'_>) -> Result<u64> {
        let place = self.jobs.len();
        self.jobs.push(Job { name: name.into(), cluster: std::env::var("SBATCH_CLUSTERS").ok(), id: None, seen: false });
        self.save(out)?;
        let mut waits = scheduler.waits();
        loop {
            let problem = match scheduler.submit(arguments) {
                Ok(answer) => match id_in(&answer) {
                    Some((id, cluster)) => {
                        if let Some(job) = self.jobs.get_mut(place) {
                            (job.id, job.cluster) = (Some(id), cluster.or(job.cluster.take()));
                        }
                        self.save(out)?;
                        return Ok(id);
                    }
                    None => format!("sbatch gave no job id but {:?}", answer.lines().last().unwrap_or_default()),
                },
                Err(Failure::Refused(error)) => {
                    self.jobs.truncate(place);
                    self.save(out)?;
                    return Err(error);
                }
                // It may have acted all the same, but is not told again.
                Err(Failure::Unclear(error)) => {
                    scheduler.until_answered(|| self.queued(scheduler))?;
                    let id = self.jobs.get(place).and_then(|job| job.id);
                    if id.is_none() {
                        self.jobs.truncate(place);
                    }
                    self.save(out)?;
                    return id.ok_or(error);
                }
                Err(Failure::Away(problem)) => problem,
            };
            waits.wait(&problem)?;
            // It may have acted all the same; asked before it is told again.
            scheduler.until_answered(|| self.queued(scheduler))?;
            if let Some(id) = self.jobs.get(place).and_then(|job| job.id) {
                tracing::info!("sbatch had submitted {name} as job {id} all the same");
                self.save(out)?;
                return Ok(id);
            }
        }
    }

    /// The lines of these jobs that are not over. A job whose id is not known yet is found by its name, whether it is over
    /// or not; a second one of a name, which a late answer hides, is ended.
    pub(super) fn queued(&mut self, scheduler: &Scheduler<'_>) -> std::result::Result<Vec<Row>, Failure> {
        let places: BTreeSet<Option<String>> = self.jobs.iter().map(|job| job.cluster.clone()).collect();
        let mut queued = Vec::new();
        for cluster in places {
            let mut arguments = vec![own_jobs(), "--noheader".into(), "--array".into()];
            if self.jobs.iter().any(|job| job.id.is_none() && job.cluster == cluster) {
                arguments.push("--states=all".into());
            }
            arguments.extend([clusters(cluster.as_deref()), vec![format!("--format={FORMAT}")]].concat());
            let rows: Vec<Row> = scheduler.ask("squeue", &arguments)?.lines().filter_map(row).collect();
            for job in self.jobs.iter_mut().filter(|job| job.cluster == cluster) {
                let named = || rows.iter().filter(|row| row.name == job.name).map(|row| row.id);
                let known = named().any(|id| Some(id) == job.id);
                job.seen |= known;
                if !job.seen && !known {
                    job.id = named().min().or(job.id);
                }
                let second: BTreeSet<u64> = named().filter(|id| Some(*id) != job.id).collect();
                for id in second {
                    tracing::warn!("job {id} is {} once more, from a call that was not answered in time; it is ended", job.name);
                    let ended = scheduler.end(&[clusters(cluster.as_deref()), vec![id.to_string()]].concat());
                    ended.map_err(Failure::Refused)?;
                }
            }
            let own: BTreeSet<u64> = self.jobs.iter().filter(|job| job.cluster == cluster).filter_map(|job| job.id).collect();
            queued.extend(rows.into_iter().filter(|row| own.contains(&row.id) && !OVER.contains(&row.state.as_str())));
        }
        Ok(queued)
    }

    fn save(&self, out: &Path) -> Result<()> {
        Ok(atomic::write(&folder(out).join("jobs.json"), &json(self)?)?)
    }
}

/// The option that leaves out the jobs of others; `--me` says the same, where Slurm is not older than 20.02.
#[cfg(unix)]
fn own_jobs() -> String {
    format!("--user={}", rustix::process::geteuid().as_raw())
}

#[cfg(not(unix))]
fn own_jobs() -> String {
    "--me".into()
}

/// The arguments that name a cluster.
pub(super) fn clusters(name: Option<&str>) -> Vec<String> {
    name.map(|name| format!("--clusters={name}")).into_iter().collect()
}

/// The last line of an answer that holds a job's id, with the cluster's name where there are several. Sites print banners
/// before and behind it.
fn id_in(answer: &str) -> Option<(u64, Option<String>)> {
    answer.lines().rev().map(str::trim).find_map(|line| {
        let (id, cluster) = match line.strip_prefix("Submitted batch job ") {
            Some(rest) => rest.split_once(" on cluster ").map_or((rest, None), |(id, cluster)| (id, Some(cluster))),
            None => line.split_once(';').map_or((line, None), |(id, cluster)| (id, Some(cluster))),
        };
        let cluster = cluster.map(str::trim).filter(|cluster| !cluster.is_empty());
        Some((id.trim().parse().ok()?, cluster.map(str::to_owned)))
    })
}

/// A line of squeue; none for banners and headings.
fn row(line: &str) -> Option<Row> {
    let [id, task, state, reason, name] = line.trim().splitn(5, '|').collect::<Vec<_>>()[..] else { return None };
    let id = id.trim().parse().ok()?;
    Some(Row { id, task: task.into(), state: state.into(), reason: reason.into(), name: name.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_on_the_last_line_that_holds_one() {
        for (answer, id) in [
            ("123", Some((123, None))),
            ("123;nautilus\n", Some((123, Some("nautilus".to_owned())))),
            ("Welcome to the cluster of 2024!\n\n  42  \n", Some((42, None))),
            ("17\n18;b\nYour quota: 80 % used\n", Some((18, Some("b".to_owned())))),
            ("Submitted batch job 7", Some((7, None))),
            ("Submitted batch job 7 on cluster c", Some((7, Some("c".to_owned())))),
            ("18;", Some((18, None))),
            ("no id here", None),
            ("", None),
        ] {
            assert_eq!(id_in(answer), id, "{answer:?}");
        }
    }

    #[test]
    fn jobs_that_nobody_can_ask_for_are_named_with_what_ends_them() {
        let job = |id: Option<u64>| Job { name: "vimae-1".into(), cluster: Some("nautilus".into()), id, seen: false };
        let said = Submitted { jobs: vec![job(Some(7)), job(None), job(Some(9))] }.stay();
        assert!(said.starts_with("jobs 7, 9 stay in the queue: "), "{said}");
        assert!(said.ends_with(" cancel ends them, or scancel --clusters=nautilus 7 9"), "{said}");
    }

    #[test]
    fn banners_and_headings_are_no_jobs() {
        let found = row("101|101_7|PENDING|(Resources, Priority)|vimae-1").unwrap();
        assert_eq!((found.id, found.task.as_str(), found.state.as_str(), found.name.as_str()), (101, "101_7", "PENDING", "vimae-1"));
        assert_eq!(found.held(), None);
        assert_eq!(row("5|5_3|PENDING|launch failed requeued held|vimae-1").unwrap().held(), Some(("5_3", "launch failed requeued held")));
        for other in ["CLUSTER: nautilus", "", "JOBID STATE", "slurm|x|y|z|w", "7|7|RUNNING"] {
            assert_eq!(row(other), None, "{other}");
        }
    }
}
