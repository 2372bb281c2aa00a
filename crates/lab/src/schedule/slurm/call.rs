//! One call of a program of Slurm: its answer, its refusal, or that nobody answered.

use std::{
    io::Read,
    path::PathBuf,
    process::{Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use vimae_core::RunContext;

use super::environment;
use crate::{Error, Result};

/// Between two looks at a program that was called, and at whether to stop.
const GLANCE: Duration = Duration::from_millis(20);
/// A call that takes longer is ended: Slurm's own time-outs are shorter.
const LONGEST: Duration = Duration::from_secs(120);
/// Every call is given this long.
const SHORTEST: Duration = Duration::from_secs(5);
/// What is left of a call once the launcher was told to stop.
const LEAVING: Duration = Duration::from_secs(1);

/// What programs of Slurm say when the controller is away, overloaded or did not answer in time. Everything else that
/// sbatch says is a refusal.
const AWAY: [&str; 20] = [
    "timed out",
    "timeout",
    "unable to contact",
    "zero bytes were transmitted",
    "connection refused",
    "connection reset",
    "connection failure",
    "communication",
    "not connected",
    "temporarily",
    "try again",
    "standby",
    "munge",
    "authentication",
    "credential",
    "unreachable",
    "can't be reached",
    "no route to host",
    "broken pipe",
    "address already in use",
];
/// What a request is refused with, whatever else stands on the line.
const REFUSED: [&str; 12] = [
    "invalid job",
    "invalid account",
    "invalid partition",
    "invalid qos",
    "not available",
    "violates",
    "qosmax",
    "assocmax",
    "assocgrp",
    "job_submit",
    "access/permission denied",
    "is invalid",
];
/// What is wrong with a call however often it is repeated.
const MISUSE: [&str; 4] = ["unrecognized option", "invalid option", "unknown option", "invalid cluster"];
/// What scancel says of a job that has ended.
const ENDED: [&str; 3] = ["invalid job id", "already completing", "already completed"];

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// The request was refused, and would be again.
    Refused(Error),
    /// Nobody answered; whether the request was acted on is not known.
    Away(String),
    /// Neither a refusal nor an absence that is known: it may have been acted on, and is not to be repeated.
    Unclear(Error),
}

/// How a cluster is spoken to.
#[derive(Clone, Copy)]
pub(super) struct Scheduler<'a> {
    context: &'a RunContext<'a>,
    /// Between two looks at the queue.
    pub(super) interval: Duration,
    /// How long it may be away.
    patience: Duration,
}

impl<'a> Scheduler<'a> {
    pub(super) fn new(context: &'a RunContext<'a>, interval: Duration, patience: Duration) -> Self {
        Self { context, interval, patience }
    }

    /// The same with less patience.
    pub(super) fn within(self, patience: Duration) -> Self {
        Self { patience: self.patience.min(patience), ..self }
    }

    /// Submits a job and gives what sbatch printed.
    pub(super) fn submit(&self, arguments: &[String]) -> std::result::Result<String, Failure> {
        let Spoken { status, answer, problem } = self.call("sbatch", arguments)?;
        if status.success() { Ok(answer) } else { Err(judged("sbatch", &problem, status)) }
    }

    /// Asks what can be done without: only a controller that is away is asked again.
    pub(super) fn ask_clearly(&self, program: &str, arguments: &[String]) -> std::result::Result<String, Failure> {
        let Spoken { status, answer, problem } = self.call(program, arguments)?;
        if status.success() { Ok(answer) } else { Err(judged(program, &problem, status)) }
    }

    /// Asks once. Whatever goes wrong may pass, but a program that is absent or misused.
    pub(super) fn ask(&self, program: &str, arguments: &[String]) -> std::result::Result<String, Failure> {
        let Spoken { status, answer, problem } = self.call(program, arguments)?;
        match status.success() {
            true => Ok(answer),
            false if mentions(&problem, &MISUSE) => Err(Failure::Refused(refused(program, &problem, status))),
            false => Err(Failure::Away(said(program, &problem, status))),
        }
    }

