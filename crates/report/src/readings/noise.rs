//! Rates of encoders without a density of their own: what a noise and an estimator make of them, beside the paper's.

use std::collections::{BTreeMap, BTreeSet};

use vimae_spec::{Component, Paper, Protocol};

use super::{
    by_seed::{BySeed, mean},
    run_identity::{Networks, RATE, weight_of},
};
use crate::{method, run_view::RunView};

/// The rate of a method under one noise, by one estimator.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NoiseRate {
    /// The figure that prints a rate.
    pub(crate) target: String,
    /// The method, by its objective.
    pub(crate) objective: String,
    /// The encoder's noise with its settings; none where the method's own default was taken.
    pub(crate) noise: Option<String>,
    /// The estimator's protocol.
    pub(crate) protocol: String,
    /// Mean over seeds, in nats.
    pub(crate) ours: f64,
    /// Seeds.
    pub(crate) seeds: usize,
    /// What the paper prints.
    pub(crate) paper: f64,
}

/// Data set, objective and noise.
type Named<'a> = (&'a str, &'a str, Option<String>);

/// The rates of the methods that the paper prints one of and that the search itself, by the weight of the distortion, is not about.
/// None where runs of one method and noise differ in more than the seed.
pub(crate) fn noise_rates<'a>(runs: impl Iterator<Item = &'a RunView> + Clone, paper: &Paper) -> Vec<NoiseRate> {
    let searched: BTreeSet<&str> =
        runs.clone().filter(|run| weight_of(&run.record.spec).is_some()).map(|run| run.record.spec.objective.name.as_str()).collect();
    let mut found: BTreeMap<(Named<'_>, String), BySeed> = BTreeMap::new();
    let mut networks = Networks::default();
    for record in runs.map(|run| &run.record).filter(|record| !searched.contains(record.spec.objective.name.as_str())) {
        let Some(rate) = record.measurements.iter().find(|m| m.metric == RATE.0) else { continue };
        let Some(value) = rate.value.filter(|value| value.is_finite()) else { continue };
        let spec = &record.spec;
        let named = (spec.dataset.name.as_str(), spec.objective.name.as_str(), spec.noise.as_ref().map(text));
        if !networks.is_one(named.clone(), spec) {
            return Vec::new();
        }
        found.entry((named, rate.protocol.to_string())).or_default().insert(spec.seed, value);
    }
    let mut rates = Vec::new();
    for (target, of_target) in &paper.0 {
        for row in of_target.rows.iter().filter(|row| row.metric == RATE.0) {
            let dataset = row.dataset.as_ref().unwrap_or(&of_target.dataset);
            for (((_, objective, noise), protocol), values) in found.iter().filter(|(((of, ..), _), _)| of == dataset) {
                let Some(paper) = row.values.get(*objective) else { continue };
                rates.push(NoiseRate {
                    target: target.clone(),
                    objective: (*objective).to_owned(),
                    noise: noise.clone(),
                    protocol: protocol.clone(),
                    ours: mean(values),
                    seeds: values.len(),
                    paper: *paper,
                });
            }
        }
    }
    rates.sort_by(|a, b| (&a.target, method::rank(&a.objective), &a.noise).cmp(&(&b.target, method::rank(&b.objective), &b.noise)));
    rates
}

/// A component as a protocol would write it.
fn text(component: &Component) -> String {
    component.settings.iter().fold(Protocol::new(&component.name), |text, (name, value)| text.with(name, value)).to_string()
}
