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
    /// A flow from codes to standard normal noise.
    Flow(Flow),
}

/// An affine autoregressive flow (Papamakarios et al., Masked Autoregressive Flow, 2017, equations 3 and 4). Codes z become
/// x = L^-1 (z - mean) and go through the blocks: a block makes (x_i - shift_i) exp(-log_scale_i) of x_i, with shift_i and
/// log_scale_i functions of the dimensions before i alone, and reverses the order of the dimensions.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    /// Dimensions of a code, d.
    pub size: usize,
    /// `[d]`
    pub mean: Vec<f64>,
    /// The lower factor L, `[d, d]`.
    pub factor: Vec<f64>,
    /// The layers of each block, with tanh between them: from d numbers to d shifts, then d logarithms of scales.
    pub blocks: Vec<Vec<Layer>>,
}

/// A fully connected layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// `[O, I]`, 0 where a dimension may not be seen.
    pub weight: Vec<f64>,
    /// `[O]`
    pub bias: Vec<f64>,
}

/// The square roots of the covariances of a mixture's components.
#[derive(Debug, Clone, PartialEq)]
pub enum Factors {
    /// Standard deviations of independent dimensions, `[K, d]`.
    Diagonal(Vec<f64>),
    /// Lower factors L of covariances L L^T, `[K, d, d]`.
    Lower(Vec<f64>),
}
