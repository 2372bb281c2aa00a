//! Answers of PyTorch, SciPy and scikit-learn that the crates must give, for any seed.

mod reference_architectures;
mod reference_catalogue;
mod reference_divergences;
mod reference_features;
mod reference_flows;
mod reference_likelihood;
mod reference_likelihoods;
mod reference_measures;
mod reference_networks;
mod reference_operations;
mod reference_pythae;
mod reference_svm;
mod reference_trajectories;
