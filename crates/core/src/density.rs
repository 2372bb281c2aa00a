//! A distribution of codes in numbers alone: what a program without this code needs to draw from it.

/// A distribution of codes.
#[derive(Debug, Clone, PartialEq)]
pub enum Density {
    /// Independent dimensions, all of one law of mean 0.
    Independent {
        /// The law's name in the catalogue of priors.
        law: &'static str,
        /// Its parameters by name: the scale and, where there is one, the shape.
        parameters: Vec<(&'static str, f64)>,
    },
    /// A mixture of K Gaussians.
    Mixture {
        /// Dimensions of a code, d.
        size: usize,
        /// Natural logarithms of the weights, `[K]`.
        log_weights: Vec<f64>,
        /// `[K, d]`
        means: Vec<f64>,
        /// How far the components reach.
        factors: Factors,
    },
}

/// The square roots of the covariances of a mixture's components.
#[derive(Debug, Clone, PartialEq)]
pub enum Factors {
    /// Standard deviations of independent dimensions, `[K, d]`.
    Diagonal(Vec<f64>),
    /// Lower factors L of covariances L L^T, `[K, d, d]`.
    Lower(Vec<f64>),
}
