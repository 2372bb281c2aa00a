//! The standard error of the command's FID, and what it is over.

use vimae_metrics::fid::{Reference, standard_error};
use vimae_spec::Varies;

use super::side::Measured;
use crate::Result;

/// What an error over the images of both sides is over.
pub(super) const BOTH: &[Varies] = &[Varies::GeneratedImages, Varies::RealImages];
const GENERATED: &[Varies] = &[Varies::GeneratedImages];

/// The standard error over the images of both sides, or over the generated ones alone where the reference is a mean and a covariance; none
/// where the generated side is that.
///
/// # Errors
/// As [`standard_error`].
pub(super) fn error(reference: &Reference, real: &Measured, generated: &Measured) -> Result<Option<(f64, &'static [Varies])>> {
    let Some(features) = &generated.features else { return Ok(None) };
    let varies = if real.features.is_some() { BOTH } else { GENERATED };
    Ok(standard_error(reference, real.features.as_ref(), features, &generated.gaussian)?.map(|error| (error, varies)))
}

#[cfg(test)]
mod tests {
    use vimae_core::{Purpose, Streams};
    use vimae_metrics::{
        features::{Features, Source},
        gaussian::Gaussian,
    };

    use super::*;

    fn side(step: u64, keeps_features: bool) -> Measured {
        let values = Streams::new(5).normal(Purpose::Evaluation, step, 40 * 3);
        let features = Features::new(Source::new("net", "ab"), "images", 3, values, None).unwrap();
        Measured { gaussian: Gaussian::of(&features).unwrap(), source: None, features: keeps_features.then_some(features) }
    }

    #[test]
    fn beside_statistics_the_error_is_over_the_generated_images_alone() {
        let of = |real: bool, generated: bool| {
            let (real, generated) = (side(0, real), side(1, generated));
            error(&Reference::new(real.gaussian.clone()).unwrap(), &real, &generated).unwrap()
        };
        let ((both, of_both), (one, of_one)) = (of(true, true).unwrap(), of(false, true).unwrap());
        assert!(one > 0.0 && one < both, "{one} {both}");
        assert_eq!((of_both, of_one), (BOTH, &[Varies::GeneratedImages][..]));
        assert!(of(true, false).is_none() && of(false, false).is_none());
    }
}
