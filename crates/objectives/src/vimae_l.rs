//! The Variational InfoMax AutoEncoder with a logistic prior of unit variance: `a D + lambda divergence(q(z), p(z))`.

use vimae_core::{Entry, settings::Schema};

use crate::{
    BuildObjective,
    vimae_n::{Vimae, Weights},
};

/// The catalogue entry.
pub const ENTRY: Entry<BuildObjective> = Entry {
    name: "vimae_l",
    summary: "Distortion plus the divergence of the codes from a logistic prior, with noise on the encoder's input",
    source: "The Variational InfoMax AutoEncoder, section 3.2 and appendix",
    settings: Schema::of::<Weights>,
    build: |settings| Ok(Box::new(Vimae::new("logistic", settings)?)),
};
