//! The network of Burda et al. (2016) with one stochastic layer: two hidden layers of 200 tanh units on either side; take a code of
//! 50 and a Bernoulli likelihood for their numbers on binarised MNIST.
//!
//! Initial weights are those of Glorot & Bengio (2010), as theirs. Their bias of the pixels, which starts at the logit of each mean
//! pixel, starts at 0 here.

use vimae_core::{Entry, settings::Schema};

use crate::{
    BuildModel,
    fully_connected::{FullyConnected, Units},
};

/// The catalogue entry.
pub const ENTRY: Entry<BuildModel> = Entry {
    name: "iwae_mlp",
    summary: "Two fully connected layers of tanh units on either side of the code: the network of published NLLs on MNIST",
    source: "Burda, Grosse & Salakhutdinov, Importance Weighted Autoencoders, 2016, appendix C",
    settings: Schema::of::<Layers>,
    build: |settings, request| {
        let Layers { width, layers } = settings.read()?;
        Ok(Box::new(FullyConnected::new(Units::Tanh, (width, layers), request)?))
    },
};

vimae_core::settings! {
    /// The size of the network.
    pub struct Layers {
        /// units of a hidden layer
        pub width: usize = 200, from 1, to 65_536;
        /// hidden layers on either side of the code
        pub layers: usize = 2, from 1, to 16;
    }
}
