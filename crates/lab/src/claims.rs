//! What the paper claims of its numbers, decided by ours.
//!
//! A claim says that one method stands above others by some metrics. On each seed that has all of them it holds or
//! not; a paired t test over seeds compares the method with each of the others.

use std::collections::{BTreeMap, BTreeSet};

use vimae_metrics::students_t;
use vimae_spec::{Cell, Certainty, Direction, Measurement, Paper, PaperClaim, protocol_matches};

/// One cell a seed for each claim of each target that the cells decide: 1 where it holds, 0 where not.
pub fn of(cells: &[Cell], paper: &Paper) -> Vec<Cell> {
    let mut decided = Vec::new();
    for (target, about) in &paper.0 {
        // The runs that stand for the target; some of their values have no row in the paper and another target.
        let runs: BTreeSet<&str> = cells.iter().filter(|cell| cell.target == *target).map(|cell| cell.spec_sha256.as_str()).collect();
        let here = || cells.iter().filter(|cell| runs.contains(cell.spec_sha256.as_str()));
        let datasets: BTreeSet<&str> = here().map(|cell| cell.dataset.as_str()).collect();
        for claim in &about.claims {
            for dataset in &datasets {
                let measured = |protocol: &&String| {
                    Values::of(
                        here().filter(|c| c.dataset == *dataset && protocol_matches(protocol, &c.measurement.protocol.to_string())),
                        claim,
                    )
                };
                let found = claim.protocols.iter().find_map(|protocol| measured(&protocol));
                decided.extend(found.into_iter().flat_map(|values| values.cells(target, claim)));
            }
        }
    }
    decided
}

