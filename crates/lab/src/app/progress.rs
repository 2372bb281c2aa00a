//! Progress of a reproduction on standard error: a bar with the time left on a terminal, a line now and
//! then elsewhere.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    io::IsTerminal,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::{Event, Node, Plan, RunFolder, State, Status, record::read_record, run_line};
use indicatif::{ProgressBar, ProgressStyle};

/// Between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(15);

/// The progress of all runs together.
pub(crate) struct Progress {
    plan: Plan,
    directory: PathBuf,
    bar: ProgressBar,
    on_terminal: bool,
    known: RefCell<Known>,
}

/// What is known of the runs.
struct Known {
    /// How far each is.
    statuses: Vec<Option<Status>>,
    /// How long those took that finished meanwhile.
    took: Vec<Took>,
    /// When the last line was written.
    last_line: Instant,
}

impl crate::Progress for Progress {
    fn tell(&self, event: Event<'_>) {
        if let Event::Run { index, status } = event {
            self.observe(index, status);
        }
    }
}

impl Progress {
    pub(crate) fn of(plan: Plan, directory: &Path) -> Self {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{prefix} [{bar:16}] {wide_msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        let known = Known { statuses: vec![None; plan.nodes.len()], took: Vec::new(), last_line: Instant::now() };
        Self { plan, directory: directory.into(), bar, on_terminal: std::io::stderr().is_terminal(), known: RefCell::new(known) }
    }

    fn observe(&self, index: usize, status: &Status) {
        let (plan, Known { statuses, took, last_line }) = (&self.plan, &mut *self.known.borrow_mut());
        let Some((node, known)) = plan.nodes.get(index).zip(statuses.get_mut(index)) else { return };
        let before = known.replace(status.clone());
        let title = format!("run {} of {}: {}", index + 1, plan.nodes.len(), plan.title(node));
        let noted = before.as_ref().filter(|before| before.attempt == status.attempt).map_or(0, |before| before.notes.len());
        for note in status.notes.iter().skip(noted) {
            self.say(&format!("{title}: {note}"));
        }
        if status.state == State::Failed && before.as_ref().is_none_or(|before| before.state != State::Failed) {
            self.say(&format!("{title}: {}", status.problem.as_deref().unwrap_or("failed")));
        }
        // A run that was finished before says so in its notes.
        if status.state == State::Finished && before.is_some_and(|before| before.state == State::Running) {
            let folder = node.folder(&self.directory);
            took.extend(Took::of(node, &folder));
            self.say(&format!("{title}: {}", run_line(&folder).unwrap_or_else(|| "finished".into())));
        }
        if status.state != State::Running {
            return;
        }
        let all = || statuses.iter().flatten();
        let finished = all().filter(|status| status.state == State::Finished).count();
        let running = all().filter(|status| status.state == State::Running).count();
        let runs = || plan.nodes.iter().zip(statuses.iter().map(Option::as_ref));
        // An evaluation may take ten times as long as a short training: until a run has finished nobody knows.
        let (whole, left) = match Work::of(runs(), took) {
            Some(work) => {
                let left = format!(", about {} left", human(work.left / running.max(1) as f64));
                (format!("{:.0} % of all; ", 100.0 * (1.0 - work.left / work.whole)), left)
            }
            None => {
                let training = seconds_of_training_left(runs());
                (String::new(), training.map_or_else(String::new, |seconds| format!(", about {} of training left", human(seconds))))
            }
        };
        let title = format!("{whole}{title}");
        let Status { doing, done, of, loss, .. } = status;
        let what = match loss.filter(|_| doing == "training") {
            Some(loss) => format!("step {done} of {of}, loss {}{left}", vimae_report::number(loss)),
            None => format!("{doing} {done} of {of}{left}"),
        };
        self.bar.set_length(*of);
        self.bar.set_position(*done);
        self.bar.set_prefix(match running {
            0 | 1 => title.clone(),
            more => format!("{whole}{finished} of {} runs finished, {more} at work", plan.nodes.len()),
        });
        self.bar.set_message(if running > 1 { format!("{}: {what}", plan.title(node)) } else { what.clone() });
        if !self.on_terminal && last_line.elapsed() >= LINE_EVERY {
            *last_line = Instant::now();
            tracing::info!("{} {title}: {what}", clock());
        }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn say(&self, text: &str) {
        self.bar.suspend(|| tracing::info!("{} {text}", clock()));
    }
}

/// The time of day, UTC.
fn clock() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()) % 86_400;
    format!("{:02}:{:02}:{:02}Z", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// The experiment that a run counts for.
fn owner(node: &Node) -> Option<usize> {
    node.experiments.first().copied()
}

/// Seconds of a finished run.
#[derive(Debug, Clone, Copy)]
struct Took {
    owner: Option<usize>,
    training: f64,
    evaluation: f64,
}

impl Took {
    fn of(node: &Node, folder: &RunFolder) -> Option<Self> {
        let record = read_record(&folder.record()).ok()?;
        Some(Self { owner: owner(node), training: record.training_seconds, evaluation: record.evaluation_seconds })
    }

    /// The mean of those of an experiment, or of all where none of it has finished; none where nothing has.
    fn mean(all: &[Self], owner: Option<usize>) -> Option<Self> {
        let own: Vec<&Self> = all.iter().filter(|one| one.owner == owner).collect();
        let chosen = if own.is_empty() { all.iter().collect() } else { own };
        let mean = |of: fn(&Self) -> f64| chosen.iter().map(|one| of(one)).sum::<f64>() / chosen.len() as f64;
        (!chosen.is_empty()).then(|| Self { owner, training: mean(|one| one.training), evaluation: mean(|one| one.evaluation) })
    }
}

/// Seconds of work, for one run at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Work {
    whole: f64,
    left: f64,
}

impl Work {
    /// That of all runs, by what finished ones took; none before one has finished.
    fn of<'a>(runs: impl Iterator<Item = (&'a Node, Option<&'a Status>)>, took: &[Took]) -> Option<Self> {
        let mut work = Self { whole: 0.0, left: 0.0 };
        for (node, status) in runs {
            let Took { training, evaluation, .. } = Took::mean(took, owner(node))?;
            work.whole += training + evaluation;
            work.left += match status {
                Some(status) if matches!(status.state, State::Finished | State::Failed) => 0.0,
                Some(status) if status.doing == "training" => training * (1.0 - status.done as f64 / status.of.max(1) as f64) + evaluation,
                // What comes once the training has taken steps is evaluation: how far it is, its time says.
                Some(status) if status.from.is_some() => {
                    let spent = status.updated.saturating_sub(status.began) as f64;
                    (training + evaluation - spent).clamp(0.0, evaluation)
                }
                _ => training + evaluation,
            };
        }
        (work.whole > 0.0).then_some(work)
    }
}

