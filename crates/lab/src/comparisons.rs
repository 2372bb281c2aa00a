//! What the seeds allow to say: intervals, methods in pairs, means beside the paper.

mod bootstrap;
mod paired;

use std::collections::BTreeMap;

use vimae_metrics::students_t;
use vimae_spec::{
    BootstrapInterval, Cell, Comparisons, Measurement, PairedComparison, PaperClaim, PaperVerdict, Protocol, Standing, SummaryRow,
};

/// Methods up to which each is held against each; of more, each is held against the first.
const ALL_PAIRS: usize = 6;

/// All comparisons of the cells and of their summary.
pub(crate) fn of(cells: &[Cell], summary: &[SummaryRow]) -> Comparisons {
    let groups = Group::all(cells);
    Comparisons {
        how: how(),
        intervals: groups.iter().flat_map(Group::intervals).collect(),
        pairs: groups.iter().flat_map(Group::pairs).collect(),
        verdicts: summary.iter().filter_map(verdict).collect(),
    }
}

fn how() -> String {
    format!(
        "Intervals: bootstrap of the mean over seeds, bias-corrected and accelerated, 95 %, {} resamples from counter-based \
         streams. Pairs: first method minus second on the seeds that both have; two-sided paired t test with its 95 % interval, \
         and two-sided sign-flip permutation test, exact up to 16 seeds; Holm's correction over the pairs of one target, data \
         set, metric and protocol. Up to {ALL_PAIRS} methods each is held against each, of more each against the first. With n \
         seeds no permutation p is below 2 / 2^n. Verdicts: inside the interval where the paper's value lies in Student's 95 % \
         interval over seeds, inside the tolerance where every seed lies within the stated share of the paper's value.",
        bootstrap::RESAMPLES
    )
}

/// The values of one target, data set, metric and protocol, by method in the order of the cells and by seed.
struct Group<'a> {
    first: &'a Cell,
    methods: Vec<(&'a str, BTreeMap<u64, f64>)>,
}

impl<'a> Group<'a> {
    fn all(cells: &'a [Cell]) -> Vec<Self> {
        let mut places: BTreeMap<(&str, &str, &str, &Protocol), usize> = BTreeMap::new();
        let mut groups: Vec<Self> = Vec::new();
        for cell in cells {
            // A seed on which a claim holds is no measured value.
            let Some(value) = cell.measurement.value.filter(|_| !decided(&cell.measurement.entry)) else { continue };
            let Measurement { metric, protocol, .. } = &cell.measurement;
            let key = (cell.target.as_str(), cell.dataset.as_str(), metric.as_str(), protocol);
            let place = *places.entry(key).or_insert(groups.len());
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

    fn name(&self, methods: &str) -> String {
        let Cell { target, dataset, measurement: Measurement { metric, protocol, .. }, .. } = self.first;
        [target, dataset, metric, &protocol.to_string(), methods].join("\n")
    }

    fn intervals(&self) -> Vec<BootstrapInterval> {
        let Cell { target, dataset, measurement: Measurement { metric, protocol, .. }, .. } = self.first;
        let one = |(method, seeds): &(&str, BTreeMap<u64, f64>)| {
            let values: Vec<f64> = seeds.values().copied().collect();
            Some(BootstrapInterval {
                target: target.clone(),
                dataset: dataset.clone(),
                method: (*method).to_owned(),
                metric: metric.clone(),
                protocol: protocol.clone(),
                seeds: values.len(),
                mean: values.iter().sum::<f64>() / values.len() as f64,
                interval: bootstrap::interval(&self.name(method), &values)?,
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
        let t = paired::holm(&pairs.iter().map(|pair| pair.p_t).collect::<Vec<_>>());
        let permutation = paired::holm(&pairs.iter().map(|pair| pair.p_permutation).collect::<Vec<_>>());
        for (pair, (t, permutation)) in pairs.iter_mut().zip(t.into_iter().zip(permutation)) {
            (pair.p_t_holm, pair.p_permutation_holm) = (t, permutation);
        }
        pairs
    }

    /// None where no seed has both.
    fn pair(&self, first: &(&str, BTreeMap<u64, f64>), second: &(&str, BTreeMap<u64, f64>)) -> Option<PairedComparison> {
        let Cell { target, dataset, measurement: Measurement { metric, protocol, unit, direction, .. }, .. } = self.first;
        let differences: Vec<f64> = first.1.iter().filter_map(|(seed, value)| Some(value - second.1.get(seed)?)).collect();
        let n = differences.len();
        let difference = (n > 0).then(|| differences.iter().sum::<f64>() / n as f64)?;
        let tests = paired::tests(&self.name(&format!("{}\n{}", first.0, second.0)), &differences);
        Some(PairedComparison {
            target: target.clone(),
            dataset: dataset.clone(),
            metric: metric.clone(),
            protocol: protocol.clone(),
            unit: unit.clone(),
            direction: *direction,
            method: first.0.into(),
            other: second.0.into(),
            n,
            difference,
            interval: students_t::interval(&differences),
            t: tests.t.map(|(t, _)| t),
            p_t: tests.t.map(|(_, p)| p),
            p_t_holm: None,
            p_permutation: tests.permutation,
            p_permutation_holm: None,
            exact: tests.exact,
        })
    }
}

/// Whether an entry says that something holds, rather than how much of it there is.
fn decided(entry: &str) -> bool {
    entry == PaperClaim::ENTRY || entry == crate::expectations::ENTRY
}

fn verdict(row: &SummaryRow) -> Option<PaperVerdict> {
    let (mean, paper) = (row.mean?, row.paper.filter(|_| !decided(&row.entry))?);
    let within = row.interval.is_some_and(|[low, high]| (low..=high).contains(&paper));
    let difference = mean - paper;
    let relative = (paper != 0.0).then(|| difference / paper.abs());
    let seeds = match row.seeds {
        1 => "1 seed".to_owned(),
        n => format!("{n} seeds"),
    };
    let (standing, start) = match (within, row.inside) {
        (true, _) => (Standing::InsideInterval, "the paper's value lies in the 95 % interval"),
        (false, Some(true)) => (Standing::InsideTolerance, "inside the stated tolerance"),
        (false, _) => (Standing::Differs, "differs"),
    };
    let share = relative.map_or_else(String::new, |share| format!(" ({:+.1} %)", 100.0 * share));
    Some(PaperVerdict {
        target: row.target.clone(),
        dataset: row.dataset.clone(),
        method: row.method.clone(),
        metric: row.metric.clone(),
        protocol: row.protocol.clone(),
        seeds: row.seeds,
        mean,
        paper,
        paper_certainty: row.paper_certainty,
        difference,
        relative,
        standing,
        words: format!("{start}: {mean:.4} over {seeds} beside {paper}, by {difference:+.4}{share}"),
    })
}

#[cfg(test)]
mod tests;
