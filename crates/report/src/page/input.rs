//! What a page is made of.

use std::collections::BTreeSet;

use vimae_spec::{Cell, Comparisons, Paper, SummaryRow};

use crate::{colours::Colours, headline_table::MeanInterval, run_view::RunView};

/// Everything that a page shows.
#[derive(Debug, Clone, Copy)]
pub struct PageInput<'a> {
    /// The page's title.
    pub title: &'a str,
    /// The profile that ran: `quick`, `paper`, or a file's name.
    pub profile: &'a str,
    /// What this profile is and is not, in plain words; may be empty. How many runs there were, of what
    /// networks and for how long, is said by the page from the records.
    pub about: &'a str,
    /// The commands that repeat all of it, in their order; more than one where several calls wrote into one directory.
    pub commands: &'a [String],
    /// What people type before the name of another command of that program.
    pub program: &'a str,
    /// Commit of the code.
    pub git_commit: &'a str,
    /// The experiments, in the order of the page.
    pub experiments: &'a [ExperimentView],
    /// All values.
    pub cells: &'a [Cell],
    /// The values over seeds.
    pub summary: &'a [SummaryRow],
    /// Methods in pairs, where they were compared.
    pub comparisons: Option<&'a Comparisons>,
    /// What the paper prints.
    pub paper: &'a Paper,
    /// What the paper has and this profile has not.
    pub not_covered: &'a [NotCovered],
    /// Experiments without a table of the paper that were left out.
    pub left_out: &'a [LeftOut],
    /// The interval of a mean over seeds.
    pub interval: MeanInterval,
}

/// One experiment and its runs.
#[derive(Debug, Clone, PartialEq)]
pub struct ExperimentView {
    /// Its title.
    pub title: String,
    /// What a reader should know; may be empty.
    pub about: String,
    /// Tables and figures that it gives values for.
    pub targets: Vec<String>,
    /// The finished runs.
    pub runs: Vec<RunView>,
    /// The runs without a record: those that failed, and those that wait.
    pub failed: Vec<FailedRun>,
}

impl PageInput<'_> {
    /// The colours of all methods of the page, those of values without their runs included.
    pub(super) fn colours(&self) -> Colours<'_> {
        let of_runs = self.experiments.iter().flat_map(|experiment| &experiment.runs).map(|run| run.record.spec.method.as_str());
        Colours::of(of_runs.chain(self.summary.iter().map(|row| row.method.as_str())))
    }

    /// Seconds of training and evaluation of all runs, each once: the last call may have found most of them finished.
    pub(super) fn seconds(&self) -> f64 {
        let mut seen = BTreeSet::new();
        let records = self.experiments.iter().flat_map(|experiment| &experiment.runs).map(|run| &run.record);
        let once = records.filter(|record| seen.insert(record.spec_sha256.as_str()));
        once.map(|record| record.training_seconds + record.evaluation_seconds).sum()
    }

    /// What to say of an experiment that has no run to show.
    pub(super) fn of_no_run(&self, experiment: &ExperimentView) -> &'static str {
        let has_values = |run: &FailedRun| self.cells.iter().any(|cell| cell.spec_sha256 == run.spec_sha256);
        if experiment.failed.iter().any(has_values) {
            "No run is up to date; the values are those of an earlier report."
        } else {
            "No run finished."
        }
    }
}

impl ExperimentView {
    /// Its title without the path of its data, which is of this machine: that stands behind the kind of data, `folder:PATH`, and at
    /// the title's end.
    pub(super) fn title_without_path(&self) -> &str {
        let kinds = self.runs.iter().filter_map(|run| run.record.spec.dataset.name.split_once(':'));
        kinds.fold(self.title.as_str(), |title, (kind, _)| match title.find(&format!("{kind}:")) {
            Some(at) => &title[..at + kind.len()],
            None => title,
        })
    }
}

/// A run that was asked for and has not finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedRun {
    /// Digest of its specification.
    pub spec_sha256: String,
    /// Its method.
    pub method: String,
    /// Its seed.
    pub seed: u64,
    /// Whether nothing went wrong with it: it waits, runs or was stopped, and the same command goes on with it.
    pub waits: bool,
    /// Why it has not finished.
    pub problem: String,
}

/// An experiment that stands for no table of the paper and was left out, since its data is not on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its title.
    pub title: String,
    /// Why.
    pub reason: String,
    /// The command after which the same reproduction measures it.
    pub command: String,
}

/// A table or figure of the paper without values of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotCovered {
    /// Its name: `table5`.
    pub target: String,
    /// Why.
    pub reason: String,
    /// The command after which the same reproduction measures it, where there is one.
    pub command: Option<String>,
}
