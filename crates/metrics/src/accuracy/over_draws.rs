//! Accuracies over draws of labelled images, as measurements.

use std::collections::BTreeSet;

use vimae_spec::{Direction, Measurement, Protocol, Slice};

use super::{
    ENTRY,
    conditions::{CLEAN, Condition},
};
use crate::{Summary, students_t};

/// What one protocol predicted.
pub(super) struct OverDraws<'a> {
    pub(super) protocol: &'a Protocol,
    /// Under which the codes were made, clean ones first.
    pub(super) conditions: &'a [Condition],
    /// Labelled images of a draw.
    pub(super) known: usize,
    /// True classes by draw.
    pub(super) truth: &'a [Vec<u32>],
    /// Predicted classes by draw and condition.
    pub(super) predicted: &'a [Vec<Vec<u32>>],
}

impl OverDraws<'_> {
    /// Accuracy under every condition: percent of test images, mean over draws.
    pub(super) fn accuracies(&self) -> Vec<Measurement> {
        let one = |(place, condition): (usize, &Condition)| {
            self.accuracy(condition.metric.clone(), place, |_| true).of_slice(condition.slice.clone())
        };
        self.conditions.iter().enumerate().map(one).collect()
    }

    /// Accuracy on clean images of each class alone.
    pub(super) fn classes(&self) -> Vec<Measurement> {
        let classes: BTreeSet<u32> = self.truth.iter().flatten().copied().collect();
        classes
            .into_iter()
            .map(|class| self.accuracy(format!("{CLEAN}.class_{class}"), 0, |c| c == class).of_slice(Slice::Class(class)))
            .collect()
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
        let half = summary.and_then(|s| s.standard_error).and_then(|error| students_t::half_interval(error, draws));
        let interval = half.map_or_else(String::new, |half| format!(", 95 % interval ± {half:.2}"));
        let plural = if draws == 1 { "" } else { "s" };
        percent(metric, self.protocol)
            .valued(summary.map(|s| s.mean), summary.and_then(|s| s.standard_error))
            .sized(n)
            .noted(format!("{draws} draw{plural} of {} labelled images{interval}", self.known))
    }
}

/// Measurements without a value, and why.
pub(super) fn none(protocol: &Protocol, conditions: &[Condition], n: usize, reason: &str) -> Vec<Measurement> {
    let one = |condition: &Condition| percent(condition.metric.clone(), protocol).sized(n).of_slice(condition.slice.clone());
    conditions.iter().map(|condition| one(condition).noted(reason.to_owned())).collect()
}

fn percent(metric: String, protocol: &Protocol) -> Measurement {
    Measurement::new(ENTRY.name, metric, protocol.clone(), "percent").better(Direction::Higher)
}

#[cfg(test)]
mod tests {
    use vimae_core::PixelRange;
    use vimae_spec::MaskFill;

    use super::*;
    use crate::accuracy::conditions::conditions;

    #[test]
    fn means_are_over_draws_and_classes_stand_alone() {
        let truth = [vec![1, 1, 2, 2], vec![1, 1, 2, 2]];
        let predicted = [vec![vec![1, 2, 2, 2]; 2], vec![vec![1, 1, 2, 2]; 2]];
        let protocol = Protocol::new("p");
        let conditions = &conditions(MaskFill::Black, PixelRange::Unit).unwrap()[..2];
        let over = OverDraws { protocol: &protocol, conditions, known: 6, truth: &truth, predicted: &predicted };
        let all = over.accuracies();
        assert_eq!((all.len(), all[0].value, all[0].standard_error, all[0].n), (2, Some(87.5), Some(12.5), 4));
        // t at one degree of freedom is 12.706.
        assert_eq!(all[0].note.as_deref(), Some("2 draws of 6 labelled images, 95 % interval ± 158.83"));
        let classes = over.classes();
        assert_eq!(
            classes.iter().map(|c| (c.metric.as_str(), c.value, c.n)).collect::<Vec<_>>(),
            [("accuracy.clean.class_1", Some(75.0), 2), ("accuracy.clean.class_2", Some(100.0), 2)]
        );
        assert!(none(&protocol, conditions, 4, "why").iter().all(|m| m.value.is_none() && m.note.as_deref() == Some("why")));
    }
}
