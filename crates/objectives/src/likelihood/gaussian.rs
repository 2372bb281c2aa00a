//! The Gaussian: value by value `ln p(x|z) = -(x - m)^2 / (2 s^2) - ln s - ln(2 pi) / 2`, in units of the \[0, 1\] interval.
//!
//! Its scale is given; or learned, a second number ln s for each value; or optimal, `s^2 = E |x - g(z)|^2 / D` of each batch, which
//! is the maximum over a common s (Rybkin et al. 2021, section 4.2). A scale that is fitted must not fall to 0 where pixels are
//! known exactly: it has a least value. Evaluations choose the common scale of an optimal one on held-out images.

use vimae_core::{Entry, settings::Schema};

use super::{
    BuildLikelihood,
    location_scale::{self, Law, LocationScale},
    pixels::Pixels,
};

/// The catalogue entry.
pub const ENTRY: Entry<BuildLikelihood> = Entry {
    name: "gaussian",
    summary: "A Gaussian whose scale is given, learned for each value, or the likeliest of each batch",
    source: "Rybkin, Daniilidis & Levine, Simple and Effective VAE Training with Calibrated Decoders, 2021",
    settings: Schema::of::<Gaussian>,
    build: |settings, request| {
        let Gaussian { scale, sigma, least } = settings.read()?;
        let scale = match scale {
            Scale::Fixed => location_scale::Scale::Fixed(sigma),
            Scale::Learned => location_scale::Scale::Learned { least },
            Scale::Optimal => location_scale::Scale::Optimal { least },
        };
        Ok(Box::new(LocationScale { name: ENTRY.name, law: Law::Gaussian, scale, pixels: Pixels(request.range) }))
    },
};

vimae_core::settings! {
    /// The settings of the Gaussian.
    pub struct Gaussian {
        /// where the standard deviation comes from
        pub scale: Scale = Scale::Fixed;
        /// standard deviation where it is fixed, in units of [0, 1]
        pub sigma: f64 = 0.1, from 1e-6, to 100.0;
        /// least standard deviation where it is learned or optimal, in units of [0, 1]; 0 sets no bound
        pub least: f64 = 0.0025, from 0.0, to 1.0;
    }
}

vimae_core::settings! {
    /// Where a scale comes from.
    #[expect(missing_docs, reason = "the words say it")]
    pub enum Scale { Fixed, Learned, Optimal }
}
