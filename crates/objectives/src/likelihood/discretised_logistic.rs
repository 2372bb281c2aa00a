//! The logistic distribution on 256 levels: the probability of a byte is the mass of a logistic law around it, and of all beyond it
//! at 0 and 255.
//!
//! Location and logarithm of the scale are two numbers for each value, in units of \[-1, 1\]; values are independent given them.

use vimae_core::{Entry, NoSettings, settings::Schema};

use super::{BuildLikelihood, levels::Logistics, pixels::Pixels};

/// The catalogue entry.
pub const ENTRY: Entry<BuildLikelihood> = Entry {
    name: "discretised_logistic",
    summary: "Probabilities of the 256 levels of a byte by a logistic law, which give bits per dimension",
    source: "Kingma et al., Improving Variational Inference with Inverse Autoregressive Flow, 2016, appendix C",
    settings: Schema::of::<NoSettings>,
    build: |_, request| Ok(Box::new(Logistics { name: ENTRY.name, components: 1, pixels: Pixels(request.range) })),
};
