//! Differentiable divergences between codes and prior, by name.
//!
//! | name | unbiased | symmetric | zero for equal laws alone |
//! | --- | --- | --- | --- |
//! | `adversarial_js`, `adversarial_kl` | no: a lower bound, as good as the critic | JS of the best critic | yes, of the best critic |
//! | `energy`, `mmd_imq`, `mmd_imq_single`, `mmd_rbf` | yes (`mmd_rbf` at a fixed width) | yes | yes |
//! | `moment_matching` | no: plug-in means and covariances | yes | no: for equal means and covariances |
//! | `sliced_wasserstein` | no: above zero at equal laws, by the order of N^(-order/2) | yes | over all directions |

mod critic;
mod eager;
pub mod pairs;
mod relu;

use vimae_core::{Divergence, PartRequest, Result, Settings};

/// Makes a divergence from its checked settings and what the run asks of it.
pub type BuildDivergence = fn(&Settings, &PartRequest) -> Result<Box<dyn Divergence>>;

vimae_core::catalogue! {
    /// Every divergence.
    pub static DIVERGENCES: BuildDivergence = "divergence" in {
        adversarial_js,
        adversarial_kl,
        energy,
        mmd_imq,
        mmd_imq_single,
        mmd_rbf,
        moment_matching,
        sliced_wasserstein,
    }
}
