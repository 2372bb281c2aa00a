//! Gaussian noise of fixed size on every code: `z = f(x) + std eps`, `eps ~ N(0, I)`.
//!
//! The network ends in the code alone; the code's log-variance is the constant `2 ln std`, so that it has a rate.

use vimae_core::{Code, EncoderNoise, Entry, Head, Result, settings::Schema};

use super::BuildNoise;

/// The catalogue entry.
pub const ENTRY: Entry<BuildNoise> = Entry {
    name: "gaussian_fixed",
    summary: "Gaussian noise of fixed size on every code",
    source: "Grover & Ermon, Uncertainty Autoencoders, 2018",
    settings: Schema::of::<GaussianFixed>,
    build: |settings| Ok(Box::new(settings.read::<GaussianFixed>()?)),
};

vimae_core::settings! {
    /// Noise with this standard deviation.
    pub struct GaussianFixed {
        /// standard deviation, in code units
        pub std: f64 = 0.1, from 1e-6, to 1e3;
    }
}

impl EncoderNoise for GaussianFixed {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn code_head(&self) -> Head {
        Head::Gaussian
    }

    fn shape(&self, code: Code) -> Result<Code> {
        let log_var = code.mean.zeros_like()?.affine(0.0, 2.0 * self.std.ln())?;
        Ok(Code { mean: code.mean, log_var: Some(log_var) })
    }
}
