//! The paper's theory on models small enough to be exact: tables of probabilities, linear Gaussian models, codes of one
//! dimension. Each test names the section or equation that it holds to account.

mod channels;
mod likelihoods;
mod linear_gaussian;
mod quadrature;
