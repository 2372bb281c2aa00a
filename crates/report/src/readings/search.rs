//! The search: a weight is fitted, for each reading, to the rates of one figure, and predicts all else that the paper prints of the
//! same methods.

use std::{
    collections::{BTreeMap, BTreeSet},
    f64::consts::LN_2,
};

use vimae_spec::Paper;

use super::{
    by_seed::{BySeed, mean},
    run_identity::{Networks, RATE, weight_of},
};
use crate::{
    headline_table::{MeanInterval, SEEDS_OF_AN_INTERVAL},
    method,
    plot::Line,
    run_view::RunView,
};

/// The figure whose rates are fitted: the paper's first.
pub(crate) const FITTED: &str = "figure6";
/// What the paper's rate may be: its name, and what a divergence in nats is multiplied by. 2 KL is the sum without its half.
pub(crate) const READINGS: [(&str, f64); 4] =
    [("KL, nats", 1.0), ("KL, bits", 1.0 / LN_2), ("2 KL, nats", 2.0), ("2 KL, bits", 2.0 / LN_2)];
const RECONSTRUCTION: (&str, &str) = ("reconstruction", "reconstruction(code=mean,scale=0.05)");
/// Weights below which there is nothing to choose from.
const FEWEST_WEIGHTS: usize = 2;
/// A reading is clearly the best where its error is at most so much of the next one's.
const CLEARLY: f64 = 0.5;

/// A weight, ordered: the bits of positive numbers are in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Weight(u64);

impl Weight {
    fn value(self) -> f64 {
        f64::from_bits(self.0)
    }
}

/// A number that the paper prints, with ours by weight and seed.
struct Printed {
    target: String,
    method: String,
    is_rate: bool,
    value: f64,
    ours: BTreeMap<Weight, BySeed>,
}

/// Whether there is a search among some runs.
pub(crate) enum Found {
    /// They do not vary the weight of the methods that [`FITTED`] is about.
    Nothing,
    /// Runs of this method on this data set differ in more than the weight and the seed.
    Mixed {
        /// The objective.
        method: String,
        /// The data set.
        dataset: String,
    },
    /// There is.
    Search(Search),
}

/// All that the search knows.
pub(crate) struct Search {
    /// What is fitted, then what is predicted.
    printed: Vec<Printed>,
    /// Tables and figures with numbers of the same methods whose data sets were not measured.
    pub(crate) unmeasured: Vec<String>,
    weights: BTreeSet<Weight>,
    interval: MeanInterval,
}

/// One reading with the weight that fits it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fit {
    /// Its place among [`READINGS`].
    pub(crate) reading: usize,
    /// The weight whose rates come nearest to those of [`FITTED`].
    pub(crate) weight: f64,
    /// Whether it is the least or the largest that was tried, so that the true best may lie beyond.
    pub(crate) at_the_end: bool,
    /// How far these rates are off: a relative error.
    pub(crate) fitted: f64,
    /// How far the predictions are off; none where something is not measured at this weight.
    pub(crate) predicted: Option<Predicted>,
}

/// Relative errors of what was predicted, over seeds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Predicted {
    /// Of all that was predicted.
    pub(crate) mean: f64,
    /// Its interval over seeds, where there are enough.
    pub(crate) interval: Option<[f64; 2]>,
    /// Seeds.
    pub(crate) seeds: usize,
    /// Of the rates alone, where the paper prints any.
    pub(crate) rates: Option<f64>,
    /// Of the reconstructions alone.
    pub(crate) reconstructions: Option<f64>,
}

/// What one number of the paper is under a reading and its weight.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Compared<'a> {
    pub(crate) target: &'a str,
    pub(crate) method: &'a str,
    pub(crate) is_rate: bool,
    pub(crate) paper: f64,
    pub(crate) ours: Option<f64>,
}

