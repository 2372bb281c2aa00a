//! Transductive support vector machines: of the labelled codes and a pool of test codes, whose labels they never see.

use ndarray::ArrayView2;
use vimae_core::{Entry, EvalCost, NoSettings, Result, settings::Schema};
use vimae_spec::{KernelName, Protocol};
use vimae_svm::TransductiveSvm;

use super::{
    BuildClassifier, Classifier, Fitted,
    machines::{Setting, refused},
};

/// The catalogue entry.
pub const ENTRY: Entry<BuildClassifier> = Entry {
    name: "tsvm",
    summary: "support vector machines of the labelled codes and a pool of test codes",
    source: "Joachims, Transductive Inference for Text Classification using Support Vector Machines, 1999",
    settings: Schema::of::<NoSettings>,
    build: |evaluation| {
        let one = |setting| Box::new(Transductive { setting, pool: evaluation.pool }) as Box<dyn Classifier>;
        Setting::all(evaluation).map(one).collect()
    },
};

/// Seconds for each pair of codes, for all classes, on two threads.
const PAIR_SECONDS: f64 = 3.2e-8;

struct Transductive {
    setting: Setting,
    pool: usize,
}

impl Classifier for Transductive {
    fn protocol(&self) -> Protocol {
        Protocol::new("svm.transductive").with("kernel", self.setting.name())
    }

    fn pool(&self) -> Option<usize> {
        Some(self.pool)
    }

    fn tuned(&self) -> Option<String> {
        self.setting.tuned()
    }

    fn fit(&self, known: ArrayView2<'_, f64>, labels: &[u32], pool: Option<ArrayView2<'_, f64>>) -> Result<Box<dyn Fitted>> {
        let machine = self.setting.machine(known, labels)?;
        Ok(match pool {
            Some(pool) => Box::new(TransductiveSvm::new(machine).train(known, labels, pool).map_err(refused)?.machines),
            None => Box::new(machine.train(known, labels).map_err(refused)?),
        })
    }

    fn cost(&self, labels: usize, asked: usize) -> EvalCost {
        let codes = labels + asked.min(self.pool);
        let matrix = if self.setting.kernel == KernelName::Rbf { 4 * codes.pow(2) } else { 0 };
        EvalCost { cpu_seconds: PAIR_SECONDS * (codes as f64).powi(2), memory_bytes: matrix as f64, ..EvalCost::default() }
    }
}
