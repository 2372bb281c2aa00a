//! The fully connected network of figure 1: three hidden layers of 256 on either side.
//!
//! The paper says no more about it. Initial weights follow He et al. (2015): with the standard deviation of the WAE
//! networks, 0.01, and no batch norm, the signal would vanish in the third layer.

use vimae_core::{Entry, settings::Schema};

use crate::{
    BuildModel,
    fully_connected::{FullyConnected, Units},
};

/// The catalogue entry.
pub const ENTRY: Entry<BuildModel> = Entry {
    name: "mlp",
    summary: "Fully connected layers with ReLU on either side of the code",
    source: "Figure 1 of the VIMAE paper (3 x 256)",
    settings: Schema::of::<Layers>,
    build: |settings, request| {
        let Layers { width, layers } = settings.read()?;
        Ok(Box::new(FullyConnected::new(Units::Relu, (width, layers), request)?))
    },
};

vimae_core::settings! {
    /// The size of the network.
    pub struct Layers {
        /// units of a hidden layer
        pub width: usize = 256, from 1, to 65_536;
        /// hidden layers on either side of the code
        pub layers: usize = 3, from 1, to 16;
    }
}
