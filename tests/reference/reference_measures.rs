//! Priors, discrepancies, likelihoods and support vector machines.
