//! The experiments of a reproduction, as they are and as they were in earlier calls into its directory.

use std::collections::BTreeSet;

use vimae_report::Version;
use vimae_spec::{Cell, Experiment, SummaryRow};

use crate::{Plan, before::before, summary::over_seeds};

/// What stands above the values of an experiment.
pub(crate) fn title(experiment: &Experiment) -> String {
    if experiment.title.is_empty() { experiment.name.clone() } else { experiment.title.clone() }
}

/// What stands above those of the earlier experiment at place `owner`.
pub(crate) fn title_of_earlier(plan: &Plan, owner: usize) -> String {
    match plan.earlier_experiments.get(owner) {
        Some(experiment) if plan.has_experiment(experiment) => {
            format!("{}, as it was before{}", title(experiment), before(plan, owner))
        }
        Some(experiment) => title(experiment),
        None => String::new(),
    }
}

/// The experiments that have values among `cells`, in the order of the page, each with those of its own runs; `summary`: all of these
/// over their seeds.
pub(crate) fn versions(plan: &Plan, cells: &[Cell], summary: &[SummaryRow]) -> Vec<Version> {
    let runs = |owner: usize| -> BTreeSet<String> {
        plan.earlier.iter().filter(|node| node.experiments.contains(&owner)).map(|node| node.spec.sha256()).collect()
    };
    let earlier: Vec<BTreeSet<String>> = (0..plan.earlier_experiments.len()).map(runs).collect();
    let of = |experiment: &Experiment, title: String, is_own: &dyn Fn(&str) -> bool| {
        let own = cells.iter().filter(|cell| cell.target == experiment.name && is_own(&cell.spec_sha256)).cloned().collect();
        Version { target: experiment.name.clone(), title, cells: own, summary: Vec::new() }
    };
    // What was kept of runs whose record is gone is of the experiment as it is.
    let is_now = |sha256: &str| !earlier.iter().any(|runs| runs.contains(sha256));
    let mut versions: Vec<Version> = plan.experiments.iter().map(|experiment| of(experiment, title(experiment), &is_now)).collect();
    for (owner, (experiment, runs)) in plan.earlier_experiments.iter().zip(&earlier).enumerate() {
        versions.push(of(experiment, title_of_earlier(plan, owner), &|sha256| runs.contains(sha256)));
    }
    versions.retain(|version| !version.cells.is_empty());
    let targets: Vec<String> = versions.iter().map(|version| version.target.clone()).collect();
    for version in &mut versions {
        let alone = targets.iter().filter(|target| **target == version.target).count() == 1;
        let all = || summary.iter().filter(|row| row.target == version.target).cloned().collect();
        version.summary = if alone { all() } else { over_seeds(&version.cells) };
    }
    versions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Node,
        cells::{self, tests::record},
        schedule::plan::tests::{experiment, node, plan},
    };

    #[test]
    fn runs_of_an_earlier_call_are_no_values_of_the_experiment_as_it_is() {
        let mut experiment = experiment("x", &[]);
        experiment.title = "Mine".into();
        let node = |seed: u64| Node { experiments: vec![0], ..node(&record("vae", seed, "rate", 1.0).spec) };
        let plan = |earlier: &[Node]| {
            let mut plan = plan(vec![experiment.clone()], vec![node(0)]);
            plan.earlier_experiments = earlier.iter().take(1).map(|_| experiment.clone()).collect();
            plan.earlier = earlier.to_vec();
            plan
        };
        let cell = |seed: u64, value: f64| {
            let mut record = record("vae", seed, "rate", value);
            record.spec_sha256 = record.spec.sha256();
            cells::bare("x", &record, &record.measurements[0])
        };
        let cells = [cell(0, 1.0), cell(1, 2.0), cell(2, 4.0)];
        let summary = over_seeds(&cells);
        let found = |plan: &Plan| -> Vec<(String, usize, Option<f64>)> {
            let of = |version: Version| (version.title, version.cells.len(), version.summary[0].mean);
            versions(plan, &cells, &summary).into_iter().map(of).collect()
        };
        let now_and_then = [("Mine".to_owned(), 1, Some(1.0)), ("Mine, as it was before".to_owned(), 2, Some(3.0))];
        assert_eq!(found(&plan(&[node(1), node(2)])), now_and_then);
        // With one version alone, the means are those of the summary.
        assert_eq!(found(&plan(&[])), [("Mine".to_owned(), 3, summary[0].mean)]);
    }
}
