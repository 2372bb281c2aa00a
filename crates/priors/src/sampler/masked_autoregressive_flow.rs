//! Codes drawn from a masked autoregressive flow fitted to the training images' codes.

use vimae_core::{Entry, Prior, Result, Sampler, likelihood::Protocol, settings::Schema};

use super::BuildSampler;
use crate::flow_fit;

/// The catalogue entry.
pub const ENTRY: Entry<BuildSampler> = Entry {
    name: "masked_autoregressive_flow",
    summary: "Codes drawn from a flow of affine autoregressive blocks fitted to the training codes",
    source: "Papamakarios, Pavlakou & Murray, Masked Autoregressive Flow for Density Estimation, 2017",
    settings: Schema::of::<Blocks>,
    build: |settings| Ok(Box::new(settings.read::<Blocks>()?)),
};

vimae_core::settings! {
    /// The size of the flow.
    pub struct Blocks {
        /// blocks, each with the dimensions in the reverse order of the one before
        pub blocks: usize = 5, from 1, to 64;
        /// tanh units of a hidden layer
        pub width: usize = 100, from 1, to 4_096;
        /// hidden layers of a block
        pub layers: usize = 1, from 1, to 8;
    }
}

impl Sampler for Blocks {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn protocol(&self) -> Option<Protocol> {
        let Self { blocks, width, layers } = self;
        Some(Protocol::new(ENTRY.name).with("blocks", blocks).with("width", width).with("layers", layers))
    }

    fn fit(&self, codes: &[f64], size: usize) -> Result<Option<Box<dyn Prior>>> {
        Ok(Some(Box::new(flow_fit::fit(codes, size, self.blocks, &vec![self.width; self.layers])?)))
    }
}
