//! Progress of a reproduction on standard error: a bar with the time left on a terminal, a line now and
//! then elsewhere.

use std::{
    cell::RefCell,
    io::IsTerminal,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::{Cost, Event, Plan, State, Status, run_line};
use indicatif::{ProgressBar, ProgressStyle};

use super::time_left::{Estimate, TimeLeft};

/// Between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(15);

/// The progress of all runs together.
pub(crate) struct Progress {
    plan: Plan,
    directory: PathBuf,
    bar: ProgressBar,
    on_terminal: bool,
    /// How often a run is tried again whose failure may pass.
    retries: u64,
    known: RefCell<Known>,
}

/// What is known of the runs.
struct Known {
    /// How far each is.
    statuses: Vec<Option<Status>>,
    /// About how long they take yet.
    time_left: TimeLeft,
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
    /// The progress of the runs of a plan, which take so much by the cost model and are tried again so often.
    pub(crate) fn of(plan: Plan, directory: &Path, costs: &[Option<Cost>], retries: u64) -> Self {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{prefix} [{bar:16}] {wide_msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        let known = Known { statuses: vec![None; plan.nodes.len()], time_left: TimeLeft::of(costs), last_line: Instant::now() };
        let on_terminal = std::io::stderr().is_terminal();
        Self { plan, directory: directory.into(), bar, on_terminal, retries, known: RefCell::new(known) }
    }

    fn observe(&self, index: usize, status: &Status) {
        let (plan, Known { statuses, time_left, last_line }) = (&self.plan, &mut *self.known.borrow_mut());
        let Some((node, known)) = plan.nodes.get(index).zip(statuses.get_mut(index)) else { return };
        let before = known.replace(status.clone());
        time_left.see(index, status);
        let title = format!("run {} of {}: {}", index + 1, plan.nodes.len(), plan.title(node));
        let noted = before.as_ref().filter(|before| before.attempt == status.attempt).map_or(0, |before| before.notes.len());
        for note in status.notes.iter().skip(noted) {
            self.say(&format!("{title}: {note}"));
        }
        let fails =
            status.state == State::Failed && before.as_ref().is_none_or(|b| b.state != State::Failed || b.attempt != status.attempt);
        if fails && is_told_at_once(plan.nodes.len(), is_tried_again(status, self.retries)) {
            let text = format!("{title}: {}", failure(status, self.retries));
            self.bar.suspend(|| tracing::warn!("{} {text}", clock()));
        }
        // A run that was finished before says so in its notes.
        if status.state == State::Finished && before.is_some_and(|before| before.state == State::Running) {
            let folder = node.folder(&self.directory);
            time_left.finished(index, node, &folder);
            self.say(&format!("{title}: {}", run_line(&folder).unwrap_or_else(|| "finished".into())));
        }
        if status.state != State::Running {
            return;
        }
        let all = || statuses.iter().flatten();
        let finished = all().filter(|status| status.state == State::Finished).count();
        let running = all().filter(|status| status.state == State::Running).count();
        let whole = whole(time_left.estimate(&plan.nodes, statuses));
        let Status { doing, done, of, loss, .. } = status;
        let what = match loss.filter(|_| doing == Status::TRAINING) {
            Some(loss) => format!("step {done} of {of}, loss {}", vimae_report::number(loss)),
            None => format!("{doing} {done} of {of}"),
        };
        self.bar.set_length(*of);
        self.bar.set_position(*done);
        self.bar.set_prefix(match running {
            0 | 1 => format!("{whole}run {} of {}", index + 1, plan.nodes.len()),
            more => format!("{whole}{finished} of {} runs finished, {more} at work", plan.nodes.len()),
        });
        self.bar.set_message(format!("{}: {what}", plan.title(node)));
        if !self.on_terminal && last_line.elapsed() >= LINE_EVERY {
            *last_line = Instant::now();
            tracing::info!("{} {whole}{title}: {what}", clock());
        }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn say(&self, text: &str) {
        self.bar.suspend(|| tracing::info!("{} {text}", clock()));
    }
}

/// Whether it is told when one of so many runs fails. That the only one has failed for good is told when the command ends, which it does.
fn is_told_at_once(runs: usize, again: bool) -> bool {
    runs > 1 || again
}

/// How far all runs are together and what is left of them. It comes first: a narrow terminal cuts off the end.
fn whole(estimate: Option<Estimate>) -> String {
    match estimate {
        Some(Estimate { seconds, done: Some(done) }) => format!("{:.0} % of all, about {} left; ", 100.0 * done, human(seconds)),
        // Evaluation, of which nothing is known yet, may take minutes.
        Some(Estimate { seconds, done: None }) if seconds < 0.5 => "no training left; ".into(),
        Some(Estimate { seconds, done: None }) => format!("about {} of training left; ", human(seconds)),
        None => String::new(),
    }
}

fn is_tried_again(status: &Status, retries: u64) -> bool {
    status.again && status.attempt <= retries
}

/// Why an attempt failed, and whether there is another.
fn failure(status: &Status, retries: u64) -> String {
    let problem = status.problem.as_deref().unwrap_or("failed");
    if is_tried_again(status, retries) { format!("{problem}; is tried again") } else { problem.into() }
}

/// The time of day, UTC.
fn clock() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()) % 86_400;
    format!("{:02}:{:02}:{:02}Z", seconds / 3600, seconds / 60 % 60, seconds % 60)
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

    #[test]
    fn the_only_run_fails_once() {
        assert_eq!([(1, false), (1, true), (2, false)].map(|(runs, again)| is_told_at_once(runs, again)), [false, true, true]);
    }

    #[test]
    fn the_time_left_comes_first() {
        let estimate = |done| Some(Estimate { seconds: 252.0, done });
        assert_eq!(whole(estimate(Some(0.375))), "38 % of all, about 5 min left; ");
        assert_eq!(whole(estimate(None)), "about 5 min of training left; ");
        assert_eq!(whole(Some(Estimate { seconds: 0.0, done: None })), "no training left; ");
        assert_eq!(whole(None), "");
    }

    #[test]
    fn a_failure_that_may_pass_is_said_to_be_tried_again_where_it_is() {
        let status = Status {
            state: State::Failed,
            doing: Status::TRAINING.into(),
            done: 5,
            of: 9,
            loss: None,
            from: Some(0),
            saved: None,
            attempt: 1,
            problem: Some("log.jsonl: No space left on device".into()),
            again: true,
            notes: Vec::new(),
            process: 1,
            host: String::new(),
            device: String::new(),
            began: 0,
            updated: 0,
        };
        assert_eq!(failure(&status, 1), "log.jsonl: No space left on device; is tried again");
        let ended =
            [failure(&status, 0), failure(&Status { attempt: 2, ..status.clone() }, 1), failure(&Status { again: false, ..status }, 1)];
        assert_eq!(ended, ["log.jsonl: No space left on device"; 3]);
    }
}
