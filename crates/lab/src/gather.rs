//! What the runs of a plan left, as tables, a summary and a page.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use vimae_checkpoint::atomic;
use vimae_hub::Config;
use vimae_report::{ExperimentView, FailedRun, HeadlineTable, LeftOut, NotCovered, Observation, PageInput, RunView};
use vimae_spec::{Cell, ClaimVerdict, Comparisons, Experiment, Paper, RunRecord, SummaryRow};
use vimae_statistics::student;

use crate::{
    Error, Layout, Plan, Result, cells, claims,
    command::called,
    comparisons, destination, expectations,
    provenance::git_commit,
    schedule::{Ends, Node, WithoutData, kept_runs},
    standing::{Missing, Standing, of_taken_over},
    stored::json,
    summary::{once, over_seeds},
    unsettled::unsettled,
    versions,
};

/// What a reproduction gave.
#[derive(Debug)]
pub struct Outcome {
    /// Every cell.
    pub cells: Vec<Cell>,
    /// Cells over their seeds.
    pub summary: Vec<SummaryRow>,
    /// Methods in pairs, beside the paper, and its claims.
    pub comparisons: Comparisons,
    /// Runs that gave no cells: those that failed, and those that wait.
    pub failed: Vec<Failure>,
    /// Experiments that were left out, since their data is not on this machine.
    pub without_data: Vec<WithoutData>,
    /// Methods against headline metrics, one table an experiment, each with its title.
    pub tables: Vec<(String, HeadlineTable)>,
    /// The folders of the finished runs, those of earlier plans in the same directory last.
    pub runs: Vec<PathBuf>,
    /// The page.
    pub page: PathBuf,
}

/// A run that has not finished.
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
    /// Whether nothing went wrong with it: it waits, runs, was stopped or did not fit into the time allowed.
    pub waits: bool,
}

/// The tables, the summary and the page of the reproduction in `out`, from the runs that are finished there, written to the
/// directory `to`. `root` is the checkout.
///
/// Nothing good is overwritten by less: values of an earlier report stay where their run's record no longer counts, and runs
/// of earlier plans in the same directory are shown beside those of the last one.
///
/// # Errors
/// Where `out` holds no plan, results cannot be written, or `to` holds files of others or another reproduction in their place.
pub fn report(out: &Path, to: &Path, root: &Path, paper: &Paper) -> Result<Outcome> {
    let plan = Plan::load(out)?;
    let ends: Ends = plan.nodes.iter().map(|node| plan.status(node, out)).collect();
    destination::check(to)?;
    destination::check_other(&plan, out, to)?;
    let written = destination::mark(to).and_then(|()| gather(&plan, &ends, (out, to), root, paper));
    written.map_err(|error| match error {
        Error::Checkpoint(vimae_checkpoint::Error::File { path, source }) if to == out => {
            Error::Record { path, problem: format!("{source}; report --out DIR writes tables and page elsewhere") }
        }
        other => other,
    })
}

