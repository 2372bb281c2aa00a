//! Losses of tensors alone, for a training loop of one's own: no catalogue, no settings, no pass.
//!
//! All are scalars, differentiable in every argument, and give what the entries of the catalogue give.

use candle_core::{D, Tensor};
use vimae_core::{Divergence, Error, Result};

use crate::{distortion::sum_of_squares, divergence::mmd_imq::MmdImq, info_vae::InfoVae};

/// The negative evidence lower bound up to a constant, `D + rate` in nats: what the entry `vae` minimises.
///
/// `D` is the squared error of images and their reconstructions, `[N, C, H, W]` each, summed over channels and pixels and averaged
/// over the batch: a Gaussian decoder of variance 1/2. `rate` is a scalar, [`gaussian_rate`] or the mean of a prior's own
/// (Kingma & Welling, Auto-Encoding Variational Bayes, 2014, equation 3).
///
/// # Errors
/// Where shapes do not fit.
pub fn elbo(images: &Tensor, reconstructions: &Tensor, rate: &Tensor) -> Result<Tensor> {
    Ok((sum_of_squares(images, reconstructions)? + rate)?)
}

/// `a D + alpha rate + (lambda - alpha) divergence`: what the entry `info_vae` minimises (Zhao, Song & Ermon, InfoVAE, 2017,
/// equation 7).
///
/// Images as in [`elbo`]; `rate` and `divergence` are scalars, such as [`gaussian_rate`] and [`mmd`]. alpha = lambda = b gives
/// the beta-VAE, and alpha = 0 the VIMAE and the Wasserstein autoencoder.
///
/// # Errors
/// Where shapes do not fit.
pub fn info_vae(images: &Tensor, reconstructions: &Tensor, rate: &Tensor, divergence: &Tensor, weights: &InfoVae) -> Result<Tensor> {
    let InfoVae { recon_weight, alpha, lambda } = *weights;
    let distortion = sum_of_squares(images, reconstructions)?;
    Ok((((distortion * recon_weight)? + (rate * alpha)?)? + (divergence * (lambda - alpha))?)?)
}

/// The squared maximum mean discrepancy of two samples `[N, d]` and `[M, d]`, by the inverse multiquadric kernels of seven widths
/// for a prior of unit variance: the divergence `mmd_imq` (Tolstikhin et al., Wasserstein Auto-Encoders, 2018).
///
/// Unbiased, so that it may be negative. Other divergences are in [`divergence`](crate::divergence).
///
/// # Errors
/// Where the samples differ in d, or have fewer than two rows.
pub fn mmd(codes: &Tensor, prior_sample: &Tensor) -> Result<Tensor> {
    MmdImq.estimate(codes, prior_sample)
}

/// KL(N(mean, exp(log_var)) || N(0, 1)) in nats, summed over dimensions and averaged over rows, from `[N, d]` each:
/// mean of sum_j (mean^2 + exp(log_var) - 1 - log_var) / 2 (Kingma & Welling, 2014, appendix B).
///
/// For other priors take the mean of [`Prior::rate`](vimae_core::Prior::rate).
///
/// # Errors
/// Where the shapes differ.
pub fn gaussian_rate(mean: &Tensor, log_var: &Tensor) -> Result<Tensor> {
    if mean.dims() != log_var.dims() {
        return Err(Error::shape("log-variance", format!("{:?}", mean.dims()), log_var.dims()));
    }
    let each = ((mean.sqr()? + log_var.exp()?)? - log_var)?.affine(0.5, -0.5)?;
    Ok(each.sum(D::Minus1)?.mean_all()?)
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    #[test]
    fn a_standard_normal_code_costs_nothing_and_a_known_one_what_it_should() {
        let zeros = Tensor::new(&[[0f64, 0.0]], &Device::Cpu).unwrap();
        assert_eq!(gaussian_rate(&zeros, &zeros).unwrap().to_scalar::<f64>().unwrap(), 0.0);
        let (mean, std) = (Tensor::new(&[[0.5f64], [0.5]], &Device::Cpu).unwrap(), 0.3f64);
        let log_var = Tensor::new(&[[2.0 * std.ln()], [2.0 * std.ln()]], &Device::Cpu).unwrap();
        let rate = gaussian_rate(&mean, &log_var).unwrap().to_scalar::<f64>().unwrap();
        assert!((rate - 0.873_973).abs() < 1e-6, "{rate}");
        assert!(matches!(gaussian_rate(&mean, &zeros), Err(Error::Shape { .. })));
    }

    #[test]
    fn the_weights_of_the_info_vae_meet_their_terms() {
        let scalar = |value: f64| Tensor::new(value, &Device::Cpu).unwrap();
        let images = Tensor::new(&[[[[1f64, 0.0]]]], &Device::Cpu).unwrap();
        let output = Var::new(&[[[[0.5f64, 0.5]]]], &Device::Cpu).unwrap();
        let weights = InfoVae { recon_weight: 2.0, alpha: 3.0, lambda: 10.0 };
        let loss = info_vae(&images, &output, &scalar(5.0), &scalar(0.1), &weights).unwrap();
        assert!((loss.to_scalar::<f64>().unwrap() - (2.0 * 0.5 + 3.0 * 5.0 + 7.0 * 0.1)).abs() < 1e-12);
        let gradient = loss.backward().unwrap().get(&output).unwrap().flatten_all().unwrap().to_vec1::<f64>().unwrap();
        assert_eq!(gradient, [-2.0, 2.0]);
        assert_eq!(elbo(&images, &output, &scalar(5.0)).unwrap().to_scalar::<f64>().unwrap(), 5.5);
    }
}
