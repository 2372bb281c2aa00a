//! Progress of a reproduction on standard error: a bar with the time left on a terminal, a line now and
//! then elsewhere.

use std::{
    collections::BTreeMap,
    io::IsTerminal,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use vimae_lab::{Event, Place};

/// Between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(15);

/// The progress of all runs together.
pub(crate) struct Progress {
    bar: ProgressBar,
    on_terminal: bool,
    last_line: Instant,
    /// Seconds and steps spent here, by experiment.
    pace: BTreeMap<String, (f64, f64)>,
    /// The run under way, when it began here, and its first step here.
    current: Option<(usize, Instant, u64)>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{prefix} [{bar:16}] {wide_msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar, on_terminal: std::io::stderr().is_terminal(), last_line: Instant::now(), pace: BTreeMap::new(), current: None }
    }

    pub(crate) fn observe(&mut self, place: &Place<'_>, event: &Event) {
        let title = format!(
            "run {} of {}: {} {} seed {}",
            place.index + 1,
            place.all.len(),
            place.experiment.name,
            place.spec.method,
            place.spec.seed
        );
        self.bar.set_prefix(title.clone());
        match event {
            Event::Found => self.say(&format!("{title}: finished earlier")),
            Event::Training(vimae_lab::TrainingEvent::Resumed { step }) => self.say(&format!("{title}: goes on from step {step}")),
            Event::Training(vimae_lab::TrainingEvent::Stepped { step, of, loss }) => {
                let (began, first) = match self.current {
                    Some((index, began, first)) if index == place.index => (began, first),
                    _ => (Instant::now(), *step),
                };
                self.current = Some((place.index, began, first));
                self.pace.insert(place.experiment.name.clone(), (began.elapsed().as_secs_f64(), (step - first) as f64));
                self.bar.set_length(*of);
                self.bar.set_position(*step);
                let left = self.left(place, of - step);
                self.bar.set_message(format!("{left}loss {loss:.3}"));
                self.line(&format!("{title}: {left}step {step} of {of}, loss {loss:.3}"));
            }
            Event::Evaluating { what, done, of } => {
                self.bar.set_length(*of as u64);
                self.bar.set_position(*done as u64);
                self.bar.set_message(what.clone());
                self.line(&format!("{title}: {what} {done} of {of}"));
            }
            _ => {}
        }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// The time left over all runs, from the pace of each experiment so far.
    fn left(&self, place: &Place<'_>, steps_of_this: u64) -> String {
        let Some(own) = self.pace.get(&place.experiment.name).filter(|p| p.1 > 0.0).map(|p| p.0 / p.1) else { return String::new() };
        // Runs of one experiment take equally many steps; an experiment not begun is taken to be like this one.
        let runs_left = place.all.len() - place.index - 1;
        let steps = steps_of_this + self.bar.length().unwrap_or(0) * runs_left as u64;
        format!("about {} left, ", human(own * steps as f64))
    }

    fn say(&self, text: &str) {
        self.bar.suspend(|| tracing::info!("{text}"));
    }

    fn line(&mut self, text: &str) {
        if !self.on_terminal && self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            tracing::info!("{text}");
        }
    }
}

fn human(seconds: f64) -> String {
    match seconds as u64 {
        s @ 0..=90 => format!("{s} s"),
        s @ 91..=5400 => format!("{} min", s.div_ceil(60)),
        s => format!("{:.1} h", s as f64 / 3600.0),
    }
}
