//! Support vector machines of the labelled codes, one class against the rest.

use ndarray::ArrayView2;
use vimae_core::{Entry, NoSettings, Result, settings::Schema};
use vimae_spec::Protocol;

use super::{
    BuildClassifier, Classifier, Fitted,
    machines::{Setting, refused},
};

/// The catalogue entry.
pub const ENTRY: Entry<BuildClassifier> = Entry {
    name: "svm",
    summary: "support vector machines of the labelled codes",
    source: "Cortes and Vapnik, Support-vector networks, 1995",
    settings: Schema::of::<NoSettings>,
    build: |evaluation| Setting::all(evaluation).map(|setting| Box::new(Inductive(setting)) as Box<dyn Classifier>).collect(),
};

struct Inductive(Setting);

impl Classifier for Inductive {
    fn protocol(&self) -> Protocol {
        Protocol::new("svm.inductive").with("kernel", self.0.name())
    }

    fn tuned(&self) -> Option<String> {
        self.0.tuned()
    }

    fn fit(&self, known: ArrayView2<'_, f64>, labels: &[u32], _: Option<ArrayView2<'_, f64>>) -> Result<Box<dyn Fitted>> {
        Ok(Box::new(self.0.machine(known, labels)?.train(known, labels).map_err(refused)?))
    }
}