/// About how long all runs will train yet, from the pace of those that took steps: runs of one experiment take equally many
/// and equally long ones; an experiment that nobody has begun is taken to be like the others.
pub(crate) fn seconds_of_training_left<'a>(runs: impl Iterator<Item = (&'a Node, Option<&'a Status>)> + Clone) -> Option<f64> {
    let training = |status: &&Status| status.doing == "training";
    // Steps in all and seconds a step, by experiment.
    let mut pace: BTreeMap<Option<usize>, (f64, f64)> = BTreeMap::new();
    for (node, status) in runs.clone() {
        let Some(status) = status.filter(training) else { continue };
        let taken = status.done.saturating_sub(status.from.unwrap_or(status.done));
        let seconds = status.updated.saturating_sub(status.began);
        if taken > 0 && seconds > 0 {
            pace.insert(owner(node), (status.of as f64, seconds as f64 / taken as f64));
        }
    }
    if pace.is_empty() {
        return None;
    }
    let mean = pace.values().map(|(steps, each)| steps * each).sum::<f64>() / pace.len() as f64;
    let mut working = 0usize;
    let mut left = 0.0;
    for (node, status) in runs {
        let known = pace.get(&owner(node));
        let whole = known.map_or(mean, |(steps, each)| steps * each);
        left += match status {
            // One that is not up to date is trained, but for other data or another version.
            Some(status) if matches!(status.state, State::Finished | State::Failed | State::Waiting) => 0.0,
            Some(status) if training(&status) => {
                let steps = known.map_or(status.of as f64, |(steps, _)| *steps);
                whole * (1.0 - status.done as f64 / steps.max(1.0)).max(0.0)
            }
            // What else was begun is evaluation.
            Some(status) if status.state == State::Running || status.of > 0 => 0.0,
            _ => whole,
        };
        working += usize::from(status.is_some_and(|status| status.state == State::Running));
    }
    Some(left / working.max(1) as f64)
}

