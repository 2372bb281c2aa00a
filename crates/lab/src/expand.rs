//! All runs of experiments with what they will take, before any of them starts.

use serde::Serialize;
use vimae_spec::RunSpec;

use crate::{
    Cost, Estimator, Profile, Result, Shelf,
    check::checked_cost,
    schedule::{WithoutData, absent_data},
};

/// A run to come.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Expanded {
    /// Its experiment.
    pub experiment: String,
    /// What it is.
    pub spec: RunSpec,
    /// What it takes; absent where that cannot be told, and `problem` says why.
    pub cost: Option<Cost>,
    /// Why the cost cannot be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Every run of the profile, with `seeds` seeds or as many as each experiment says, in the order in which they would start.
///
/// # Errors
/// For a name or setting that does not exist, and for parts that do not fit one another. Data that is neither here nor described by
/// its card is no error: the runs on it have no cost.
pub fn expand(profile: &Profile, seeds: Option<u64>, estimator: &mut Estimator, shelf: &mut Shelf) -> Result<Vec<Expanded>> {
    let mut all = Vec::new();
    for experiment in &profile.experiments {
        let absent = absent_data(experiment, shelf)?.map(|dataset| WithoutData { experiment: experiment.clone(), dataset });
        for spec in experiment.runs(seeds.unwrap_or(experiment.seeds)) {
            if let Some(absent) = &absent {
                let problem = Some(format!("left out: {absent}; {}", absent.command()));
                all.push(Expanded { experiment: experiment.name.clone(), spec, cost: None, problem });
                continue;
            }
            let (cost, problem) = match checked_cost(experiment, &spec, estimator, shelf) {
                Ok(cost) => (Some(cost), None),
                Err(crate::Error::Data(error)) if !matches!(error, vimae_datasets::Error::Core(_)) => (None, Some(error.to_string())),
                Err(error) => return Err(error),
            };
            all.push(Expanded { experiment: experiment.name.clone(), spec, cost, problem });
        }
    }
    Ok(all)
}
