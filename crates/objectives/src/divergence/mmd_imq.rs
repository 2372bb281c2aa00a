//! Maximum mean discrepancy with inverse multiquadric kernels of seven widths.
//!
//! `sum_s [ mean_{i != j} k_s(q_i, q_j) + mean_{i != j} k_s(p_i, p_j) - 2 mean_{i, j} k_s(q_i, p_j) ]`,
//! `k_s(x, y) = C_s / (C_s + |x - y|^2)`, `C_s = 2 d s v` for a prior of variance v, s in 0.1 ... 10:
//! the estimate of the WAE code (Tolstikhin et al. 2018, section 3). Unbiased, symmetric; it may be negative.
//!
//! v is the setting `variance`, 1 unless it is set, whatever the prior. The metric `mmd.imq.u` takes v from the prior.

use candle_core::Tensor;
use vimae_core::{Divergence, Entry, Result, settings::Schema};

use super::{
    BuildDivergence,
    pairs::{self, Radial},
};

/// The catalogue entry.
pub const ENTRY: Entry<BuildDivergence> = Entry {
    name: "mmd_imq",
    summary: "Unbiased MMD summed over seven inverse multiquadric kernels",
    source: "Tolstikhin et al., Wasserstein Auto-Encoders, 2018; appendix of the VIMAE paper",
    settings: Schema::of::<MultiscaleImq>,
    build: |settings, _| Ok(Box::new(settings.read::<MultiscaleImq>()?)),
};

/// The widths of the kernels, as multiples of `2 d v`.
pub const SCALES: [f64; 7] = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];

/// The multi-scale IMQ estimate for a prior of unit variance.
#[derive(Debug, Clone, Copy)]
pub struct MmdImq;

impl Divergence for MmdImq {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn term(&self) -> &'static str {
        "mmd"
    }

    fn estimate(&self, q: &Tensor, p: &Tensor) -> Result<Tensor> {
        MultiscaleImq { variance: 1.0 }.estimate(q, p)
    }
}

vimae_core::settings! {
    /// The multi-scale IMQ estimate.
    pub struct MultiscaleImq {
        /// variance v in each dimension, not read from the prior: set it to the prior's where that is not 1
        pub variance: f64 = 1.0, from 1e-6, to 1e6;
    }
}

impl Divergence for MultiscaleImq {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn term(&self) -> &'static str {
        "mmd"
    }

    fn estimate(&self, q: &Tensor, p: &Tensor) -> Result<Tensor> {
        let unit = 2.0 * q.dims2()?.1 as f64;
        pairs::estimate(Kernels(SCALES.map(|scale| unit * scale * self.variance)), q, p)
    }
}

/// The sum of the kernels, by their C.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kernels(pub(super) [f64; SCALES.len()]);

impl Radial for Kernels {
    fn at(&self, squared: f64) -> (f64, f64) {
        let (mut value, mut slope) = (0.0, 0.0);
        for c in self.0 {
            let k = c / (c + squared);
            value += k;
            slope -= k * k / c;
        }
        (value, slope)
    }

    fn at_each(&self, squared: [f64; 8]) -> [(f64, f64); 8] {
        let mut all = [(0.0, 0.0); 8];
        for c in self.0 {
            for ((value, slope), squared) in all.iter_mut().zip(squared) {
                let k = c / (c + squared);
                *value += k;
                *slope -= k * k / c;
            }
        }
        all
    }

    fn values(&self, squared: &Tensor) -> Result<Tensor> {
        let mut total = squared.zeros_like()?;
        for c in self.0 {
            total = (total + ((squared + c)?.recip()? * c)?)?;
        }
        Ok(total)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};
    use vimae_core::{Purpose, Streams};

    use super::*;

    fn sample(step: u64, n: usize, d: usize) -> Tensor {
        let values = Streams::new(1).normal(Purpose::PriorSample, step, n * d);
        Tensor::from_vec(values, (n, d), &Device::Cpu).unwrap().to_dtype(DType::F64).unwrap()
    }

    #[test]
    fn a_shifted_sample_is_further_away() {
        let (q, p) = (sample(0, 100, 4), sample(1, 100, 4));
        let near = MmdImq.estimate(&q, &p).unwrap().to_scalar::<f64>().unwrap();
        let far = MmdImq.estimate(&(q + 2.0).unwrap(), &p).unwrap().to_scalar::<f64>().unwrap();
        assert!(near.abs() < 0.1 && far > 0.5, "{near} {far}");
    }

    #[test]
    fn samples_of_other_dimension_or_of_one_are_refused() {
        assert!(MmdImq.estimate(&sample(0, 4, 3), &sample(1, 4, 2)).is_err());
        assert!(MmdImq.estimate(&sample(0, 1, 3), &sample(1, 4, 3)).is_err());
    }
}
