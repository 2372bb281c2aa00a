//! Which class was taken for which.

use serde::Serialize;

use crate::condition::CONDITIONS;

/// Counts of one protocol under one condition, over all draws.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Confusion {
    /// The protocol.
    pub protocol: String,
    /// The metric of its accuracy: `accuracy.clean` ...
    pub metric: String,
    /// The classes, in the order of rows and columns.
    pub classes: Vec<u32>,
    /// Images by true class (rows) and predicted class.
    pub counts: Vec<Vec<u64>>,
}

/// The counts under every condition; `truth` by draw, `predicted` by draw and condition.
pub(crate) fn of(protocol: &str, truth: &[Vec<u32>], predicted: &[Vec<Vec<u32>>]) -> Vec<Confusion> {
    let mut classes: Vec<u32> = truth.iter().flatten().chain(predicted.iter().flatten().flatten()).copied().collect();
    classes.sort_unstable();
    classes.dedup();
    let count = |(condition, (metric, _)): (usize, &(&str, _))| {
        let mut counts = vec![vec![0; classes.len()]; classes.len()];
        for (truth, predicted) in truth.iter().zip(predicted) {
            for (t, p) in truth.iter().zip(&predicted[condition]) {
                if let (Ok(t), Ok(p)) = (classes.binary_search(t), classes.binary_search(p)) {
                    counts[t][p] += 1;
                }
            }
        }
        Confusion { protocol: protocol.into(), metric: (*metric).into(), classes: classes.clone(), counts }
    };
    CONDITIONS.iter().enumerate().map(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_true_classes_over_all_draws() {
        let truth = [vec![3, 5, 5], vec![3, 3, 5]];
        let predicted = [vec![vec![3, 3, 5]; 6], vec![vec![3, 7, 5]; 6]];
        let found = of("p", &truth, &predicted);
        assert_eq!((found.len(), &found[1].metric[..]), (6, "accuracy.gaussian_0_2"));
        assert_eq!(found[0].classes, [3, 5, 7]);
        assert_eq!(found[0].counts, [[2, 0, 1], [1, 2, 0], [0, 0, 0]]);
    }
}
