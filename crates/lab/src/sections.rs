//! The sections of an experiment that name a component, each with its catalogue.

use vimae_continual::{STRATEGIES, STREAMS};
use vimae_core::{Catalogue, settings::Setting};
use vimae_datasets::{DATASETS, parted};
use vimae_models::MODELS;
use vimae_objectives::{OBJECTIVES, divergence::DIVERGENCES, likelihood::LIKELIHOODS, noise::NOISES};
use vimae_priors::{PRIORS, sampler::SAMPLERS};

/// The settings of the entry that a section names; none where there is no such section or entry.
pub(crate) fn settings(section: &str, name: &str) -> Option<Vec<Setting>> {
    match section {
        "dataset" => of(&DATASETS, parted(name).0),
        "model" => of(&MODELS, name),
        "objective" => of(&OBJECTIVES, name),
        "prior" => of(&PRIORS, name),
        "noise" => of(&NOISES, name),
        "divergence" => of(&DIVERGENCES, name),
        "likelihood" => of(&LIKELIHOODS, name),
        "sampler" => of(&SAMPLERS, name),
        "stream" => of(&STREAMS, name),
        "strategy" => of(&STRATEGIES, name),
        _ => None,
    }
}

fn of<B>(catalogue: &Catalogue<B>, name: &str) -> Option<Vec<Setting>> {
    Some(catalogue.find(name).ok()?.settings())
}
