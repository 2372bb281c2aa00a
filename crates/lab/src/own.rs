//! One's own experiment: a file read with what the catalogues know, or objectives named on the command line.

use std::path::{Path, PathBuf};

use serde_json::Map;
use toml::{Table, Value};
use vimae_continual::{STRATEGIES, STREAMS};
use vimae_datasets::{DATASETS, known, parted, placed};
use vimae_models::MODELS;
use vimae_objectives::{OBJECTIVES, divergence::DIVERGENCES, likelihood, likelihood::LIKELIHOODS, noise::NOISES};
use vimae_priors::{
    PRIORS,
    sampler::{self, SAMPLERS},
};
use vimae_spec::{Catalogues, Experiment};

use crate::{Error, Result};

/// The network where none is named.
const MODEL: &str = "wae_conv";

/// The experiment of these objectives at their defaults on a data set, `mnist` or `folder:PATH` (from the current folder), and with
/// `changes`, `KEY=VALUE`.
///
/// # Errors
/// [`Error::Core`] for an objective or data set that does not exist, with the nearest; as [`Experiment::load_with`].
pub(crate) fn own(objectives: &[String], dataset: &str, changes: &[String]) -> Result<Experiment> {
    known(dataset)?;
    let mut methods = Table::new();
    check_objectives(objectives)?;
    for objective in objectives {
        methods.insert(objective.clone(), Value::Table(text("objective", objective)));
    }
    let mut table = Table::new();
    table.insert("version".into(), Value::Integer(1));
    table.extend(text("title", &format!("{} on {dataset}", objectives.join(", "))));
    table.insert("dataset".into(), Value::Table(text("name", dataset)));
    table.insert("model".into(), Value::Table(text("name", MODEL)));
    table.insert("methods".into(), Value::Table(methods));
    let name = format!("{}-{}", objectives.join("-"), parted(dataset).0);
    let here = std::path::absolute(&name).unwrap_or_else(|_| PathBuf::from(&name));
    Ok(Experiment::parse(&table.to_string(), &here, changes, &Known)?)
}

fn text(key: &str, value: &str) -> Table {
    Table::from_iter([(key.to_owned(), Value::String(value.into()))])
}

/// Reads an experiment file with `changes`, `KEY=VALUE`; a key that a method lacks is skipped for it where another has it, and a
/// relative path of images is taken from the file's own folder.
///
/// # Errors
/// As [`Experiment::load_with`].
pub(crate) fn load(path: &Path, changes: &[String]) -> Result<Experiment> {
    Experiment::load_with(path, changes, &Known).map_err(Error::from)
}

/// What the catalogues say of names in experiment files.
struct Known;

impl Catalogues for Known {
    fn takes(&self, named: &dyn Fn(&str) -> Option<String>, key: &str) -> bool {
        let Some((part, setting)) = key.split_once('.') else { return true };
        // What does not exist is named as wrong later, where the message can say what there is.
        takes(named, part, setting).unwrap_or(true)
    }

    fn dataset(&self, name: &str, folder: &Path) -> String {
        placed(name, folder)
    }
}

/// Whether the component of a run in `part` has `setting`; none where there is no such component.
fn takes(named: &dyn Fn(&str) -> Option<String>, part: &str, setting: &str) -> Option<bool> {
    let objective = || OBJECTIVES.build(&named("objective")?, &Map::new()).ok();
    let has = |settings: Vec<vimae_core::settings::Setting>| settings.iter().any(|known| known.name == setting);
    Some(match part {
        "objective" => has(OBJECTIVES.find(&named(part)?).ok()?.settings()),
        "prior" => {
            let objective = objective()?;
            // It has a density in the place of a prior.
            if objective.ex_post().is_some() {
                return Some(false);
            }
            has(PRIORS.find(&named(part).unwrap_or_else(|| objective.default_prior().into())).ok()?.settings())
        }
        "noise" => has(NOISES.find(&named(part).map_or_else(|| Some(objective()?.default_noise().to_owned()), Some)?).ok()?.settings()),
        "divergence" => {
            let default = || objective()?.default_divergence().map(String::from);
            match named(part).or_else(default) {
                Some(name) => has(DIVERGENCES.find(&name).ok()?.settings()),
                None => false,
            }
        }
        "stream" => has(STREAMS.find(&named(part)?).ok()?.settings()),
        "strategy" => has(STRATEGIES.find(&named(part)?).ok()?.settings()),
        "sampler" => {
            let default = if objective()?.ex_post().is_some() { sampler::EX_POST } else { sampler::DEFAULT };
            has(SAMPLERS.find(&named(part).unwrap_or_else(|| default.into())).ok()?.settings())
        }
        "likelihood" => has(LIKELIHOODS.find(&named(part).unwrap_or_else(|| likelihood::DEFAULT.into())).ok()?.settings()),
        "model" => setting == "code" || has(MODELS.find(&named(part)?).ok()?.settings()),
        "dataset" => has(DATASETS.find(parted(&named(part)?).0).ok()?.settings()),
        _ => true,
    })
}

/// Checks that every name is one of an objective.
///
/// # Errors
/// [`Error::Core`] with the nearest, and what others call so.
pub fn check_objectives(names: &[String]) -> Result<()> {
    names.iter().try_for_each(|name| Ok(OBJECTIVES.find(name).map(drop)?))
}
