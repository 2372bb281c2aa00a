//! Functions that lose no digits where the obvious formula does, for numbers and, with a gradient, for tensors.

mod cholesky;
mod log_mean_decay;
mod log_sum_exp;
mod softplus;

pub use cholesky::Cholesky;
pub use log_mean_decay::log_mean_decay_each;
pub use log_sum_exp::{ScaledSum, log_mean_exp, log_sum_exp, log_sum_exp_over};
pub use softplus::{softplus, softplus_each, softplus_of_negated_each};