/// Cells of one run by metric, with their values.
type ByMetric<'a> = BTreeMap<&'a str, (&'a Cell, f64)>;

/// What decides a claim, on the seeds that have all of it.
struct Values<'a> {
    /// By seed: a cell of the best method, its mean over the metrics, and those of the others in the claim's order.
    seeds: Vec<(&'a Cell, f64, Vec<f64>)>,
}

impl<'a> Values<'a> {
    /// None where no seed has every method and metric.
    fn of(cells: impl Iterator<Item = &'a Cell>, claim: &PaperClaim) -> Option<Self> {
        let mut values: BTreeMap<(u64, &str), ByMetric<'a>> = BTreeMap::new();
        for cell in cells.filter(|cell| claim.metrics.contains(&cell.measurement.metric)) {
            if let Some(value) = cell.measurement.value {
                // A metric that is better when it is lower counts the other way round.
                let signed = if cell.measurement.direction == Direction::Lower { -value } else { value };
                values.entry((cell.seed, &cell.method)).or_default().insert(&cell.measurement.metric, (cell, signed));
            }
        }
        let mean = |seed: u64, method: &str| {
            let found = values.get(&(seed, method)).filter(|found| claim.metrics.iter().all(|m| found.contains_key(m.as_str())))?;
            let (first, _) = found.values().next()?;
            Some((*first, found.values().map(|(_, v)| v).sum::<f64>() / found.len() as f64))
        };
        let all: BTreeSet<u64> = values.keys().map(|(seed, _)| *seed).collect();
        let of_seed = |seed: u64| {
            let (cell, best) = mean(seed, &claim.best)?;
            let others: Option<Vec<f64>> = claim.than.iter().map(|method| mean(seed, method).map(|(_, v)| v)).collect();
            Some((cell, best, others?))
        };
        let seeds: Vec<_> = all.into_iter().filter_map(of_seed).collect();
        (!seeds.is_empty() && !claim.than.is_empty()).then_some(Self { seeds })
    }

    fn cells(&self, target: &str, claim: &PaperClaim) -> Vec<Cell> {
        let note = format!("{}: {}", claim.text, self.test(claim));
        let cell = |(cell, best, others): &(&Cell, f64, Vec<f64>)| {
            let holds = others.iter().all(|other| best > other);
            Cell {
                target: target.into(),
                measurement: Measurement {
                    entry: PaperClaim::ENTRY.into(),
                    metric: claim.metric(),
                    value: Some(f64::from(u8::from(holds))),
                    standard_error: None,
                    unit: "share of seeds".into(),
                    n: claim.than.len() + 1,
                    direction: Direction::Higher,
                    slice: None,
                    note: Some(note.clone()),
                    protocol: cell.measurement.protocol.clone(),
                },
                paper: Some(1.0),
                paper_certainty: Some(Certainty::Printed),
                inside_tolerance: Some(holds),
                ..(*cell).clone()
            }
        };
        self.seeds.iter().map(cell).collect()
    }

    /// The paired test against the other that comes nearest, in words.
    fn test(&self, claim: &PaperClaim) -> String {
        let differences = |other: usize| self.seeds.iter().map(|(_, best, others)| best - others[other]).collect::<Vec<f64>>();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let nearest = (0..claim.than.len()).min_by(|a, b| mean(&differences(*a)).total_cmp(&mean(&differences(*b)))).unwrap_or(0);
        let (differences, other) = (differences(nearest), &claim.than[nearest]);
        let seeds = differences.len();
        let start = format!("mean difference {:+.3} from {other}, the nearest", mean(&differences));
        match students_t::test(&differences) {
            Some((t, p)) => format!("{start}; paired t({}) = {t:.2}, one-sided p = {p:.3} over {seeds} seeds", seeds - 1),
            None if seeds == 1 => format!("{start}; one seed, no test"),
            None => format!("{start}; the same on all {seeds} seeds, no test"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn cell(method: &str, seed: u64, metric: &str, protocol: &str, value: f64) -> Cell {
        Cell {
            target: "table3".into(),
            model: String::new(),
            dataset: "digits".into(),
            method: method.into(),
            seed,
            measurement: Measurement::new("accuracy", metric, protocol.into(), "percent")
                .valued(value, None)
                .sized(10)
                .better(Direction::Higher),
            paper_dataset: Some("mnist".into()),
            paper: None,
            paper_certainty: None,
            inside_tolerance: None,
            spec_sha256: format!("{method}{seed}"),
            data_sha256: String::new(),
            weights_sha256: String::new(),
            git_commit: String::new(),
            device: String::new(),
            seconds: 0.0,
        }
    }

    fn paper() -> Paper {
        let text = r#"
            [table3]
            title = "t"
            dataset = "mnist"
            [[table3.claims]]
            name = "robust"
            text = "l is the most robust"
            metrics = ["a", "b"]
            protocols = ["near", "far"]
            best = "l"
            than = ["vae", "n"]
        "#;
        Paper::parse(text, Path::new("targets.toml")).unwrap()
    }

    #[test]
    fn a_claim_is_decided_seed_by_seed_with_a_paired_test() {
        let mut cells = Vec::new();
        for (seed, [l, vae, n]) in [(1, [5.0, 3.0, 4.0]), (2, [6.0, 2.0, 4.0]), (3, [4.0, 3.0, 7.0])] {
            for (method, value) in [("l", l), ("vae", vae), ("n", n)] {
                // The mean of both metrics is the value.
                cells.push(cell(method, seed, "a", "far", value - 1.0));
                cells.push(cell(method, seed, "b", "far", value + 1.0));
                cells.push(cell(method, seed, "c", "far", 100.0 - value));
            }
        }
        // A protocol that comes first, but not for all methods.
        cells.push(cell("l", 1, "a", "near", 0.0));
        let decided = of(&cells, &paper());
        assert_eq!(decided.iter().map(|c| (c.seed, c.measurement.value.unwrap())).collect::<Vec<_>>(), [(1, 1.0), (2, 1.0), (3, 0.0)]);
        assert!(
            decided.iter().all(|c| c.measurement.metric == "claim.robust"
                && c.method == "l"
                && c.measurement.protocol == "far"
                && c.paper == Some(1.0))
        );
        assert_eq!(decided[1].spec_sha256, "l2");
        // Differences from n: 1, 2, -3; mean 0, t 0.
        let note = decided[0].measurement.note.as_ref().unwrap();
        assert_eq!(
            note,
            "l is the most robust: mean difference +0.000 from n, the nearest; paired t(2) = 0.00, one-sided p = 0.500 over 3 seeds"
        );
    }

    #[test]
    fn a_claim_without_all_its_methods_stays_open() {
        let cells = [cell("l", 1, "a", "far", 1.0), cell("l", 1, "b", "far", 1.0), cell("vae", 1, "a", "far", 1.0)];
        assert!(of(&cells, &paper()).is_empty());
    }
}
