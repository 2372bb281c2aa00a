//! Accuracies over draws of labelled images, as measurements.

use std::collections::BTreeSet;

use statrs::distribution::{ContinuousCDF, StudentsT};
use vimae_metrics::Summary;
use vimae_spec::{MaskFill, Measurement};

use crate::condition::{CONDITIONS, conditions};

/// What one protocol predicted.
pub(crate) struct OverDraws<'a> {
    pub(crate) protocol: &'a str,
    /// What masks leave.
    pub(crate) fill: MaskFill,
    /// Labelled images of a draw.
    pub(crate) known: usize,
    /// True classes by draw.
    pub(crate) truth: &'a [Vec<u32>],
    /// Predicted classes by draw and condition.
    pub(crate) predicted: &'a [Vec<Vec<u32>>],
}

impl OverDraws<'_> {
    /// Accuracy under every condition: percent of test images, mean over draws.
    pub(crate) fn accuracies(&self) -> Vec<Measurement> {
        let all = |_: u32| true;
        shown(self.fill).map(|(condition, metric)| self.accuracy(metric.into(), condition, all)).collect()
    }

    /// Accuracy on clean images of each class alone.
    pub(crate) fn classes(&self) -> Vec<Measurement> {
        let classes: BTreeSet<u32> = self.truth.iter().flatten().copied().collect();
        classes.into_iter().map(|class| self.accuracy(format!("{}.class_{class}", CONDITIONS[0].0), 0, |c| c == class)).collect()
    }

    /// Measurements without a value, and why.
    pub(crate) fn none(protocol: &str, fill: MaskFill, n: usize, reason: &str) -> Vec<Measurement> {
        shown(fill).map(|(_, metric)| measurement(metric.into(), protocol, n, None, Some(reason.into()))).collect()
    }

    fn accuracy(&self, metric: String, condition: usize, of: impl Fn(u32) -> bool) -> Measurement {
        let mut n = 0;
        let mut percents = Vec::with_capacity(self.truth.len());
        for (truth, predicted) in self.truth.iter().zip(self.predicted) {
            let pairs = || truth.iter().zip(&predicted[condition]).filter(|(t, _)| of(**t));
            n = pairs().count();
            percents.push(100.0 * pairs().filter(|(t, p)| t == p).count() as f64 / n as f64);
        }
        let summary = Summary::of(&percents);
        let draws = percents.len();
        let half = summary.and_then(|s| s.standard_error).and_then(|error| Some(error * t_quantile(draws)?));
        let interval = half.map_or_else(String::new, |half| format!(", 95 % interval ± {half:.2}"));
        let plural = if draws == 1 { "" } else { "s" };
        measurement(metric, self.protocol, n, summary, Some(format!("{draws} draw{plural} of {} labelled images{interval}", self.known)))
    }
}

/// The places and names of the conditions that are reported: masks of another fill than the tables' change no other.
fn shown(fill: MaskFill) -> impl Iterator<Item = (usize, &'static str)> {
    let others = usize::from(fill != MaskFill::Black);
    conditions(fill).into_iter().map(|(metric, _)| metric).enumerate().skip(others)
}

/// Student's t at 97.5 %.
fn t_quantile(draws: usize) -> Option<f64> {
    let freedom = draws.checked_sub(1).filter(|f| *f > 0)?;
    Some(StudentsT::new(0.0, 1.0, freedom as f64).ok()?.inverse_cdf(0.975))
}

fn measurement(metric: String, protocol: &str, n: usize, summary: Option<Summary>, note: Option<String>) -> Measurement {
    Measurement {
        metric,
        protocol: protocol.into(),
        value: summary.map(|s| s.mean),
        standard_error: summary.and_then(|s| s.standard_error),
        unit: "percent".into(),
        n,
        higher_is_better: Some(true),
        note,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_over_draws_and_classes_stand_alone() {
        let truth = [vec![1, 1, 2, 2], vec![1, 1, 2, 2]];
        let predicted = [vec![vec![1, 2, 2, 2]; CONDITIONS.len()], vec![vec![1, 1, 2, 2]; CONDITIONS.len()]];
        let over = OverDraws { protocol: "p", fill: MaskFill::Black, known: 6, truth: &truth, predicted: &predicted };
        let all = over.accuracies();
        assert_eq!((all.len(), all[0].value, all[0].standard_error, all[0].n), (6, Some(87.5), Some(12.5), 4));
        // t at one degree of freedom is 12.706.
        assert_eq!(all[0].note.as_deref(), Some("2 draws of 6 labelled images, 95 % interval ± 158.83"));
        let grey = OverDraws { fill: MaskFill::Grey, ..over }.accuracies();
        assert_eq!(grey.iter().map(|m| m.metric.as_str()).collect::<Vec<_>>(), ["accuracy.mask_0_2", "accuracy.mask_0_5"]);
        let classes = over.classes();
        assert_eq!(
            classes.iter().map(|c| (c.metric.as_str(), c.value, c.n)).collect::<Vec<_>>(),
            [("accuracy.clean.class_1", Some(75.0), 2), ("accuracy.clean.class_2", Some(100.0), 2)]
        );
        assert!(OverDraws::none("p", MaskFill::Black, 4, "why").iter().all(|m| m.value.is_none() && m.note.as_deref() == Some("why")));
    }
}
