//! Layers one after the other, in training or in evaluation.

use candle_core::{ModuleT, Result, Tensor};

/// As `candle_nn::Sequential`, with two modes, and usable from any thread.
#[derive(Default)]
pub struct SequentialT {
    layers: Vec<Box<dyn ModuleT + Send + Sync>>,
}

/// A sequence of no layers yet.
#[must_use]
pub fn seq_t() -> SequentialT {
    SequentialT::default()
}

impl SequentialT {
    /// The sequence, then this layer.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "as candle_nn::Sequential calls it")]
    pub fn add(mut self, layer: impl ModuleT + Send + Sync + 'static) -> Self {
        self.layers.push(Box::new(layer));
        self
    }

    /// The sequence, then this function.
    #[must_use]
    pub fn add_fn(self, function: impl Fn(&Tensor) -> Result<Tensor> + Send + Sync + 'static) -> Self {
        self.add(function)
    }
}

impl std::fmt::Debug for SequentialT {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SequentialT of {} layers", self.layers.len())
    }
}

impl ModuleT for SequentialT {
    fn forward_t(&self, x: &Tensor, train: bool) -> Result<Tensor> {
        self.layers.iter().try_fold(x.clone(), |x, layer| layer.forward_t(&x, train))
    }
}
