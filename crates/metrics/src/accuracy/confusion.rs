//! Which class was taken for which.

use vimae_spec::{Confusion, Protocol};

use super::conditions::Condition;

/// The counts under every condition, `conditions` being those of the codes; `truth` by draw, `predicted` by draw and condition.
pub(super) fn of(protocol: &Protocol, conditions: &[Condition], truth: &[Vec<u32>], predicted: &[Vec<Vec<u32>>]) -> Vec<Confusion> {
    let mut classes: Vec<u32> = truth.iter().flatten().chain(predicted.iter().flatten().flatten()).copied().collect();
    classes.sort_unstable();
    classes.dedup();
    let count = |(condition, of): (usize, &Condition)| {
        let mut counts = vec![vec![0; classes.len()]; classes.len()];
        for (truth, predicted) in truth.iter().zip(predicted) {
            for (t, p) in truth.iter().zip(&predicted[condition]) {
                if let (Ok(t), Ok(p)) = (classes.binary_search(t), classes.binary_search(p)) {
                    counts[t][p] += 1;
                }
            }
        }
        let (protocol, metric, slice) = (protocol.clone(), of.metric.clone(), of.slice.clone());
        Confusion { protocol, metric, slice, classes: classes.clone(), names: Vec::new(), counts }
    };
    conditions.iter().enumerate().map(count).collect()
}

#[cfg(test)]
mod tests {
    use vimae_core::PixelRange;
    use vimae_spec::MaskFill;

    use super::*;
    use crate::accuracy::conditions::conditions;

    #[test]
    fn rows_are_true_classes_over_all_draws() {
        let truth = [vec![3, 5, 5], vec![3, 3, 5]];
        let predicted = [vec![vec![3, 3, 5]; 6], vec![vec![3, 7, 5]; 6]];
        let conditions = conditions(MaskFill::Black, PixelRange::Unit).unwrap();
        let found = of(&Protocol::new("p"), &conditions, &truth, &predicted);
        assert_eq!((found.len(), &found[1].metric[..]), (6, "accuracy.gaussian_0_2"));
        assert_eq!(found[0].classes, [3, 5, 7]);
        assert_eq!(found[0].counts, [[2, 0, 1], [1, 2, 0], [0, 0, 0]]);
    }
}
