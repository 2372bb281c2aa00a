//! Maximum mean discrepancy with a Gaussian kernel, k(x, y) = exp(-|x - y|^2 / (2 s^2)).
//!
//! `fixed`: s^2 = `scale` d. `median`: s^2 = `scale` times the median of the squared distances between any two rows of
//! both samples, without gradient (Gretton et al., "A Kernel Two-Sample Test", 2012, section 8). Symmetric; unbiased at
//! a fixed width (the median depends on the samples, a little); it may be negative.

use candle_core::{DType, Device, Tensor};
use rayon::prelude::*;
use vimae_core::{Divergence, Entry, Result, settings::Schema};

use super::{
    BuildDivergence,
    pairs::{self, Radial},
};

/// The catalogue entry.
pub const ENTRY: Entry<BuildDivergence> = Entry {
    name: "mmd_rbf",
    summary: "Unbiased MMD with a Gaussian kernel of fixed or median width",
    source: "Gretton et al., A Kernel Two-Sample Test, 2012",
    settings: Schema::of::<Settings>,
    build: |settings, _| {
        let Settings { width, scale } = settings.read()?;
        let width = match width {
            WidthOf::Fixed => Width::Fixed(scale),
            WidthOf::Median => Width::Median(scale),
        };
        Ok(Box::new(MmdRbf { width }))
    },
};

vimae_core::settings! {
    /// What sets the width s of the kernel.
    struct Settings {
        /// what the width s^2 is a multiple of: the number of dimensions, or the median squared distance
        width: WidthOf = WidthOf::Fixed;
        /// the width s^2 as a multiple of `width`
        scale: f64 = 1.0, from 1e-6, to 1e6;
    }
}

vimae_core::settings! {
    enum WidthOf { Fixed, Median }
}

/// The squared width of the kernel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Width {
    /// This multiple of the dimensions.
    Fixed(f64),
    /// This multiple of the median squared distance.
    Median(f64),
}

/// The estimate with a Gaussian kernel.
#[derive(Debug, Clone, Copy)]
pub struct MmdRbf {
    /// Its squared width.
    pub width: Width,
}

impl Divergence for MmdRbf {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn term(&self) -> &'static str {
        "mmd"
    }

    fn estimate(&self, q: &Tensor, p: &Tensor) -> Result<Tensor> {
        let (_, _, d) = pairs::expect_samples(q, p)?;
        let squared_width = match self.width {
            Width::Fixed(scale) => scale * d as f64,
            Width::Median(scale) => scale * median(q, p)?,
        };
        pairs::estimate(Gaussian { factor: -0.5 / squared_width }, q, p)
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Gaussian {
    pub(super) factor: f64,
}

impl Radial for Gaussian {
    fn at(&self, squared: f64) -> (f64, f64) {
        let k = (squared * self.factor).exp();
        (k, k * self.factor)
    }

    fn values(&self, squared: &Tensor) -> Result<Tensor> {
        Ok((squared * self.factor)?.exp()?)
    }
}

/// The median squared distance between two different rows of both samples; one where it is 0, as
/// from just over half of the pairs on that coincide.
fn median(q: &Tensor, p: &Tensor) -> Result<f64> {
    let (_, _, d) = pairs::expect_samples(q, p)?;
    let values =
        |t: &Tensor| -> Result<Vec<f64>> { Ok(t.detach().to_device(&Device::Cpu)?.to_dtype(DType::F64)?.flatten_all()?.to_vec1()?) };
    let rows = [values(q)?, values(p)?].concat();
    let rows: Vec<&[f64]> = rows.chunks_exact(d).collect();
    let distance = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
    let mut distances: Vec<f64> =
        (0..rows.len()).into_par_iter().flat_map_iter(|i| rows[..i].iter().map(|y| distance(rows[i], y)).collect::<Vec<_>>()).collect();
    let middle = distances.len() / 2;
    let (_, median, _) = distances.select_nth_unstable_by(middle, f64::total_cmp);
    Ok(if *median == 0.0 { 1.0 } else { *median })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_that_of_all_distances() {
        let q = Tensor::new(&[[0.0_f64], [1.0]], &Device::Cpu).unwrap();
        let p = Tensor::new(&[[3.0_f64], [7.0]], &Device::Cpu).unwrap();
        // 1, 4, 9, 16, 36, 49
        assert_eq!(median(&q, &p).unwrap(), 16.0);
        assert_eq!(median(&p, &q).unwrap(), 16.0);
        let still = Tensor::zeros((3, 2), DType::F64, &Device::Cpu).unwrap();
        assert_eq!(median(&still, &still).unwrap(), 1.0);
        // Of the 15 pairs of six rows, 10 coincide where five rows are the same, and 7 where four and two are.
        let rows = |far: [f64; 3]| Tensor::new(&far.map(|v| [v]), &Device::Cpu).unwrap();
        assert_eq!(median(&rows([0.0; 3]), &rows([0.0, 0.0, 3.0])).unwrap(), 1.0);
        assert_eq!(median(&rows([0.0; 3]), &rows([0.0, 3.0, 3.0])).unwrap(), 9.0);
    }
}
