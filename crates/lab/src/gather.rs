//! What the runs of a plan left, as tables, a summary and a page.

use std::path::{Path, PathBuf};

use vimae_checkpoint::atomic;
use vimae_report::{ExperimentView, FailedRun, NotCovered, PageInput, RunView};
use vimae_spec::{Cell, Experiment, Paper, RunRecord, SummaryRow};

use crate::{
    Error, Layout, Plan, Result, cells, claims, comparisons, expectations,
    provenance::git_commit,
    schedule::{Ends, Node, read_status},
    standing::{Missing, Standing},
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
    /// Whether the same command goes on with it.
    pub left: bool,
}

/// The tables, the summary and the page of the reproduction in `out`, from the runs that are finished there, written to the
/// directory `to`. `root` is the checkout.
///
/// Nothing good is overwritten by less: values of an earlier report stay where their run's record no longer counts, and runs
/// of earlier plans in the same directory are shown beside those of the last one.
///
/// # Errors
/// Where `out` holds no plan, or results cannot be written.
pub fn report(out: &Path, to: &Path, root: &Path, paper: &Paper) -> Result<Outcome> {
    let plan = Plan::load(out)?;
    let ends: Ends = plan.nodes.iter().map(|node| read_status(&node.folder(out))).collect();
    gather(&plan, &ends, (out, to), root, paper, None).map_err(|error| match error {
        Error::Checkpoint(vimae_checkpoint::Error::File { path, source }) if to == out => {
            Error::Record { path, problem: format!("{source}; report --out DIR writes tables and page elsewhere") }
        }
        other => other,
    })
}

/// Where `seconds` are not known, they are those that the runs took.
pub(crate) fn gather(
    plan: &Plan,
    ends: &Ends,
    (out, to): (&Path, &Path),
    root: &Path,
    paper: &Paper,
    seconds: Option<f64>,
) -> Result<Outcome> {
    let layout = Layout::new(to);
    let Standing { records, missing, earlier, kept, notes } = Standing::of(plan, ends, out);
    notes.iter().for_each(|note| tracing::warn!("{note}"));

    // Experiment by experiment, as the page has them; a run that belongs to two gives cells to both.
    let of = |owner: usize| records.iter().filter(move |(node, _)| node.experiments.contains(&owner));
    let mut cells: Vec<Cell> = Vec::new();
    for (owner, experiment) in plan.experiments.iter().enumerate() {
        cells.extend(of(owner).flat_map(|(_, record)| cells::of_run(experiment, record, paper)));
    }
    let of_earlier = |owner: usize| earlier.iter().filter(move |(node, _)| node.experiments.contains(&owner));
    for (owner, experiment) in plan.earlier_experiments.iter().enumerate() {
        cells.extend(of_earlier(owner).flat_map(|(_, record)| cells::of_run(experiment, record, paper)));
    }
    cells.extend(kept);
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
        failed: missing
            .iter()
            .filter(|missing| missing.node.experiments.contains(&owner))
            .map(|Missing { node, problem, .. }| FailedRun {
                method: node.spec.method.clone(),
                seed: node.spec.seed,
                problem: problem.clone(),
            })
            .collect(),
    };
    let view_of_earlier = |(owner, experiment): (usize, &Experiment)| ExperimentView {
        title: match plan.experiments.iter().any(|own| own.name == experiment.name) {
            true => format!("{}, as it was before", experiment.title),
            false => experiment.title.clone(),
        },
        about: experiment.about.clone(),
        targets: experiment.targets.clone(),
        runs: of_earlier(owner).map(|(node, record)| run_view(plan, node, record, out)).collect(),
        failed: Vec::new(),
    };
    let mut experiments: Vec<_> = plan.experiments.iter().enumerate().map(view).collect();
    experiments.extend(plan.earlier_experiments.iter().enumerate().map(view_of_earlier).filter(|view| !view.runs.is_empty()));
    let covered =
        |target: &String| plan.experiments.iter().chain(&plan.earlier_experiments).any(|experiment| experiment.targets.contains(target));
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
    let failed = missing.into_iter().map(|Missing { node, problem, left }| Failure {
        experiment: node.experiments.first().and_then(|owner| plan.experiments.get(*owner)).map_or_else(String::new, |e| e.name.clone()),
        method: node.spec.method.clone(),
        seed: node.spec.seed,
        problem,
        left,
    });
    Ok(Outcome { failed: failed.collect(), cells, summary, page: layout.page() })
}

fn run_view(plan: &Plan, node: &Node, record: &RunRecord, out: &Path) -> RunView {
    RunView { record: record.clone(), command: plan.command.clone(), folder: node.folder(out).path().to_path_buf() }
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
