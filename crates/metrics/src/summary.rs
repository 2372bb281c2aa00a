//! The mean of a sample and how well it is known.

use candle_core::{DType, Tensor};
use vimae_core::Result;
use vimae_spec::{Doubt, Measurement, Protocol, Varies};
pub use vimae_statistics::Summary;

/// Images below which what is measured on all of them says little.
pub(crate) const FEW_IMAGES: usize = 30;

/// The mean of `values` over test images as a measurement, as [`mean`]; doubted where they are few.
pub(crate) fn mean_of(entry: &str, metric: &str, protocol: Protocol, unit: &str, values: &[f64]) -> Measurement {
    over_images(mean(entry, metric, protocol, unit, values).over(&[Varies::TestImages]), values.len())
}

/// What was measured on so many images, doubted where they are few.
pub(crate) fn over_images(found: Measurement, images: usize) -> Measurement {
    found.doubted(Doubt::FewImages, images < FEW_IMAGES)
}

/// The mean of `values` as a measurement; where it does not exist, the note counts the images at fault. Values that are all the same do
/// not say how far others may differ: their mean has no standard error. Of test images take [`mean_of`].
pub(crate) fn mean(entry: &str, metric: &str, protocol: Protocol, unit: &str, values: &[f64]) -> Measurement {
    let summary = Summary::of(values);
    let faults = values.iter().filter(|v| !v.is_finite()).count();
    Measurement::new(entry, metric, protocol, unit)
        .valued(summary.map(|s| s.mean), Summary::error_of_varying(values))
        .sized(values.len())
        .noted(summary.is_none().then(|| format!("not finite for {faults} of {} images", values.len())))
}

/// All values of a tensor in f64, row by row.
pub(crate) fn values(tensor: &Tensor) -> Result<Vec<f64>> {
    Ok(tensor.to_dtype(DType::F64)?.flatten_all()?.to_vec1()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_not_finite_becomes_a_note() {
        let mean = mean_of("rate", "rate", Protocol::new("rate.gaussian"), "nats", &[1.0, f64::INFINITY, f64::NAN]);
        assert_eq!((mean.value, mean.standard_error, mean.n), (None, None, 3));
        assert_eq!(mean.note.unwrap(), "not finite for 2 of 3 images");
    }

    #[test]
    fn a_mean_over_few_images_is_doubted_and_one_over_few_draws_is_not() {
        let (rate, values) = (|| Protocol::new("rate.gaussian"), [2.0; FEW_IMAGES]);
        let of_images = |values: &[f64]| mean_of("rate", "rate", rate(), "nats", values).doubts;
        assert_eq!([of_images(&values), of_images(&values[1..])], [Vec::new(), vec![Doubt::FewImages]]);
        assert!(mean("rate", "rate", rate(), "nats", &values[1..]).doubts.is_empty());
        // What has no value has nothing to doubt.
        assert!(of_images(&[f64::NAN]).is_empty());
        assert_eq!(Doubt::FewImages.to_string(), format!("fewer than {FEW_IMAGES} images"));
    }

    #[test]
    fn equal_values_have_a_mean_and_no_error() {
        let of = |values: &[f64]| mean_of("rate", "rate", Protocol::new("rate.gaussian"), "nats", values);
        // The sum of three is not three times 0.1.
        let equal = of(&[0.1; 3]);
        assert_eq!((equal.value.map(|v| (v - 0.1).abs() < 1e-15), equal.standard_error, equal.varies.len()), (Some(true), None, 0));
        let others = of(&[1.0, 2.0, 3.0, 6.0]);
        assert_eq!(
            (others.standard_error, others.varies),
            (Summary::of(&[1.0, 2.0, 3.0, 6.0]).unwrap().standard_error, vec![Varies::TestImages])
        );
    }
}
