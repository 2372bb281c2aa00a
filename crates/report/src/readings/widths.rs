//! Parzen windows of many widths beside the negative log-likelihoods that the paper prints: which width gives its numbers, and
//! whether it puts the methods in its order.

use std::collections::BTreeMap;

use vimae_spec::{Paper, Protocol, RunRecord};

use super::{
    by_seed::{BySeed, mean},
    run_identity::{Networks, weight_of},
};
use crate::{method, run_view::RunView};

const METRIC: &str = "nll";
const WINDOWS: &str = "nll.parzen";
/// Widths below which there is no curve to read.
const FEWEST_WIDTHS: usize = 5;

/// The widths of one row of the paper.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Widths {
    /// The row's title.
    pub(crate) title: String,
    /// The weight of the distortion of the methods that state one, the nearest to what was asked for; none where none does.
    pub(crate) weight: Option<f64>,
    /// Methods in the paper's order, with what it prints.
    pub(crate) paper: Vec<(String, f64)>,
    /// A row for each width, the narrowest first.
    pub(crate) rows: Vec<WidthRow>,
}

/// What one width gives.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WidthRow {
    /// The width, in pixels of \[0, 1\].
    pub(crate) sigma: f64,
    /// The mean over seeds of each method, in nats.
    pub(crate) ours: Vec<f64>,
    /// Largest distance of a method from what the paper prints, in nats.
    pub(crate) furthest: f64,
    /// Pairs of methods that stand in the paper's order.
    pub(crate) in_order: usize,
}

impl Widths {
    /// Pairs of methods.
    pub(crate) fn pairs(&self) -> usize {
        self.paper.len() * self.paper.len().saturating_sub(1) / 2
    }

    /// The place of the width whose furthest method is nearest to the paper.
    pub(crate) fn nearest(&self) -> Option<usize> {
        (0..self.rows.len()).min_by(|a, b| self.rows[*a].furthest.total_cmp(&self.rows[*b].furthest))
    }
}

/// The widths of each likelihood that the paper prints, at the weight of the distortion nearest to `weight`. None of a data set where runs
/// of one method differ in more than the weight and the seed.
pub(crate) fn widths<'a>(runs: impl Iterator<Item = &'a RunView> + Clone, paper: &Paper, weight: f64) -> Vec<Widths> {
    let mut all = Vec::new();
    for target in paper.0.values() {
        for row in target.rows.iter().filter(|row| row.metric == METRIC) {
            let dataset = row.dataset.as_ref().unwrap_or(&target.dataset);
            let mut printed: Vec<(String, f64)> = row.values.iter().map(|(method, value)| (method.clone(), *value)).collect();
            printed.sort_by(|a, b| method::rank(&a.0).cmp(&method::rank(&b.0)));
            let has_windows = |record: &&RunRecord| record.measurements.iter().any(|one| window(&one.protocol).is_some());
            let of_dataset = runs.clone().map(|run| &run.record).filter(|record| record.spec.dataset.name == *dataset);
            let measured: Vec<&RunRecord> = of_dataset.filter(has_windows).collect();
            let far = |stated: f64| (stated / weight).ln().abs();
            let stated = measured.iter().filter_map(|record| weight_of(&record.spec));
            let nearest = stated.min_by(|a, b| far(*a).total_cmp(&far(*b)));
            let mut networks = Networks::default();
            if !measured.iter().all(|record| networks.is_one(record.spec.objective.name.as_str(), &record.spec)) {
                continue;
            }
            // By the number of samples, width and method; positive widths are in the order of their bits.
            let mut found: BTreeMap<(usize, u64), BTreeMap<&str, BySeed>> = BTreeMap::new();
            for record in measured.iter().filter(|record| weight_of(&record.spec).is_none_or(|stated| Some(stated) == nearest)) {
                let spec = &record.spec;
                for one in record.measurements.iter().filter(|m| m.metric == METRIC) {
                    let (Some(key), Some(value)) = (window(&one.protocol), one.value) else { continue };
                    found.entry(key).or_default().entry(&spec.objective.name).or_default().insert(spec.seed, value);
                }
            }
            let Some(most) = found.keys().map(|(samples, _)| *samples).max() else { continue };
            let rows: Vec<WidthRow> = found
                .iter()
                .filter(|((samples, _), _)| *samples == most)
                .filter_map(|((_, sigma), methods)| one_row(f64::from_bits(*sigma), methods, &printed))
                .collect();
            if rows.len() >= FEWEST_WIDTHS {
                all.push(Widths { title: row.label.clone(), weight: nearest, paper: printed, rows });
            }
        }
    }
    all
}

/// Samples and width of a window of fixed width on samples of the prior, the width as its bits. Windows on other images say of what.
fn window(protocol: &Protocol) -> Option<(usize, u64)> {
    let is_window = protocol.name == WINDOWS && protocol.sampler.is_none() && protocol.parameter("of").is_none();
    let sigma: f64 = is_window.then(|| protocol.parameter("sigma"))??.parse().ok()?;
    Some((protocol.parameter("N")?.parse().ok()?, sigma.to_bits()))
}

fn one_row(sigma: f64, methods: &BTreeMap<&str, BySeed>, printed: &[(String, f64)]) -> Option<WidthRow> {
    let ours: Vec<f64> = printed.iter().map(|(method, _)| methods.get(method.as_str()).map(mean)).collect::<Option<_>>()?;
    let furthest = ours.iter().zip(printed).map(|(ours, (_, paper))| (ours - paper).abs()).fold(0.0, f64::max);
    let pairs = (0..ours.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
    let in_order = pairs.filter(|(i, j)| (ours[*i] - ours[*j]) * (printed[*i].1 - printed[*j].1) > 0.0).count();
    Some(WidthRow { sigma, ours, furthest, in_order })
}
