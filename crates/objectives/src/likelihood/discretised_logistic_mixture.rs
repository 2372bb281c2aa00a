//! A mixture of logistic distributions on 256 levels: three numbers for each value and component, the logit of its weight, its
//! location and the logarithm of its scale, in units of \[-1, 1\].
//!
//! The colours of a pixel are independent given the code: the published network makes each depend on those before it.

use vimae_core::{Entry, settings::Schema};

use super::{BuildLikelihood, levels::Logistics, pixels::Pixels};

/// The catalogue entry.
pub const ENTRY: Entry<BuildLikelihood> = Entry {
    name: "discretised_logistic_mixture",
    summary: "Probabilities of the 256 levels of a byte by a mixture of logistic laws",
    source: "Salimans et al., PixelCNN++: Improving the PixelCNN with Discretized Logistic Mixture Likelihood, 2017, equations 1 and 2",
    settings: Schema::of::<Components>,
    build: |settings, request| {
        let Components { components } = settings.read()?;
        Ok(Box::new(Logistics { name: ENTRY.name, components, pixels: Pixels(request.range) }))
    },
};

vimae_core::settings! {
    /// The settings of the mixture.
    pub struct Components {
        /// logistic laws of each value
        pub components: usize = 5, from 2, to 64;
    }
}
