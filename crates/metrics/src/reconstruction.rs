//! How far reconstructions are from the images: 0.05 times the sum of squared errors.
//!
//! 0.05 * sum over pixels and channels of (x - y)^2 in the range of the data, mean over the images: the
//! scaling of the WAE code (Tolstikhin et al., "Wasserstein Auto-Encoders", 2018), which explains the
//! magnitudes that the VIMAE paper prints as "L2". Images `[N, C, H, W]`.

use candle_core::Tensor;
use vimae_core::{Entry, Error, Evidence, Findings, Input, Metric, NoSettings, Result, settings::Schema};
use vimae_spec::{Direction, Measurement, Protocol};

use crate::{
    BuildMetric,
    summary::{mean_of, values},
};

pub(crate) const ENTRY: Entry<BuildMetric> = Entry {
    name: "reconstruction",
    summary: "0.05 times the sum of squared errors of an image, mean over the test images",
    source: "Tolstikhin et al., Wasserstein Auto-Encoders, 2018 (code)",
    settings: Schema::of::<NoSettings>,
    build: |_| Ok(Box::new(Reconstruction)),
};

/// The factor of the WAE code.
pub const SCALE: f64 = 0.05;

/// The error of decoded means and, for a Gaussian head, of decoded draws.
#[derive(Debug, Clone, Copy)]
pub struct Reconstruction;

impl Metric for Reconstruction {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn uses(&self) -> &'static [Input] {
        &[Input::Codes, Input::Reconstructions, Input::SampledReconstructions]
    }

    fn measure(&self, evidence: &dyn Evidence) -> Result<Findings> {
        let error = |code: &str, reconstructions: &Tensor| -> Result<Measurement> {
            let errors: Vec<f64> = squared_errors(evidence.originals()?, reconstructions)?.into_iter().map(|e| SCALE * e).collect();
            let protocol = Protocol::new("reconstruction").with("code", code).with("scale", SCALE);
            Ok(mean_of(ENTRY.name, ENTRY.name, protocol, "squared error", &errors).better(Direction::Lower))
        };
        let mut errors = vec![error("mean", evidence.reconstructions()?)?];
        if evidence.code()?.log_var.is_some() {
            errors.push(error("sample", evidence.sampled_reconstructions()?)?);
        }
        Ok(errors.into())
    }
}

/// The sum of squared errors of every image.
///
/// # Errors
/// Where the two shapes differ.
pub fn squared_errors(originals: &Tensor, reconstructions: &Tensor) -> Result<Vec<f64>> {
    if originals.dims() != reconstructions.dims() {
        return Err(Error::shape("reconstructions", format!("{:?}", originals.dims()), reconstructions.dims()));
    }
    let mut errors = Vec::with_capacity(originals.dim(0)?);
    for row in 0..originals.dim(0)? {
        let difference = (originals.get(row)? - reconstructions.get(row)?)?;
        errors.push(values(&difference)?.iter().map(|d| d * d).sum());
    }
    Ok(errors)
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;

    #[test]
    fn the_factor_in_words_is_the_factor() {
        let words = format!("{SCALE} times the sum of squared errors");
        assert!(ENTRY.summary.starts_with(&words) && include_str!("reconstruction.rs").contains(&format!("are from the images: {words}")));
    }

    #[test]
    fn errors_are_summed_over_pixels_and_kept_by_image() {
        let tensor = |v: &[f32]| Tensor::from_slice(v, (2, 1, 1, 2), &Device::Cpu).unwrap();
        let errors = squared_errors(&tensor(&[0.0, 1.0, 0.5, 0.5]), &tensor(&[1.0, 1.0, 0.0, 0.25])).unwrap();
        assert_eq!(errors, [1.0, 0.3125]);
        let short = Tensor::zeros((1, 1, 1, 2), DType::F32, &Device::Cpu).unwrap();
        assert!(squared_errors(&tensor(&[0.0; 4]), &short).is_err());
    }
}
