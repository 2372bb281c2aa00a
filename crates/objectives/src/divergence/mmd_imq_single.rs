//! Maximum mean discrepancy with one inverse multiquadric kernel, k(x, y) = C / (C + |x - y|^2).
//!
//! `C = 2 d s v` with one scale s in place of the seven of `mmd_imq`, for a prior of variance v. Unbiased, symmetric;
//! it may be negative.
//!
//! v is the setting `variance`, 1 unless it is set, whatever the prior. The metric `mmd.imq_single.u` takes v from the prior, and s = 1.

use candle_core::Tensor;
use vimae_core::{Divergence, Entry, Result, settings::Schema};

use super::{
    BuildDivergence,
    pairs::{self, Radial},
};

/// The catalogue entry.
pub const ENTRY: Entry<BuildDivergence> = Entry {
    name: "mmd_imq_single",
    summary: "Unbiased MMD with one inverse multiquadric kernel",
    source: "Tolstikhin et al., Wasserstein Auto-Encoders, 2018, section 4",
    settings: Schema::of::<Width>,
    build: |settings, _| {
        let Width { scale, variance } = settings.read()?;
        Ok(Box::new(MmdImqSingle { scale: scale * variance }))
    },
};

vimae_core::settings! {
    /// What sets the width C of the kernel.
    pub struct Width {
        /// scale s; the kernel falls to one half at the squared distance C = 2 d s v
        pub scale: f64 = 1.0, from 1e-6, to 1e6;
        /// variance v in each dimension, not read from the prior: set it to the prior's where that is not 1
        pub variance: f64 = 1.0, from 1e-6, to 1e6;
    }
}

/// The estimate at C = 2 d `scale`.
#[derive(Debug, Clone, Copy)]
pub struct MmdImqSingle {
    /// C over twice the dimensions.
    pub scale: f64,
}

impl Divergence for MmdImqSingle {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn term(&self) -> &'static str {
        "mmd"
    }

    fn estimate(&self, q: &Tensor, p: &Tensor) -> Result<Tensor> {
        pairs::estimate(Kernel { c: 2.0 * q.dims2()?.1 as f64 * self.scale }, q, p)
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Kernel {
    pub(super) c: f64,
}

impl Radial for Kernel {
    fn at(&self, squared: f64) -> (f64, f64) {
        let k = self.c / (self.c + squared);
        (k, -k * k / self.c)
    }

    fn values(&self, squared: &Tensor) -> Result<Tensor> {
        Ok(((squared + self.c)?.recip()? * self.c)?)
    }
}