/// As [`report`], of runs that have ended so.
pub(crate) fn gather(plan: &Plan, ends: &Ends, (out, to): (&Path, &Path), root: &Path, paper: &Paper) -> Result<Outcome> {
    let layout = Layout::new(to);
    let Standing { records, missing, earlier, kept, taken_over, notes } = Standing::of(plan, ends, (out, &kept_runs(root, &plan.profile)));
    notes.iter().for_each(|note| tracing::warn!("{note}"));
    of_taken_over(taken_over).iter().for_each(|said| tracing::info!("{said}"));

    // Experiment by experiment, as the page has them; a run that belongs to two gives cells to both. Methods stand in the order
    // of the experiment's file.
    let of = |owner: usize| {
        let methods = plan.experiments.get(owner).map(|experiment| experiment.runs(1)).unwrap_or_default();
        let places: BTreeMap<&str, usize> = methods.iter().enumerate().map(|(place, run)| (run.method.as_str(), place)).collect();
        let mut mine: Vec<&(&Node, RunRecord)> = records.iter().filter(|(node, _)| node.experiments.contains(&owner)).collect();
        mine.sort_by_key(|(node, _)| places.get(node.spec.method.as_str()));
        mine.into_iter()
    };
    let waits = |missing: &Missing<'_>| missing.left || plan.left_out.iter().any(|node| std::ptr::eq(node, missing.node));
    let mut cells: Vec<Cell> = Vec::new();
    for (owner, experiment) in plan.experiments.iter().enumerate() {
        cells.extend(of(owner).flat_map(|(_, record)| cells::of_run(experiment, record, paper)));
    }
    let of_earlier = |owner: usize| earlier.iter().filter(move |(node, _)| node.experiments.contains(&owner));
    for (owner, experiment) in plan.earlier_experiments.iter().enumerate() {
        cells.extend(of_earlier(owner).flat_map(|(_, record)| cells::of_run(experiment, record, paper)));
    }
    cells.extend(kept);
    let claims = claims::of(&cells, paper);
    cells.extend(claims.cells);
    for (owner, experiment) in plan.experiments.iter().enumerate() {
        cells.extend(expectations::of(experiment, &of(owner).map(|(_, record)| record).collect::<Vec<_>>()));
    }
    once(&mut cells);
    let (summary, comparisons) = write_tables(&layout, &cells, claims.verdicts)?;

    let view = |(owner, experiment): (usize, &Experiment)| ExperimentView {
        title: versions::title(experiment),
        about: experiment.about.clone(),
        targets: experiment.targets.clone(),
        runs: of(owner).map(|(node, record)| run_view(node, record, out)).collect(),
        failed: missing
            .iter()
            .filter(|missing| missing.node.experiments.contains(&owner))
            .map(|missing| FailedRun {
                spec_sha256: missing.node.spec.sha256(),
                method: missing.node.spec.method.clone(),
                seed: missing.node.spec.seed,
                waits: waits(missing),
                problem: missing.problem.clone(),
            })
            .collect(),
    };
    let view_of_earlier = |(owner, experiment): (usize, &Experiment)| ExperimentView {
        title: versions::title_of_earlier(plan, owner),
        about: experiment.about.clone(),
        targets: experiment.targets.clone(),
        runs: of_earlier(owner).map(|(node, record)| run_view(node, record, out)).collect(),
        failed: Vec::new(),
    };
    let mut experiments: Vec<_> = plan.experiments.iter().enumerate().map(view).collect();
    experiments.extend(plan.earlier_experiments.iter().enumerate().map(view_of_earlier).filter(|view| !view.runs.is_empty()));
    let (not_covered, left_out) = (not_covered(plan, paper), left_out(plan));
    let input = PageInput {
        title: &title(plan),
        profile: &plan.profile,
        about: about(&plan.profile),
        commands: &plan.commands(earlier.iter().map(|(node, _)| *node)),
        program: called(),
        git_commit: &git_commit(root),
        experiments: &experiments,
        cells: &cells,
        summary: &summary,
        comparisons: Some(&comparisons),
        paper,
        not_covered: &not_covered,
        left_out: &left_out,
        interval: student::interval,
    };
    atomic::write(&layout.page(), vimae_report::page(&input)?.as_bytes())?;
    let failure = |missing: &Missing<'_>| {
        let node = missing.node;
        Failure {
            experiment: node
                .experiments
                .first()
                .and_then(|owner| plan.experiments.get(*owner))
                .map_or_else(String::new, |e| e.name.clone()),
            method: node.spec.method.clone(),
            seed: node.spec.seed,
            problem: missing.problem.clone(),
            left: missing.left,
            waits: waits(missing),
        }
    };
    let table = |experiment: &ExperimentView| {
        let observations = experiment.runs.iter().flat_map(Observation::of_view);
        (experiment.title.clone(), HeadlineTable::of(observations, student::interval))
    };
    let finished = |(node, _): &(&Node, RunRecord)| node.folder(out).path().to_path_buf();
    let runs = records.iter().chain(&earlier).map(finished).collect();
    let (failed, tables) = (missing.iter().map(failure).collect(), experiments.iter().map(table).collect());
    Ok(Outcome { failed, without_data: plan.without_data.clone(), tables, cells, summary, comparisons, runs, page: layout.page() })
}

/// The paper's tables and figures without values of ours: for want of data, or of an experiment.
fn not_covered(plan: &Plan, paper: &Paper) -> Vec<NotCovered> {
    let of_data = plan.without_data.iter().flat_map(|absent| {
        let target = |target: &String| NotCovered { target: target.clone(), reason: absent.to_string(), command: Some(absent.command()) };
        absent.experiment.targets.iter().map(target)
    });
    let experiments = || plan.experiments.iter().chain(&plan.earlier_experiments).chain(plan.without_data.iter().map(|a| &a.experiment));
    let of_none = paper.0.keys().filter(|target| !experiments().any(|experiment| experiment.targets.contains(target)));
    let reason = format!("profile {} has no experiment for it", plan.profile);
    let none = |target: &String| NotCovered { target: target.clone(), reason: reason.clone(), command: None };
    of_data.chain(of_none.map(none)).collect()
}

/// The experiments without a table of the paper that were left out for want of data.
fn left_out(plan: &Plan) -> Vec<LeftOut> {
    let own = plan.without_data.iter().filter(|absent| absent.experiment.targets.is_empty());
    own.map(|absent| LeftOut { title: versions::title(&absent.experiment), reason: absent.to_string(), command: absent.command() })
        .collect()
}