pub(crate) fn human(seconds: f64) -> String {
    match seconds as u64 {
        s @ 0..=90 => format!("{s} s"),
        s @ 91..=5400 => format!("{} min", s.div_ceil(60)),
        s => format!("{:.1} h", s as f64 / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(experiment: usize) -> Node {
        let spec = crate::cells::tests::record("vae", 0, "rate", 1.0).spec;
        Node { spec, data_sha256: String::new(), experiments: vec![experiment], folder: "a/b".into(), found: false, command: None }
    }

    fn status(doing: &str, done: u64, from: Option<u64>, updated: u64) -> Status {
        Status {
            state: State::Running,
            doing: doing.into(),
            done,
            of: 100,
            loss: None,
            from,
            attempt: 1,
            problem: None,
            again: false,
            notes: Vec::new(),
            process: 1,
            host: String::new(),
            device: "cpu".into(),
            began: 1000,
            updated,
        }
    }

    #[test]
    fn what_is_left_is_what_finished_runs_took_less_what_is_done() {
        let node = node(0);
        let took = [Took { owner: owner(&node), training: 10.0, evaluation: 90.0 }];
        let left = |status: Option<&Status>| Work::of([(&node, status)].into_iter(), &took).map(|work| (work.whole, work.left));
        assert_eq!(left(None), Some((100.0, 100.0)));
        assert_eq!(left(Some(&status("training", 50, Some(0), 1005))), Some((100.0, 95.0)));
        assert_eq!(left(Some(&status("codes", 3, Some(0), 1040))), Some((100.0, 60.0)));
        assert_eq!(left(Some(&status("codes", 3, Some(90), 1001))), Some((100.0, 90.0)));
        assert_eq!(left(Some(&Status { state: State::Finished, ..status("codes", 3, None, 1001) })), Some((100.0, 0.0)));
        assert_eq!(Work::of([(&node, None)].into_iter(), &[]), None);
        // At one step in 0.1 s.
        let training = seconds_of_training_left([(&node, Some(&status("training", 50, Some(0), 1005)))].into_iter());
        assert_eq!(training, Some(5.0));
    }

    #[test]
    fn a_stopped_run_has_its_other_steps_left() {
        fn left<'a>(runs: &[(&'a Node, Option<&'a Status>)]) -> f64 {
            seconds_of_training_left(runs.iter().copied()).unwrap()
        }
        let stopped = |doing: &str, done, from, updated| Status { state: State::Stopped, ..status(doing, done, from, updated) };
        let (own, other) = (node(0), node(1));
        // At one step in 0.1 s.
        let trained = stopped("training", 50, Some(0), 1005);
        assert_eq!(left(&[(&own, Some(&trained))]), 5.0);
        assert_eq!(left(&[(&own, Some(&trained)), (&own, None)]), 15.0);
        assert_eq!(left(&[(&own, Some(&trained)), (&own, Some(&stopped("codes", 3, None, 1009)))]), 5.0);
        assert_eq!(left(&[(&own, Some(&trained)), (&own, Some(&Status { of: 0, ..stopped("starting", 0, None, 1000) }))]), 15.0);
        // Of an experiment whose pace nobody knows: a quarter of a run like the others.
        assert_eq!(left(&[(&own, Some(&trained)), (&other, Some(&stopped("training", 75, None, 1000)))]), 7.5);
    }
}
