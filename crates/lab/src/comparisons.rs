//! What the seeds allow to say: intervals, methods in pairs, means beside the paper.

use std::collections::BTreeMap;

use vimae_core::{Purpose, Streams, random::step_of_name};
use vimae_spec::{
    BootstrapInterval, Cell, ClaimVerdict, Comparisons, Measurement, PairedComparison, PaperVerdict, Protocol, SummaryRow, Verdict,
};
use vimae_statistics::{FEWEST_SEEDS, LEVEL, bootstrap, holm, sign_flip, student};

use crate::summary::decided;

/// Methods up to which each is held against each; of more, each is held against the first.
const ALL_PAIRS: usize = 6;

/// All comparisons of the cells and of their summary, beside the claims that were decided from them.
pub(crate) fn of(cells: &[Cell], summary: &[SummaryRow], claims: Vec<ClaimVerdict>) -> Comparisons {
    let groups = Group::all(cells);
    Comparisons {
        how: how(),
        intervals: groups.iter().flat_map(Group::intervals).collect(),
        pairs: groups.iter().flat_map(Group::pairs).collect(),
        verdicts: summary.iter().filter_map(beside).collect(),
        claims,
    }
}

fn how() -> String {
    format!(
        "docs/statistics.md has formulas and coverage. Intervals: bootstrap-t of the mean, 95 %, {} resamples, for {} seeds or more. \
         Pairs: first method minus second on the seeds that both have; two-sided paired t test with its 95 % interval, and two-sided \
         sign-flip permutation test, exact up to {} seeds; Holm's correction over the pairs of one target, data set, metric and \
         protocol. Up to {ALL_PAIRS} methods each is held against each, of more each against the first. No permutation p of n seeds \
         is below its floor of 2 / 2^n; corrected it is absent where seeds and pairs cannot bring it to {LEVEL}. Verdicts: a mean \
         agrees with the paper where its 95 % interval (Student's) lies within the tolerance of the paper's value, differs where no \
         part of it does, and is undecided otherwise. Claims: the largest one-sided p of paired t tests against each rival, by Holm \
         over the claims of the target, at 2.5 % for and against; undecided below {FEWEST_SEEDS} seeds.",
        bootstrap::RESAMPLES,
        bootstrap::FEWEST,
        sign_flip::EXACT,
    )
}

/// The values of one target, data set with its images, data set of the paper, metric and protocol, by method in the order of the
/// cells and by seed.
struct Group<'a> {
    first: &'a Cell,
    methods: Vec<(&'a str, BTreeMap<u64, f64>)>,
}

impl<'a> Group<'a> {
    fn all(cells: &'a [Cell]) -> Vec<Self> {
        let mut places: BTreeMap<([&str; 5], &Protocol), usize> = BTreeMap::new();
        let mut groups: Vec<Self> = Vec::new();
        for cell in cells {
            let Measurement { entry, metric, protocol, kind, value, .. } = &cell.measurement;
            // A seed on which a claim holds is no measured value, and neither is a p or what is the same for all.
            let Some(value) = value.filter(|_| !decided(entry) && kind.compares()) else { continue };
            // Other settings of a data set are other images.
            let Cell { target, dataset, data_sha256, paper_dataset, .. } = cell;
            let words = [target.as_str(), dataset, data_sha256, paper_dataset.as_deref().unwrap_or_default(), metric];
            let place = *places.entry((words, protocol)).or_insert(groups.len());
            if place == groups.len() {
                groups.push(Self { first: cell, methods: Vec::new() });
            }
            let Some(group) = groups.get_mut(place) else { continue };
            match group.methods.iter_mut().find(|(method, _)| *method == cell.method) {
                Some((_, seeds)) => drop(seeds.insert(cell.seed, value)),
                None => group.methods.push((&cell.method, BTreeMap::from([(cell.seed, value)]))),
            }
        }
        groups
    }

    /// Random numbers for these methods: a function of what is compared, so that the same results give the same numbers.
    fn rng(&self, methods: &str) -> impl rand::Rng + use<> {
        let Cell { target, dataset, paper_dataset, measurement: Measurement { metric, protocol, .. }, .. } = self.first;
        let name = [target, dataset, paper_dataset.as_deref().unwrap_or(dataset), metric, &protocol.to_string(), methods].join("\n");
        Streams::new(0).at(Purpose::Evaluation, step_of_name(&name))
    }