    /// Ends a job, and repeats it while nobody answers. A job that has ended is as good.
    pub(super) fn end(&self, arguments: &[String]) -> Result<()> {
        self.until_answered(|| {
            let Spoken { status, problem, .. } = self.call("scancel", arguments)?;
            if status.success() || mentions(&problem, &ENDED) { Ok(()) } else { Err(judged("scancel", &problem, status)) }
        })
    }

    /// Repeats `call` while nobody answers, with waits that double, for as long as patience lasts.
    pub(super) fn until_answered<T>(&self, mut call: impl FnMut() -> std::result::Result<T, Failure>) -> Result<T> {
        let mut waits = self.waits();
        loop {
            match call() {
                Ok(answer) => return Ok(answer),
                Err(Failure::Refused(error) | Failure::Unclear(error)) => return Err(error),
                Err(Failure::Away(problem)) => waits.wait(&problem)?,
            }
        }
    }

    pub(super) fn waits(&self) -> Waits<'_> {
        let first = (self.interval / 30).max(Duration::from_millis(1));
        Waits { scheduler: self, began: Instant::now(), next: first, first }
    }

    /// Waits, but not longer than until it is told to stop.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub(super) fn pause(&self, wait: Duration) -> Result<()> {
        let until = Instant::now() + wait;
        loop {
            if self.context.is_stopped() {
                return Err(Error::Stopped);
            }
            match until.checked_duration_since(Instant::now()) {
                Some(left) if !left.is_zero() => thread::sleep(left.min(GLANCE)),
                _ => return Ok(()),
            }
        }
    }

    fn call(&self, program: &str, arguments: &[String]) -> std::result::Result<Spoken, Failure> {
        let mut command = Command::new(program);
        environment::clean(&mut command, program);
        // A key pressed in the terminal is for this process alone: a call that was cut short may have acted.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => {
                let problem = "not found; --launcher slurm is for a machine from which Slurm jobs are submitted".into();
                Failure::Refused(Error::Launch { path: program.into(), problem })
            }
            _ => Failure::Away(format!("{program}: {e}")),
        })?;
        let (answer, problem) = (drained(child.stdout.take()), drained(child.stderr.take()));
        let (began, mut told) = (Instant::now(), None);
        let status = loop {
            if let Some(status) = child.try_wait().map_err(|e| Failure::Away(format!("{program}: {e}")))? {
                break status;
            }
            if self.context.is_stopped() {
                told.get_or_insert_with(Instant::now);
            }
            // Whoever has no patience, as `status`, does not wait for one call either.
            let longest = LONGEST.min(self.patience.max(SHORTEST));
            if began.elapsed() > longest || told.is_some_and(|told| told.elapsed() > LEAVING) {
                let _ = child.kill();
                let _ = child.wait();
                return Err(Failure::Away(format!("{program}: no answer in {} s", began.elapsed().as_secs())));
            }
            thread::sleep(GLANCE);
        };
        let text = |from: mpsc::Receiver<Vec<u8>>| {
            let bytes = from.recv_timeout(LEAVING).unwrap_or_default();
            String::from_utf8_lossy(&bytes).trim().to_owned()
        };
        Ok(Spoken { status, answer: text(answer), problem: text(problem) })
    }
}

/// What a program that was called said.
struct Spoken {
    status: ExitStatus,
    answer: String,
    problem: String,
}

/// Waits between repetitions, each twice as long as the one before.
pub(super) struct Waits<'a> {
    scheduler: &'a Scheduler<'a>,
    began: Instant,
    next: Duration,
    first: Duration,
}

impl Waits<'_> {
    /// Says what went wrong, and waits.
    ///
    /// # Errors
    /// [`Error::Launch`] where patience is over; [`Error::Stopped`].
    pub(super) fn wait(&mut self, problem: &str) -> Result<()> {
        let Scheduler { patience, interval, .. } = *self.scheduler;
        if self.began.elapsed() >= patience {
            let problem = format!("{problem}; the cluster has not answered for {} s (--patience)", self.began.elapsed().as_secs());
            return Err(Error::Launch { path: "Slurm".into(), problem });
        }
        tracing::warn!("{problem}; asking again in {:.0} s", self.next.as_secs_f64().ceil());
        self.scheduler.pause(self.next)?;
        self.next = (self.next * 2).min(interval);
        Ok(())
    }

    /// After an answer, patience and waits begin anew.
    pub(super) fn answered(&mut self) {
        (self.began, self.next) = (Instant::now(), self.first);
    }
}

