//! What learns classes from few labelled codes: one file for each.

use ndarray::ArrayView2;
use vimae_core::{EvalCost, Result};
use vimae_spec::{Evaluation, Protocol};

mod machines;

/// Makes the variants of a classifier that an evaluation asks for, one for each kernel for instance.
pub type BuildClassifier = fn(&Evaluation) -> Vec<Box<dyn Classifier>>;

vimae_core::catalogue! {
    /// Every classifier.
    pub static CLASSIFIERS: BuildClassifier = "classifier" in {
        knn,
        probe,
        svm,
        tsvm,
    }
}

/// Something that learns classes from few labelled codes.
pub trait Classifier: Send + Sync {
    /// Its name and settings as the beginning of a protocol: `svm.inductive(kernel=rbf)`.
    fn protocol(&self) -> Protocol;

    /// The most unlabelled codes that it learns from, where it learns from any; it is then fitted anew to the codes of every
    /// corruption, and one at a time, since it may hold a large matrix.
    fn pool(&self) -> Option<usize> {
        None
    }

    /// How its settings were chosen, for the end of a protocol's name; `None` where they are fixed.
    fn tuned(&self) -> Option<String> {
        None
    }

    /// Learns from labelled codes `[n, d]` and, where it has a [`pool`](Self::pool), from unlabelled ones `[m, d]`, all
    /// standardised.
    ///
    /// # Errors
    /// [`vimae_core::Error::Unsupported`] where the labels give no classifier.
    fn fit(&self, known: ArrayView2<'_, f64>, labels: &[u32], pool: Option<ArrayView2<'_, f64>>) -> Result<Box<dyn Fitted>>;

    /// What one fit to `labels` labelled codes and the classification of `asked` others take. A second or less by default.
    fn cost(&self, labels: usize, asked: usize) -> EvalCost {
        EvalCost { cpu_seconds: PAIR_SECONDS * (labels * (labels + asked)) as f64, ..EvalCost::default() }
    }
}

/// A classifier that has learnt.
pub trait Fitted {
    /// The class of each row of codes `[m, d]`.
    ///
    /// # Errors
    /// Where the codes have another size than those that it learnt from.
    fn classify(&self, codes: ArrayView2<'_, f64>) -> Result<Vec<u32>>;
}

/// Seconds for each pair of a labelled code with another, on two threads; what tuning adds is left out.
const PAIR_SECONDS: f64 = 5e-9;