    fn intervals(&self) -> Vec<BootstrapInterval> {
        let Cell { target, dataset, paper_dataset, measurement: Measurement { metric, protocol, .. }, .. } = self.first;
        let one = |(method, seeds): &(&str, BTreeMap<u64, f64>)| {
            let values: Vec<f64> = seeds.values().copied().collect();
            Some(BootstrapInterval {
                target: target.clone(),
                dataset: dataset.clone(),
                paper_dataset: paper_dataset.clone(),
                method: (*method).to_owned(),
                metric: metric.clone(),
                protocol: protocol.clone(),
                seeds: values.len(),
                mean: values.iter().sum::<f64>() / values.len() as f64,
                interval: bootstrap::interval(&values, &mut self.rng(method))?,
            })
        };
        self.methods.iter().filter_map(one).collect()
    }

    fn pairs(&self) -> Vec<PairedComparison> {
        let mut pairs = Vec::new();
        let firsts = if self.methods.len() <= ALL_PAIRS { self.methods.len() } else { 1 };
        for (place, first) in self.methods.iter().enumerate().take(firsts) {
            pairs.extend(self.methods.iter().skip(place + 1).filter_map(|second| self.pair(first, second)));
        }
        let t = holm(&pairs.iter().map(|pair| pair.p_t).collect::<Vec<_>>());
        let permutation = holm(&pairs.iter().map(|pair| pair.p_permutation).collect::<Vec<_>>());
        let family = permutation.iter().flatten().count() as f64;
        for (pair, (t, permutation)) in pairs.iter_mut().zip(t.into_iter().zip(permutation)) {
            pair.p_t_holm = t;
            pair.p_permutation_holm = permutation.filter(|_| pair.p_permutation_floor.is_some_and(|floor| floor * family <= LEVEL));
        }
        pairs
    }

    /// None where no seed has both.
    fn pair(&self, first: &(&str, BTreeMap<u64, f64>), second: &(&str, BTreeMap<u64, f64>)) -> Option<PairedComparison> {
        let Cell { target, dataset, paper_dataset, measurement: Measurement { metric, protocol, unit, direction, .. }, .. } = self.first;
        let pairs: Vec<[f64; 2]> = first.1.iter().filter_map(|(seed, value)| Some([*value, *second.1.get(seed)?])).collect();
        let differences: Vec<f64> = pairs.iter().map(|[first, second]| first - second).collect();
        let n = differences.len();
        let difference = (n > 0).then(|| differences.iter().sum::<f64>() / n as f64)?;
        let t = student::paired_test(&pairs);
        let flips = sign_flip::test(&differences, &mut self.rng(&format!("{}\n{}", first.0, second.0)));
        Some(PairedComparison {
            target: target.clone(),
            dataset: dataset.clone(),
            paper_dataset: paper_dataset.clone(),
            metric: metric.clone(),
            protocol: protocol.clone(),
            unit: unit.clone(),
            direction: *direction,
            method: first.0.into(),
            other: second.0.into(),
            n,
            difference,
            interval: student::paired_interval(&pairs),
            t: t.map(|test| test.t),
            p_t: t.map(|test| test.two_sided()),
            p_t_holm: None,
            p_permutation: flips.map(|flips| flips.p),
            p_permutation_floor: flips.map(|flips| flips.floor),
            p_permutation_holm: None,
            exact: flips.is_none_or(|flips| flips.exact),
        })
    }
}

fn beside(row: &SummaryRow) -> Option<PaperVerdict> {
    let (mean, paper, tolerance, verdict) = (row.mean?, row.paper?, row.tolerance?, row.verdict?);
    let difference = mean - paper;
    let relative = (paper != 0.0).then(|| difference / paper.abs());
    let seeds = match row.seeds {
        1 => "1 seed".to_owned(),
        n => format!("{n} seeds"),
    };
    let interval = row.interval.map_or_else(|| "no interval".into(), |[low, high]| format!("95 % interval {low:.4} to {high:.4}"));
    let start = match verdict {
        Verdict::Agrees => "agrees",
        Verdict::Differs => "differs",
        Verdict::Undecided => "undecided",
    };
    let share = relative.map_or_else(String::new, |share| format!(" ({:+.1} %)", 100.0 * share));
    Some(PaperVerdict {
        target: row.target.clone(),
        dataset: row.dataset.clone(),
        paper_dataset: row.paper_dataset.clone(),
        method: row.method.clone(),
        metric: row.metric.clone(),
        protocol: row.protocol.clone(),
        seeds: row.seeds,
        mean,
        paper,
        paper_certainty: row.paper_certainty,
        difference,
        relative,
        tolerance,
        verdict,
        words: format!("{start}: {mean:.4} over {seeds}, {interval}, beside {paper} ± {tolerance}, by {difference:+.4}{share}"),
    })
}

#[cfg(test)]
mod tests;