impl Search {
    /// The search of these runs.
    pub(crate) fn of<'a>(runs: impl IntoIterator<Item = &'a RunView>, paper: &Paper, interval: MeanInterval) -> Found {
        let (mut networks, mut mixed) = (Networks::default(), None);
        let mut found: BTreeMap<(String, String, bool), BTreeMap<Weight, BySeed>> = BTreeMap::new();
        let mut weights = BTreeSet::new();
        for RunView { record, .. } in runs {
            let spec = &record.spec;
            let Some(weight) = weight_of(spec).map(|weight| Weight(weight.to_bits())) else { continue };
            let (dataset, method) = (&spec.dataset.name, &spec.objective.name);
            if !networks.is_one((dataset.clone(), method.clone()), spec) {
                mixed = Some(Found::Mixed { method: method.clone(), dataset: dataset.clone() });
            }
            for (is_rate, (metric, protocol)) in [(true, RATE), (false, RECONSTRUCTION)] {
                let measured = record.measurements.iter().find(|m| m.metric == metric && m.protocol == *protocol);
                let Some(value) = measured.and_then(|m| m.value).filter(|value| value.is_finite() && *value > 0.0) else { continue };
                let key = (dataset.clone(), method.clone(), is_rate);
                found.entry(key).or_default().entry(weight).or_default().insert(spec.seed, value);
                weights.insert(weight);
            }
        }
        let printed = |(target, is_rate): (&str, bool)| {
            let metric = if is_rate { RATE.0 } else { RECONSTRUCTION.0 };
            let of_target = paper.0.get(target);
            let rows = of_target.into_iter().flat_map(|of_target| of_target.rows.iter().map(move |row| (of_target, row)));
            let values = rows.filter(|(_, row)| row.metric == metric).flat_map(|(of_target, row)| {
                let dataset = row.dataset.as_ref().unwrap_or(&of_target.dataset);
                row.values.iter().map(move |(method, value)| (dataset.clone(), method.clone(), *value))
            });
            // A rate by another estimator than the closed form is another number: methods without one are not part of this.
            let values = values.filter(|(dataset, method, _)| found.contains_key(&(dataset.clone(), method.clone(), true)));
            let mut values: Vec<Printed> = values
                .map(|(dataset, method, value)| Printed {
                    target: target.to_owned(),
                    ours: found.get(&(dataset, method.clone(), is_rate)).cloned().unwrap_or_default(),
                    method,
                    is_rate,
                    value,
                })
                .collect();
            values.sort_by(|a, b| method::rank(&a.method).cmp(&method::rank(&b.method)));
            values
        };
        let others = paper.0.keys().map(String::as_str).filter(|target| *target != FITTED);
        let order = [(FITTED, true), (FITTED, false)].into_iter().chain(others.flat_map(|target| [(target, true), (target, false)]));
        let printed: Vec<Printed> = order.flat_map(printed).collect();
        if !printed.iter().any(Printed::is_fitted) || weights.len() < FEWEST_WEIGHTS {
            return Found::Nothing;
        }
        let searched = |method: &String| printed.iter().any(|one| one.method == *method);
        let about = |target: &vimae_spec::PaperTarget| {
            let mut rows = target.rows.iter().filter(|row| row.metric == RATE.0 || row.metric == RECONSTRUCTION.0);
            rows.any(|row| row.values.keys().any(searched))
        };
        let measured = |target: &str| printed.iter().any(|one| one.target == target);
        let unmeasured = paper.0.iter().filter(|(name, target)| about(target) && !measured(name)).map(|(name, _)| name.clone());
        let unmeasured = unmeasured.collect();
        mixed.unwrap_or(Found::Search(Self { printed, unmeasured, weights, interval }))
    }

    /// Each reading with its best weight, the one that predicts best first.
    pub(crate) fn fits(&self) -> Vec<Fit> {
        let mut fits: Vec<Fit> = (0..READINGS.len()).filter_map(|reading| self.fit(reading)).collect();
        let error = |fit: &Fit| fit.predicted.as_ref().map_or(f64::INFINITY, |predicted| predicted.mean);
        fits.sort_by(|a, b| error(a).total_cmp(&error(b)).then(a.fitted.total_cmp(&b.fitted)));
        fits
    }

    /// Whether the first of [`Self::fits`] is clearly the best: its error on what was predicted is at most half of the next
    /// one's. None where two did not predict rates: reconstructions tell no reading of the rates from another.
    pub(crate) fn is_clear(fits: &[Fit]) -> Option<bool> {
        let predicted = |fit: &Fit| fit.predicted.as_ref().filter(|predicted| predicted.rates.is_some()).map(|predicted| predicted.mean);
        let [first, second, ..] = fits else { return None };
        Some(predicted(first)? <= CLEARLY * predicted(second)?)
    }

    /// Each printed number beside ours under a fit.
    pub(crate) fn compared(&self, fit: &Fit) -> Vec<Compared<'_>> {
        let weight = Weight(fit.weight.to_bits());
        let of = |one: &'_ Printed| one.mean(weight).map(|mean| mean * one.factor(fit.reading));
        self.printed
            .iter()
            .map(|one| Compared { target: &one.target, method: &one.method, is_rate: one.is_rate, paper: one.value, ours: of(one) })
            .collect()
    }

    /// The error of the fitted rates in percent over the weight, a line a reading.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let point = |reading: usize, weight: Weight| Some((weight.value(), 100.0 * self.fitted(reading, weight)?));
        let line = |(reading, (name, _)): (usize, &(&str, f64))| Line {
            name: (*name).to_owned(),
            colour: reading,
            points: self.weights.iter().filter_map(|weight| point(reading, *weight)).collect(),
        };
        READINGS.iter().enumerate().map(line).collect()
    }

    fn fit(&self, reading: usize) -> Option<Fit> {
        let errors: Vec<(f64, Weight)> = self.weights.iter().filter_map(|w| Some((self.fitted(reading, *w)?, *w))).collect();
        let (fitted, weight) = errors.iter().copied().min_by(|a, b| a.0.total_cmp(&b.0))?;
        let at_the_end = [errors.first(), errors.last()].into_iter().flatten().any(|(_, end)| *end == weight);
        Some(Fit { reading, weight: weight.value(), at_the_end, fitted, predicted: self.predicted(reading, weight) })
    }

    /// The relative error of the fitted rates by their means over seeds.
    fn fitted(&self, reading: usize, weight: Weight) -> Option<f64> {
        let ratios = self.printed.iter().filter(|one| one.is_fitted());
        error(ratios.map(|one| one.mean(weight).map(|mean| mean * one.factor(reading) / one.value)))
    }

    fn predicted(&self, reading: usize, weight: Weight) -> Option<Predicted> {
        let all = || self.printed.iter().filter(|one| !one.is_fitted());
        // Seeds that have every number.
        let of_first = all().next()?.ours.get(&weight)?;
        let has_all = |seed: &u64| all().all(|one| one.ours.get(&weight).is_some_and(|values| values.contains_key(seed)));
        let seeds: Vec<u64> = of_first.keys().copied().filter(has_all).collect();
        let of_seed = |seed: u64, wanted: &dyn Fn(&Printed) -> bool| {
            let ours = |one: &Printed| one.ours.get(&weight)?.get(&seed).map(|value| value * one.factor(reading) / one.value);
            error(all().filter(|one| wanted(one)).map(ours))
        };
        let over = |wanted: &dyn Fn(&Printed) -> bool| seeds.iter().map(|seed| of_seed(*seed, wanted)).collect::<Option<Vec<f64>>>();
        let of_all = |errors: &[f64]| (!errors.is_empty()).then(|| errors.iter().sum::<f64>() / errors.len() as f64);
        let every = over(&|_| true)?;
        Some(Predicted {
            mean: of_all(&every)?,
            interval: (self.interval)(&every).filter(|_| every.len() >= SEEDS_OF_AN_INTERVAL),
            seeds: every.len(),
            rates: over(&|one| one.is_rate).and_then(|errors| of_all(&errors)),
            reconstructions: over(&|one| !one.is_rate).and_then(|errors| of_all(&errors)),
        })
    }
}

impl Printed {
    fn is_fitted(&self) -> bool {
        self.is_rate && self.target == FITTED
    }

    fn factor(&self, reading: usize) -> f64 {
        if self.is_rate { READINGS[reading].1 } else { 1.0 }
    }

    fn mean(&self, weight: Weight) -> Option<f64> {
        Some(mean(self.ours.get(&weight)?))
    }
}

/// The relative error that these ratios have together: e to the root mean square of their logarithms, less 1. None where
/// there is no ratio or one is missing.
fn error(ratios: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let squares: Vec<f64> = ratios.map(|ratio| Some(ratio?.ln().powi(2))).collect::<Option<_>>()?;
    (!squares.is_empty()).then(|| (squares.iter().sum::<f64>() / squares.len() as f64).sqrt().exp_m1())
}
