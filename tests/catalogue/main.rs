//! Laws over every entry of every catalogue; a new entry is tested without a change here.

mod divergences;
mod entries;
mod experiments;
mod family;
mod functional;
mod gradients;
mod likelihoods;
mod priors;
mod samplers;
