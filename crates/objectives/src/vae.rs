//! The variational autoencoder and its beta family.
//!
//! Loss: `a D + beta E KL(q(z|x) || p(z))`. With D the squared error and `beta = 1` it is, up to a constant, the negative ELBO of a
//! Gaussian decoder of variance `1 / (2 a)` in the range of the data: 1/2 for `a = 1`, and unit variance for `a = 1/2` (Kingma & Welling
//! 2014; Higgins et al. 2017 for beta).

use vimae_core::{Entry, Loss, Objective, Pass, Result, settings::Schema};

use crate::{BuildObjective, distortion};

/// The catalogue entry.
pub const ENTRY: Entry<BuildObjective> = Entry {
    name: "vae",
    summary: "Distortion plus the rate: the evidence lower bound",
    source: "Kingma & Welling, Auto-Encoding Variational Bayes, 2014",
    settings: Schema::of::<Vae>,
    build: |settings| {
        let Vae { recon_weight, beta } = settings.read()?;
        Ok(Box::new(BetaVae { name: settings.name(), recon_weight, beta }))
    },
};

vimae_core::settings! {
    /// The settings of the VAE.
    pub struct Vae {
        /// weight a of the distortion
        pub recon_weight: f64 = 1.0, from 0.0, to 1e6;
        /// weight of the rate in nats
        pub beta: f64 = 1.0, from 0.0, to 1e6;
    }
}

/// `recon_weight * D + beta * rate`.
#[derive(Debug, Clone)]
pub struct BetaVae {
    /// The name under which it stands in the catalogue.
    pub name: &'static str,
    /// Weight of the distortion.
    pub recon_weight: f64,
    /// Weight of the rate.
    pub beta: f64,
}

impl Objective for BetaVae {
    fn name(&self) -> &str {
        self.name
    }

    fn equation(&self) -> &'static str {
        "a D + beta KL(q(z|x) || p(z))"
    }

    fn default_noise(&self) -> &'static str {
        "gaussian_head"
    }

    fn needs_rate(&self) -> bool {
        true
    }

    fn takes_rate_rule(&self) -> bool {
        true
    }

    fn loss(&self, pass: &Pass<'_>) -> Result<Loss> {
        let distortion = distortion::of(pass)?;
        let [rate, counted] = pass.rates()?;
        let total = ((&distortion * self.recon_weight)? + (counted * self.beta)?)?;
        Ok(Loss { total, terms: vec![("distortion", distortion), ("rate", rate)] })
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Tensor};
    use serde_json::json;
    use vimae_core::{ImageShape, PartRequest, PixelRange};

    use crate::{distortion::sum_of_squares, likelihood::LIKELIHOODS};

    #[test]
    fn the_squared_error_is_that_of_a_gaussian_decoder_of_variance_one_half() {
        let image = ImageShape { channels: 1, height: 1, width: 2 };
        let request = PartRequest { code: 1, image, range: PixelRange::Unit, seed: 0, dtype: DType::F64, device: Device::Cpu };
        let gaussian = LIKELIHOODS.build("gaussian", json!({ "sigma": 0.5_f64.sqrt() }).as_object().unwrap(), &request).unwrap();
        let tensor = |values: [f64; 2]| Tensor::new(&[[[values]]], &Device::Cpu).unwrap();
        for output in [[0.9, 0.1], [0.2, 0.7]] {
            let (images, output) = (tensor([1.0, 0.3]), tensor(output));
            let squares = sum_of_squares(&images, &output).unwrap().to_scalar::<f64>().unwrap();
            let nats = gaussian.log_likelihood(&images, &output).unwrap().to_vec1::<f64>().unwrap()[0];
            // ln N(x; m, 1/2) = -(x - m)^2 - ln(pi) / 2 for each of two values.
            assert!((nats + squares + std::f64::consts::PI.ln()).abs() < 1e-12, "{nats} {squares}");
        }
    }
}