fn run_view(node: &Node, record: &RunRecord, out: &Path) -> RunView {
    let folder = node.folder(out);
    let train_images = Config::read(&folder.config()).ok().map(|config| config.dataset.train_images);
    RunView {
        record: record.clone(),
        command: node.command.clone(),
        folder: folder.path().to_path_buf(),
        has_weights: folder.model().exists(),
        train_images,
        unsettled: unsettled(record, &folder),
    }
}

/// Writes cells, what they come to over their seeds, and how they compare; returns these two.
pub(crate) fn write_tables(layout: &Layout, cells: &[Cell], claims: Vec<ClaimVerdict>) -> Result<(Vec<SummaryRow>, Comparisons)> {
    let summary = over_seeds(cells);
    let comparisons = comparisons::of(cells, &summary, claims);
    atomic::write(&layout.comparisons(), &json(&comparisons)?)?;
    atomic::write(&layout.results(), &json(&cells::written(cells))?)?;
    atomic::write(&layout.summary(), &json(&summary)?)?;
    Ok((summary, comparisons))
}

/// The page's title: the experiment's own where it shows one alone.
fn title(plan: &Plan) -> String {
    let asked = plan.experiments.iter().chain(plan.without_data.iter().map(|absent| &absent.experiment));
    // An experiment that was changed is still the one.
    let other = |earlier: &&Experiment| !plan.has_experiment(earlier);
    let shown: Vec<&Experiment> = asked.chain(plan.earlier_experiments.iter().filter(other)).collect();
    match shown.as_slice() {
        [one] => versions::title(one),
        all if all.iter().all(|experiment| experiment.targets.is_empty()) => {
            let of_profile = |experiment: &Experiment| experiment.path.ancestors().skip(1).any(|folder| folder.ends_with(&plan.profile));
            // Earlier calls may have been of other profiles.
            let mut earlier = plan.earlier_experiments.iter().filter(other);
            if earlier.all(of_profile) { format!("Experiments of {}", plan.profile) } else { "Experiments".into() }
        }
        _ => "The Variational InfoMax AutoEncoder, reproduced".into(),
    }
}

/// What a profile is and is not, for readers of the page.
fn about(profile: &str) -> &'static str {
    match profile {
        "quick" => {
            "The quick profile checks that everything works. It is no evidence about the paper: it trains narrow networks for \
             a few epochs, on 8 000 of the 10 000 MNIST digits that ship with the code, and on a few thousand images of \
             CIFAR-10, Omniglot and CelebA where they are on this machine. The paper trained networks eight times as wide on all \
             images for 60 or 80 epochs."
        }
        "lifelong" => {
            "The lifelong profile learns two digits after another with a small network, on 8 000 of the 10 000 MNIST digits that ship \
             with the code. The paper names such a task as future work and has no number for it."
        }
        "desk" => {
            "The desk profile trains networks an eighth as wide as the paper's for 10 or 12 epochs in place of 60 or 80, on all images of \
             each data set that are on this machine. The weight a of the distortion, which the paper does not print, is at its default: 1 \
             for the VAE and the beta-VAEs, 0.05 for the VIMAEs. Verdicts are about these networks: what they do not reach, wider ones may."
        }
        "readings" => {
            "The readings profile asks what the paper leaves unsaid: which weight of the distortion, unit and formula of its rates, noise \
             of VIMAE's encoder and width of Parzen windows come nearest to its numbers. Networks are an eighth as wide as the paper's \
             and train for six epochs."
        }
        "paper" => "The paper profile trains the paper's networks at full width, on its data sets, for its number of epochs.",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::plan::tests::{experiment, plan};

    #[test]
    fn a_page_of_several_profiles_names_none() {
        let of = |path: &str| {
            let mut made = experiment(&Path::new(path).file_stem().unwrap_or_default().to_string_lossy(), &[]);
            made.path = path.into();
            made
        };
        let with = |earlier: &[Experiment]| {
            let mut plan = plan(vec![of("experiments/p/a.toml"), of("experiments/p/b.toml")], Vec::new());
            plan.earlier_experiments = earlier.to_vec();
            title(&plan)
        };
        assert_eq!(with(&[]), "Experiments of p");
        assert_eq!(with(&[of("experiments/p/c.toml")]), "Experiments of p");
        assert_eq!(with(&[of("experiments/p/c.toml"), of("experiments/readings/mnist.toml")]), "Experiments");
        // One that was changed is still its own.
        assert_eq!(with(&[of("elsewhere/a.toml")]), "Experiments of p");
    }
}
