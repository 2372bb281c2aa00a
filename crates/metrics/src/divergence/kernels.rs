//! Kernels of the squared distance beside those of the MMD protocols.

use crate::mmd::Kernel;

/// The one inverse multiquadric C / (C + r^2).
#[derive(Debug, Clone, Copy)]
pub(super) struct ImqSingle {
    /// C
    pub(super) c: f64,
}

impl Kernel for ImqSingle {
    fn apply(&self, squared_distances: &mut [f64]) {
        squared_distances.iter_mut().for_each(|v| *v = self.c / (self.c + *v));
    }
}

/// -r, whose MMD is the energy distance.
#[derive(Debug, Clone, Copy)]
pub(super) struct NegativeDistance;

impl Kernel for NegativeDistance {
    fn apply(&self, squared_distances: &mut [f64]) {
        squared_distances.iter_mut().for_each(|v| *v = -v.sqrt());
    }
}
