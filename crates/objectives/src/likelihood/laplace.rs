//! The Laplace distribution: value by value `ln p(x|z) = -|x - m| / b - ln(2 b)`, in units of the \[0, 1\] interval.
//!
//! With a scale that is given it is the absolute error. A scale that is learned is a second number ln b for each value, with a
//! least value that it approaches.

use vimae_core::{Entry, settings::Schema};

use super::{
    BuildLikelihood,
    location_scale::{self, Law, LocationScale},
    pixels::Pixels,
};

/// The catalogue entry.
pub const ENTRY: Entry<BuildLikelihood> = Entry {
    name: "laplace",
    summary: "A Laplace distribution whose scale is given or learned for each value: the absolute error",
    source: "Laplace 1774; as the reconstruction loss L1 of many autoencoders",
    settings: Schema::of::<Laplace>,
    build: |settings, request| {
        let Laplace { scale, b, least } = settings.read()?;
        let scale = match scale {
            Scale::Fixed => location_scale::Scale::Fixed(b),
            Scale::Learned => location_scale::Scale::Learned { least },
        };
        Ok(Box::new(LocationScale { name: ENTRY.name, law: Law::Laplace, scale, pixels: Pixels(request.range) }))
    },
};

vimae_core::settings! {
    /// The settings of the Laplace distribution.
    pub struct Laplace {
        /// where the scale b comes from
        pub scale: Scale = Scale::Fixed;
        /// scale b where it is fixed, in units of [0, 1]
        pub b: f64 = 0.1, from 1e-6, to 100.0;
        /// least scale where it is learned, in units of [0, 1]; 0 sets no bound
        pub least: f64 = 0.0025, from 0.0, to 1.0;
    }
}

vimae_core::settings! {
    /// Where a scale comes from.
    #[expect(missing_docs, reason = "the words say it")]
    pub enum Scale { Fixed, Learned }
}
