//! Accuracies over draws of labelled images, as measurements.

use std::collections::BTreeSet;

use vimae_spec::{Direction, Measurement, Protocol, Slice, Varies};
use vimae_statistics::crossed;

use super::{
    ENTRY,
    conditions::{CLEAN, Condition},
};
use crate::{Summary, summary::over_images};

/// What one protocol predicted.
pub(super) struct OverDraws<'a> {
    pub(super) protocol: &'a Protocol,
    /// Under which the codes were made, clean ones first.
    pub(super) conditions: &'a [Condition],
    /// Labelled images of a draw.
    pub(super) known: usize,
    /// Whether every draw asks for the same images.
    pub(super) same_images: bool,
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
        // 100 for each image that was recognised, 0 for each other, draw by draw.
        let outcomes: Vec<Vec<f64>> = self
            .truth
            .iter()
            .zip(self.predicted)
            .map(|(truth, predicted)| {
                let asked = truth.iter().zip(&predicted[condition]).filter(|(t, _)| of(**t));
                asked.map(|(t, p)| if t == p { 100.0 } else { 0.0 }).collect()
            })
            .collect();
        let percents: Vec<f64> = outcomes.iter().map(|draw| draw.iter().sum::<f64>() / draw.len() as f64).collect();
        let summary = Summary::of(&percents);
        let draws = percents.len();
        let (error, varies) = self.error(&outcomes, &percents);
        let n = outcomes.last().map_or(0, Vec::len);
        // Every draw may ask for images of its own.
        let images = if self.same_images { n } else { outcomes.iter().map(Vec::len).sum() };
        let plural = if draws == 1 { "" } else { "s" };
        let found = percent(metric, self.protocol)
            .valued(summary.map(|s| s.mean), error)
            .over(varies)
            .sized(n)
            .noted(format!("{draws} draw{plural} of {} labelled images", self.known));
        over_images(found, images)
    }

    /// The standard error of the mean of `outcomes`, whose means by draw are `percents`, and what it counts.
    fn error(&self, outcomes: &[Vec<f64>], percents: &[f64]) -> (Option<f64>, &'static [Varies]) {
        if self.same_images {
            // Every draw meets every image: the spread between draws alone leaves out that there are other test images.
            let varies: &[Varies] = if outcomes.len() > 1 { &[Varies::TestImages, Varies::LabelDraws] } else { &[Varies::TestImages] };
            return (crossed::error(outcomes), varies);
        }
        if percents.len() < 2 {
            return (crossed::error(outcomes), &[Varies::TestImages]);
        }
        // Each draw has classes and images of its own, so that the spread between draws counts all of it. Draws that are all alike do
        // not say how far others may differ.
        (Summary::error_of_varying(percents), &[Varies::TestImages, Varies::LabelDraws, Varies::Classes])
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
    use vimae_spec::{Doubt, MaskFill};

    use super::*;
    use crate::accuracy::conditions::conditions;

    #[test]
    fn means_are_over_draws_and_classes_stand_alone() {
        let truth = [vec![1, 1, 2, 2], vec![1, 1, 2, 2]];
        let predicted = [vec![vec![1, 2, 2, 2]; 2], vec![vec![1, 1, 2, 2]; 2]];
        let protocol = Protocol::new("p");
        let conditions = &conditions(MaskFill::Black, PixelRange::Unit).unwrap()[..2];
        let over = OverDraws { protocol: &protocol, conditions, known: 6, same_images: true, truth: &truth, predicted: &predicted };
        let all = over.accuracies();
        assert_eq!((all.len(), all[0].value, all[0].n), (2, Some(87.5), 4));
        // Of draws alone 12.5. The images' means are 100, 50, 100 and 100: variance 625, error 12.5 again; what is left has
        // the mean square 1250, and over 8 outcomes is counted once less.
        let expected = (12.5_f64.powi(2) + 12.5_f64.powi(2) - 1250.0 / 8.0).sqrt();
        assert!((all[0].standard_error.unwrap() - expected).abs() < 1e-9, "{:?}", all[0].standard_error);
        assert_eq!(all[0].varies, [Varies::TestImages, Varies::LabelDraws]);
        assert_eq!(all[0].note.as_deref(), Some("2 draws of 6 labelled images"));
        let unseen = OverDraws { same_images: false, ..over };
        assert_eq!(unseen.accuracies()[0].standard_error, Some(12.5));
        let over = OverDraws { same_images: true, ..unseen };
        let classes = over.classes();
        assert_eq!(
            classes.iter().map(|c| (c.metric.as_str(), c.value, c.n)).collect::<Vec<_>>(),
            [("accuracy.clean.class_1", Some(75.0), 2), ("accuracy.clean.class_2", Some(100.0), 2)]
        );
        assert!(all.iter().chain(&classes).all(|m| m.doubts == [Doubt::FewImages]));
        assert!(none(&protocol, conditions, 4, "why").iter().all(|m| m.value.is_none() && m.note.as_deref() == Some("why")));
    }

    #[test]
    fn draws_of_other_classes_that_are_all_alike_have_no_error() {
        // A ninth three times: the sum of the percents is not three times one of them.
        let truth: [Vec<u32>; 3] = std::array::from_fn(|_| vec![1; 9]);
        let predicted: [Vec<Vec<u32>>; 3] = std::array::from_fn(|_| vec![[vec![1], vec![2; 8]].concat()]);
        let protocol = Protocol::new("p");
        let conditions = &conditions(MaskFill::Black, PixelRange::Unit).unwrap()[..1];
        let over = OverDraws { protocol: &protocol, conditions, known: 6, same_images: false, truth: &truth, predicted: &predicted };
        let clean = &over.accuracies()[0];
        assert!((clean.value.unwrap() - 100.0 / 9.0).abs() < 1e-12, "{clean:?}");
        assert_eq!((clean.standard_error, clean.varies.len()), (None, 0));
        // Three times nine are few; a fourth draw has nine images more.
        assert_eq!(clean.doubts, [Doubt::FewImages]);
        let (truth, predicted) = (vec![truth[0].clone(); 4], vec![predicted[0].clone(); 4]);
        assert!(OverDraws { truth: &truth, predicted: &predicted, ..over }.accuracies()[0].doubts.is_empty());
    }
}
