//! All runs of experiments with what they will take, before any of them starts.

use serde::Serialize;
use vimae_spec::RunSpec;

use crate::{
    Cost, Error, Estimator, Profile, Result, Shelf,
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
    /// Whether the run cannot be made for that.
    pub refused: bool,
}

/// Every run of the profile, with `seeds` seeds or as many as each experiment says, in the order in which they would start.
///
/// # Errors
/// For a name or setting that does not exist, and for parts that do not fit one another. Data that cannot be read and that no card
/// describes is no error here, so that the other runs are known: the runs on it have no cost and are refused.
pub fn expand(profile: &Profile, seeds: Option<u64>, estimator: &mut Estimator, shelf: &mut Shelf) -> Result<Vec<Expanded>> {
    let mut all = Vec::new();
    for experiment in &profile.experiments {
        let absent = absent_data(experiment, shelf)?.map(|dataset| WithoutData { experiment: experiment.clone(), dataset });
        for spec in experiment.runs(seeds.unwrap_or(experiment.seeds)) {
            if let Some(absent) = &absent {
                let problem = Some(format!("left out: {absent}; {}", absent.command()));
                all.push(Expanded { experiment: experiment.name.clone(), spec, cost: None, problem, refused: false });
                continue;
            }
            let (cost, problem) = match checked_cost(experiment, &spec, estimator, shelf) {
                Ok(cost) => (Some(cost), None),
                Err(error @ Error::Unreadable { .. }) => (None, Some(error.to_string())),
                Err(error) => return Err(error),
            };
            let refused = problem.is_some();
            all.push(Expanded { experiment: experiment.name.clone(), spec, cost, problem, refused });
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::Sources;

    #[test]
    fn runs_whose_data_cannot_be_read_are_refused_and_the_others_have_their_cost() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.toml");
        let own = "[methods.own]\nobjective = \"vae\"\ndataset = \"arrays:nothing.npz\"\n";
        let text = format!("version = 1\ndataset = \"digits\"\nmodel = \"mlp\"\n[methods.vae]\nobjective = \"vae\"\n{own}");
        std::fs::write(&file, text).unwrap();
        let profile = Profile::of_file(&file, &[]).unwrap();
        let runs = expand(&profile, None, &mut Estimator::new(&Device::Cpu), &mut Shelf::new(Sources::default())).unwrap();
        let of = |method: &str| runs.iter().find(|run| run.spec.method == method).unwrap();
        assert!(of("vae").cost.is_some() && !of("vae").refused);
        assert!(of("own").cost.is_none() && of("own").refused);
        let problem = of("own").problem.as_deref().unwrap();
        assert!(problem.contains("x.toml, method own: ") && problem.contains("nothing.npz: does not exist"), "{problem}");
    }
}
