//! The mean of a sample and how well it is known.

use candle_core::{DType, Tensor};
use vimae_core::Result;
use vimae_spec::{Measurement, Protocol, Varies};
pub use vimae_statistics::Summary;

/// The mean of `values` over images as a measurement; where it does not exist, the note counts the images at fault.
pub(crate) fn mean_of(entry: &str, metric: &str, protocol: Protocol, unit: &str, values: &[f64]) -> Measurement {
    let summary = Summary::of(values);
    let faults = values.iter().filter(|v| !v.is_finite()).count();
    Measurement::new(entry, metric, protocol, unit)
        .valued(summary.map(|s| s.mean), summary.and_then(|s| s.standard_error))
        .over(&[Varies::TestImages])
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
}
