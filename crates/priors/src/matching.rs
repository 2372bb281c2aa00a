//! What fixes the scale of a law: its variance, its entropy, or the scale itself.
//!
//! Two laws of one variance differ in entropy and the other way round, so that a sweep over laws can hold one and
//! move the other. For X = s Y with Y at scale 1: Var X = s^2 Var Y and H(X) = H(Y) + ln s.

use vimae_core::Error;

/// Differential entropy of the standard normal, (1 + ln 2 pi) / 2 nats.
pub const NORMAL_ENTROPY: f64 = 1.418_938_533_204_672_7;

vimae_core::settings! {
    /// The settings of a law that has a scale.
    pub(crate) struct Scale {
        /// what sets the scale of each dimension: `variance`, `entropy` or `scale` as given
        #[serde(rename = "match")]
        matched: By = By::Variance;
        /// variance of each dimension, where it is matched
        variance: f64 = 1.0, from 1e-6, to 1e6;
        /// entropy of each dimension in nats, where it is matched; the standard normal's by default
        entropy: f64 = NORMAL_ENTROPY, from -10.0, to 10.0;
        /// scale parameter of each dimension, where it is given
        scale: f64 = 1.0, from 1e-3, to 1e3;
    }
}

vimae_core::settings! {
    enum By { Variance, Entropy, Scale }
}

/// What a law's scale is chosen for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Match {
    /// This variance in every dimension.
    Variance(f64),
    /// This entropy in every dimension, in nats.
    Entropy(f64),
    /// This scale.
    Scale(f64),
}

impl From<Scale> for Match {
    fn from(Scale { matched, variance, entropy, scale }: Scale) -> Self {
        match matched {
            By::Variance => Self::Variance(variance),
            By::Entropy => Self::Entropy(entropy),
            By::Scale => Self::Scale(scale),
        }
    }
}

impl Match {
    /// The scale for a law that has unit variance at scale `unit_scale`, and the entropy `unit_entropy` there.
    pub fn scale(self, unit_scale: f64, unit_entropy: f64) -> f64 {
        match self {
            Self::Variance(variance) => unit_scale * variance.sqrt(),
            Self::Entropy(entropy) => unit_scale * (entropy - unit_entropy).exp(),
            Self::Scale(scale) => scale,
        }
    }

    /// The scale for a law that has the variance `unit_variance` and the entropy `unit_entropy` at scale 1.
    pub(crate) fn scale_of_unit(self, unit_variance: f64, unit_entropy: f64) -> f64 {
        match self {
            Self::Variance(variance) => (variance / unit_variance).sqrt(),
            other => other.scale(1.0, unit_entropy),
        }
    }
}

/// The error for a setting that is in its range but not beside the others.
pub(crate) fn refused(name: &str, key: &str, given: f64, allowed: &str) -> Error {
    Error::Setting { kind: "prior", name: name.into(), key: key.into(), given: given.to_string(), allowed: allowed.into() }
}
