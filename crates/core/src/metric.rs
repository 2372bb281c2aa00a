//! Numbers reported about a trained model.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};
use vimae_spec::{Confusion, Evaluation, Measurement};

use crate::{Evidence, Input, Result};

/// What a metric found.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Findings {
    /// Its values, one for each protocol.
    pub measurements: Vec<Measurement>,
    /// Which class was taken for which, where it classifies.
    pub confusions: Vec<Confusion>,
}

impl From<Vec<Measurement>> for Findings {
    fn from(measurements: Vec<Measurement>) -> Self {
        Self { measurements, confusions: Vec::new() }
    }
}

/// A measurement of a trained model.
pub trait Metric: Send + Sync {
    /// The name in the catalogue.
    fn name(&self) -> &str;

    /// Whether it costs too much to be measured where an evaluation does not name it.
    fn on_request(&self) -> bool {
        false
    }

    /// The names that its measurements have as their `metric`: its own, where it does not say otherwise. A `*` at the end of one stands
    /// for a number. Experiments may expect something of these.
    fn reports(&self) -> Vec<String> {
        vec![self.name().to_owned()]
    }

    /// What it reads of the evidence, from which its time and memory are foretold.
    fn uses(&self) -> &'static [Input];

    /// The keys of `[evaluation]` that it reads itself, beside those that say how much there is of what it uses.
    fn reads(&self) -> &'static [&'static str] {
        &[]
    }

    /// What it takes beside making what it uses.
    fn cost(&self, workload: &Workload<'_>) -> EvalCost {
        let _ = workload;
        EvalCost::default()
    }

    /// All values of this metric on the evidence, one for each protocol.
    ///
    /// # Errors
    /// Where the evidence has the wrong shapes.
    fn measure(&self, evidence: &dyn Evidence) -> Result<Findings>;
}

/// The size of an evaluation, before it starts.
#[derive(Debug, Clone, Copy)]
pub struct Workload<'a> {
    /// How it is asked for.
    pub evaluation: &'a Evaluation,
    /// Training images.
    pub train: usize,
    /// Images that neither train nor test.
    pub held_out: usize,
    /// Test images.
    pub test: usize,
    /// Classes of the data set.
    pub classes: usize,
    /// Values of one image.
    pub pixels: usize,
    /// Dimensions of the code.
    pub code: usize,
    /// Whether codes have a variance.
    pub gaussian: bool,
    /// Whether the weights of the FID InceptionV3 were found.
    pub inception: bool,
}

/// What an evaluation, or one metric of it, takes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct EvalCost {
    /// Images that go through the encoder.
    pub encoded: f64,
    /// Codes that go through the decoder; a pass backwards counts as two.
    pub decoded: f64,
    /// Images that go through the Inception network.
    pub inception: f64,
    /// Seconds of everything else, on two threads of a current processor.
    pub cpu_seconds: f64,
    /// Bytes that are held beside the network.
    pub memory_bytes: f64,
}

impl AddAssign for EvalCost {
    fn add_assign(&mut self, other: Self) {
        self.encoded += other.encoded;
        self.decoded += other.decoded;
        self.inception += other.inception;
        self.cpu_seconds += other.cpu_seconds;
        self.memory_bytes += other.memory_bytes;
    }
}
