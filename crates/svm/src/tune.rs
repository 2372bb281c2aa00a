//! Chooses costs and widths by cross-validation on labelled points.

use std::collections::BTreeMap;

use ndarray::{ArrayView2, Axis};

use crate::{Error, Kernel, Result, Svm, check};

/// The settings that cross-validation chose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuned {
    /// The settings.
    pub svm: Svm,
    /// The share of held-out points that they classified correctly, 0 to 1.
    pub accuracy: f64,
}

/// Returns the settings in `grid` that classify held-out labelled points best, and the first of them in a tie. The points of
/// each class are dealt to the folds in turn, in their order.
///
/// # Errors
/// Returns [`Error::Folds`] if there are fewer than two folds or a class has fewer points than folds, [`Error::Setting`] for
/// an empty grid, and the errors of [`Svm::train`].
pub fn cross_validate(features: ArrayView2<'_, f64>, labels: &[u32], folds: usize, grid: &[Svm]) -> Result<Tuned> {
    check::classes(features, labels)?;
    let mut seen: BTreeMap<u32, usize> = BTreeMap::new();
    let fold: Vec<usize> = labels
        .iter()
        .map(|label| {
            let count = seen.entry(*label).or_default();
            *count += 1;
            (*count - 1) % folds.max(1)
        })
        .collect();
    let fewest = seen.values().copied().min().unwrap_or(0);
    if folds < 2 || fewest < folds {
        return Err(Error::Folds { folds: folds.max(2), fewest });
    }
    let mut best: Option<Tuned> = None;
    for svm in grid {
        let mut right = 0;
        for held_out in 0..folds {
            let (test, train): (Vec<usize>, Vec<usize>) = (0..labels.len()).partition(|i| fold[*i] == held_out);
            let of = |rows: &[usize]| rows.iter().map(|i| labels[*i]).collect::<Vec<u32>>();
            let machines = svm.train(features.select(Axis(0), &train).view(), &of(&train))?;
            let predicted = machines.classify(features.select(Axis(0), &test).view())?;
            right += predicted.iter().zip(of(&test)).filter(|(p, t)| **p == *t).count();
        }
        let accuracy = right as f64 / labels.len() as f64;
        if best.is_none_or(|b| accuracy > b.accuracy) {
            best = Some(Tuned { svm: *svm, accuracy });
        }
    }
    best.ok_or(Error::Setting { name: "the number of settings to choose from", value: 0.0, allowed: "at least 1" })
}

impl Svm {
    /// The grid of the `tuned` protocols: C in 0.1, 1, 10, 100 and, for a Gaussian kernel, gamma in 1/4, 1, 4 times
    /// 1 / d.
    pub fn grid(kernel: Kernel, dimensions: usize) -> Vec<Self> {
        let kernels = match kernel {
            Kernel::Linear => vec![Kernel::Linear],
            Kernel::Rbf { .. } => [0.25, 1.0, 4.0].map(|factor| Kernel::Rbf { gamma: factor / dimensions.max(1) as f64 }).to_vec(),
        };
        let costs = [0.1, 1.0, 10.0, 100.0];
        kernels.into_iter().flat_map(|kernel| costs.map(|cost| Self { cost, ..Self::new(kernel) })).collect()
    }
}
