//! What the runs of a plan left, as tables, a summary and a page.

use std::path::{Path, PathBuf};

use vimae_checkpoint::atomic;
use vimae_report::{ExperimentView, FailedRun, NotCovered, PageInput, RunView};
use vimae_spec::{Cell, Experiment, Paper, RunRecord, State, Status, SummaryRow};

use crate::{
    Layout, Plan, Result, cells, claims, comparisons, expectations,
    provenance::git_commit,
    run::finished,
    schedule::{Ends, Node, read_status},
    stored::json,
    summary::over_seeds,
};

/// What a reproduction gave.
#[derive(Debug)]
pub struct Outcome {
    /// Every cell.
    pub cells: Vec<Cell>,
    /// Cells over their seeds.
    pub summary: Vec<SummaryRow>,
    /// Runs that gave no cells.
    pub failed: Vec<Failure>,
    /// The page.
    pub page: PathBuf,
}

/// A run that did not finish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its experiment.
    pub experiment: String,
    /// Its method.
    pub method: String,
    /// Its seed.
    pub seed: u64,
    /// Why.
    pub problem: String,
}

/// The tables, the summary and the page of the reproduction in `out`, from the runs that are finished there.
/// `root` is the checkout.
///
/// # Errors
/// Where `out` holds no plan, a record is damaged, or results cannot be written.
pub fn report(out: &Path, root: &Path, paper: &Paper) -> Result<Outcome> {
    let plan = Plan::load(out)?;
    let ends: Ends = plan.nodes.iter().map(|node| read_status(&node.folder(out))).collect();
    gather(&plan, &ends, out, root, paper, None)
}

/// Where `seconds` are not known, they are those that the runs took.
pub(crate) fn gather(plan: &Plan, ends: &Ends, out: &Path, root: &Path, paper: &Paper, seconds: Option<f64>) -> Result<Outcome> {
    let layout = Layout::new(out);
    let (mut records, mut failed) = (Vec::new(), Vec::new());
    for (node, end) in plan.nodes.iter().zip(ends) {
        match finished(&node.spec, &node.data_sha256, &node.folder(out))? {
            Some(record) => records.push((node, record)),
            None => failed.push((node, why(end.as_ref()))),
        }
    }
    failed.extend(plan.left_out.iter().map(|node| (node, "left out: it did not fit into the time allowed".to_owned())));

    // Experiment by experiment, as the page has them; a run that belongs to two gives cells to both.
    let of = |owner: usize| records.iter().filter(move |(node, _)| node.experiments.contains(&owner));
    let mut cells: Vec<Cell> = Vec::new();
    for (owner, experiment) in plan.experiments.iter().enumerate() {
        cells.extend(of(owner).flat_map(|(_, record)| cells::of_run(experiment, record, paper)));
    }
    cells.extend(claims::of(&cells, paper));
    for (owner, experiment) in plan.experiments.iter().enumerate() {
        cells.extend(expectations::of(experiment, &of(owner).map(|(_, record)| record).collect::<Vec<_>>()));
    }
    let summary = over_seeds(&cells);
    let comparisons = comparisons::of(&cells, &summary);
    atomic::write(&layout.comparisons(), &json(&comparisons)?)?;
    atomic::write(&layout.results(), &json(&cells)?)?;
    atomic::write(&layout.summary(), &json(&summary)?)?;

    let view = |(owner, experiment): (usize, &Experiment)| ExperimentView {
        title: experiment.title.clone(),
        about: experiment.about.clone(),
        targets: experiment.targets.clone(),
        runs: of(owner).map(|(node, record)| run_view(plan, node, record, out)).collect(),
        failed: failed
            .iter()
            .filter(|(node, _)| node.experiments.contains(&owner))
            .map(|(node, problem)| FailedRun { method: node.spec.method.clone(), seed: node.spec.seed, problem: problem.clone() })
            .collect(),
    };
    let experiments: Vec<_> = plan.experiments.iter().enumerate().map(view).collect();
    let covered = |target: &String| plan.experiments.iter().any(|experiment| experiment.targets.contains(target));
    let reason = format!("profile {} has no experiment for it", plan.profile);
    let left_out = paper.0.keys().filter(|target| !covered(target));
    let not_covered: Vec<_> = left_out.map(|target| NotCovered { target: target.clone(), reason: reason.clone() }).collect();
    let took = || records.iter().map(|(_, record)| record.training_seconds + record.evaluation_seconds).sum();
    let input = PageInput {
        title: "The Variational InfoMax AutoEncoder, reproduced",
        profile: &plan.profile,
        about: about(&plan.profile),
        command: &plan.command,
        seconds: seconds.unwrap_or_else(took),
        git_commit: &git_commit(root),
        experiments: &experiments,
        cells: &cells,
        summary: &summary,
        comparisons: Some(&comparisons),
        paper,
        not_covered: &not_covered,
    };
    atomic::write(&layout.page(), vimae_report::page(&input)?.as_bytes())?;
    let failed = failed.into_iter().map(|(node, problem)| Failure {
        experiment: node.experiments.first().and_then(|owner| plan.experiments.get(*owner)).map_or_else(String::new, |e| e.name.clone()),
        method: node.spec.method.clone(),
        seed: node.spec.seed,
        problem,
    });
    Ok(Outcome { failed: failed.collect(), cells, summary, page: layout.page() })
}

fn run_view(plan: &Plan, node: &Node, record: &RunRecord, out: &Path) -> RunView {
    RunView { record: record.clone(), command: plan.command.clone(), folder: node.folder(out).path().to_path_buf() }
}

/// Why a run has no record.
fn why(end: Option<&Status>) -> String {
    match end {
        Some(Status { problem: Some(problem), .. }) => problem.clone(),
        Some(Status { state: State::Running, doing, done, of, .. }) => format!("still running: {doing} {done} of {of}"),
        Some(Status { doing, done, of, .. }) => format!("stopped at {doing} {done} of {of}; the same command goes on from there"),
        None => "not begun; the same command begins it".into(),
    }
}

/// What a profile is and is not, for readers of the page.
fn about(profile: &str) -> &'static str {
    match profile {
        "quick" => {
            "The quick profile trains narrow networks for a few epochs, so that the whole line can be seen in minutes: on 8 000 of \
             the 10 000 MNIST digits that ship with the code, and on a few thousand images of CIFAR-10, Omniglot and CelebA \
             where they are on this machine; where they are not the digits stand in, and each value says which data and network \
             it is of. The paper trained networks eight times as wide on all images for 60 or 80 epochs: orderings may already \
             show, its values are not expected."
        }
        "paper" => "The paper profile trains the paper's networks at full width, on its data sets, for its number of epochs.",
        _ => "",
    }
}