/// Everything that a pipe gives, read beside the call: a full pipe would hold the program up.
fn drained(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (give, take) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        let _ = give.send(bytes);
    });
    take
}

fn mentions(text: &str, words: &[&str]) -> bool {
    let text = text.to_lowercase();
    words.iter().any(|word| text.contains(word))
}

/// What went wrong, on one line.
fn said(program: &str, problem: &str, status: ExitStatus) -> String {
    match problem.lines().map(str::trim).rfind(|line| !line.is_empty()) {
        Some(line) if line.starts_with(program) => line.to_owned(),
        Some(line) => format!("{program}: {line}"),
        None => format!("{program}: {status}"),
    }
}

/// What a call that failed with this text means. Sites print banners beside the program's own lines: only those count where
/// there are any, and a refusal in them counts before all else.
fn judged(program: &str, problem: &str, status: ExitStatus) -> Failure {
    let own: Vec<&str> = problem.lines().map(str::trim).filter(|line| line.starts_with(program)).collect();
    let own = if own.is_empty() { problem.to_owned() } else { own.join("\n") };
    if mentions(&own, &MISUSE) || mentions(&own, &REFUSED) {
        Failure::Refused(refused(program, &own, status))
    } else if mentions(&own, &AWAY) || status.code().is_none() {
        Failure::Away(said(program, &own, status))
    } else {
        Failure::Unclear(refused(program, &own, status))
    }
}

fn refused(program: &str, problem: &str, status: ExitStatus) -> Error {
    let lines: Vec<&str> = problem.lines().map(|line| line.trim().trim_start_matches(program).trim_start_matches(": ")).collect();
    let problem = if lines.is_empty() { format!("said nothing and ended with {status}") } else { lines.join("; ") };
    Error::Launch { path: PathBuf::from(program), problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed() -> ExitStatus {
        std::os::unix::process::ExitStatusExt::from_raw(1 << 8)
    }

    #[test]
    fn an_absent_controller_is_told_from_a_refusal() {
        for away in [
            "slurm_load_jobs error: Socket timed out on send/recv operation",
            "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)",
            "sbatch: error: Batch job submission failed: Zero Bytes were transmitted or received",
            "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying",
            "sbatch: error: If munged is up, restart with --num-threads=10",
            "sbatch: error: Batch job submission failed: Slurm backup controller in standby mode",
        ] {
            assert!(matches!(judged("sbatch", away, failed()), Failure::Away(_)), "{away}");
        }
        for refused in [
            "Sessions are timed out after 2 h; authentication is by key\nsbatch: error: Requested node configuration is not available",
            "sbatch: error: job_submit/lua: jobs without a timeout (--time) are refused",
            "sbatch: error: QOSMaxSubmitJobPerUserLimit, try again when your jobs have ended",
            "sbatch: error: Batch job submission failed: Invalid job array specification",
            "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
            "sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified",
            "sbatch: error: Batch job submission failed: Requested node configuration is not available",
            "sbatch: error: invalid partition specified: nowhere",
            "sbatch: error: Batch job submission failed: Requested time limit is invalid (missing or exceeds some limit)",
        ] {
            assert!(matches!(judged("sbatch", refused, failed()), Failure::Refused(_)), "{refused}");
        }
        for unclear in ["", "sbatch: Fehler: Zeitueberschreitung"] {
            assert!(matches!(judged("sbatch", unclear, failed()), Failure::Unclear(_)), "{unclear}");
        }
        assert!(mentions("scancel: error: Kill job error on job id 7: Invalid job id specified", &ENDED));
        assert!(mentions("scancel: error: Kill job error on job id 7: Job/step already completing or completed", &ENDED));
    }
}
