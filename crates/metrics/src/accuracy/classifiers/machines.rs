//! What the support vector machines share: kernels, tuning, errors.

use ndarray::ArrayView2;
use vimae_core::{Error, Result};
use vimae_spec::{Evaluation, KernelName};
use vimae_svm::{Kernel, Machines, Svm, cross_validate};

use super::Fitted;

/// Folds of cross-validation.
const FOLDS: usize = 5;

/// A kernel, and whether its settings are chosen by cross-validation on the labelled codes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting {
    pub(super) kernel: KernelName,
    pub(super) tune: bool,
}

impl Setting {
    pub(super) fn all(evaluation: &Evaluation) -> impl Iterator<Item = Self> {
        evaluation.kernels.iter().map(|kernel| Self { kernel: *kernel, tune: evaluation.tune })
    }

    pub(super) fn name(self) -> &'static str {
        match self.kernel {
            KernelName::Rbf => "rbf",
            KernelName::Linear => "linear",
        }
    }

    pub(super) fn tuned(self) -> Option<String> {
        self.tune.then(|| format!("{FOLDS}-fold-on-labels"))
    }

    /// The machine for these labelled codes: C = 1 and gamma = 1 / d where nothing is tuned.
    pub(super) fn machine(self, known: ArrayView2<'_, f64>, labels: &[u32]) -> Result<Svm> {
        let kernel = match self.kernel {
            KernelName::Rbf => Kernel::Rbf { gamma: 1.0 / known.ncols().max(1) as f64 },
            KernelName::Linear => Kernel::Linear,
        };
        match self.tune {
            true => Ok(cross_validate(known, labels, FOLDS, &Svm::grid(kernel, known.ncols())).map_err(refused)?.svm),
            false => Ok(Svm::new(kernel)),
        }
    }
}

impl Fitted for Machines {
    fn classify(&self, codes: ArrayView2<'_, f64>) -> Result<Vec<u32>> {
        Self::classify(self, codes).map_err(refused)
    }
}

pub(super) fn refused(error: vimae_svm::Error) -> Error {
    Error::Unsupported { what: "support vector machines".into(), reason: error.to_string() }
}
