//! Progress of a reproduction on standard error: a bar with the time left on a terminal, a line now and
//! then elsewhere.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    io::IsTerminal,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::{Event, Node, Plan, State, Status, run_line};
use indicatif::{ProgressBar, ProgressStyle};

/// Between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(15);

/// The progress of all runs together.
pub(crate) struct Progress {
    plan: Plan,
    directory: PathBuf,
    bar: ProgressBar,
    on_terminal: bool,
    began: Instant,
    /// What is known of each run, and when the last line was written.
    known: RefCell<(Vec<Option<Status>>, Instant)>,
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
        let known = RefCell::new((vec![None; plan.nodes.len()], Instant::now()));
        Self { plan, directory: directory.into(), bar, on_terminal: std::io::stderr().is_terminal(), began: Instant::now(), known }
    }

    fn observe(&self, index: usize, status: &Status) {
        let (plan, (statuses, last_line)) = (&self.plan, &mut *self.known.borrow_mut());
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
            let line = run_line(&node.folder(&self.directory)).unwrap_or_else(|| "finished".into());
            self.say(&format!("{title}: {line}"));
        }
        if status.state != State::Running {
            return;
        }
        let all = || statuses.iter().flatten();
        let finished = all().filter(|status| status.state == State::Finished).count();
        let running = all().filter(|status| status.state == State::Running).count();
        // While nothing trains there is no pace of steps; then what is done says how long the rest takes, once a whole run is:
        // an evaluation may take ten times as long as a short training.
        let done = share(statuses);
        let by_share = (finished > 0).then(|| self.began.elapsed().as_secs_f64() * (1.0 - done) / done);
        let left = seconds_left(plan.nodes.iter().zip(statuses.iter().map(Option::as_ref))).or(by_share);
        let left = left.map_or_else(String::new, |seconds| format!(", about {} left", human(seconds)));
        let left = format!("{} %{left}; ", (100.0 * done) as u64);
        let Status { doing, done, of, loss, .. } = status;
        let what = match loss.filter(|_| doing == "training") {
            Some(loss) => format!("{left}step {done} of {of}, loss {loss:.3}"),
            None => format!("{left}{doing} {done} of {of}"),
        };
        self.bar.set_length(*of);
        self.bar.set_position(*done);
        self.bar.set_prefix(match running {
            0 | 1 => title.clone(),
            more => format!("{finished} of {} runs finished, {more} at work", plan.nodes.len()),
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

/// The share of all runs that is done; training is nine tenths of a run, all else the last.
fn share(statuses: &[Option<Status>]) -> f64 {
    const TRAINING: f64 = 0.9;
    let done = |status: &Status| match status.state {
        State::Finished | State::Failed => 1.0,
        _ if status.doing == "training" => TRAINING * status.done as f64 / status.of.max(1) as f64,
        // What comes after the training counts once the training has taken steps.
        _ if status.from.is_some() => TRAINING,
        _ => 0.0,
    };
    statuses.iter().flatten().map(done).sum::<f64>() / statuses.len().max(1) as f64
}

/// About how long it will be until all runs are finished, from the pace of those that took steps: runs of one experiment
/// take equally many and equally long ones; an experiment that nobody has begun is taken to be like the others.
pub(crate) fn seconds_left<'a>(runs: impl Iterator<Item = (&'a Node, Option<&'a Status>)> + Clone) -> Option<f64> {
    let owner = |node: &Node| node.experiments.first().copied();
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
        let (steps, each) = pace.get(&owner(node)).copied().unwrap_or((1.0, mean));
        left += match status {
            Some(status) if matches!(status.state, State::Finished | State::Failed) => 0.0,
            Some(status) if status.state == State::Running && training(&status) => (steps - status.done as f64).max(0.0) * each,
            Some(status) if status.state == State::Running => 0.0,
            _ => steps * each,
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
