//! From experiments to the runs that are still to be made.

use vimae_checkpoint::RunLock;
use vimae_core::RunContext;
use vimae_spec::{Experiment, RunSpec};

use super::{
    budget,
    plan::{FORMAT, Node, Plan},
};
use crate::{Error, Layout, Request, Result, Shelf, check::check_targets, resolve, run::finished};

/// Checks every run before the first one trains, and finds what is finished already. With
/// [`Request::fresh`], forgets what earlier calls left for these runs.
///
/// # Errors
/// For a part that does not exist, data that is not here and that nothing stands in for, a run that another
/// process works on where it should be forgotten.
pub(crate) fn planned(request: &Request, context: &RunContext<'_>, devices: &[String], shelf: &mut Shelf) -> Result<Plan> {
    let layout = Layout::new(context.directory);
    let mut plan = Plan {
        format: FORMAT,
        profile: request.profile.name.clone(),
        command: request.command.clone(),
        experiments: Vec::new(),
        nodes: Vec::new(),
        left_out: Vec::new(),
        data_dir: request.sources.data_dir.clone(),
        tf32: vimae_ops::tf32_allowed(),
    };
    for experiment in &request.profile.experiments {
        check_targets(experiment, &request.paper)?;
        let experiment = with_data(experiment, shelf)?;
        let owner = plan.experiments.len();
        for mut spec in experiment.runs(request.seeds.unwrap_or(experiment.seeds)) {
            spec.evaluation.tune |= request.tune;
            match plan.nodes.iter_mut().find(|node| node.spec == spec) {
                Some(node) => node.experiments.push(owner),
                None => plan.nodes.push(node(request, &layout, &experiment, owner, spec, shelf)?),
            }
        }
        plan.experiments.push(experiment);
    }
    budget::apply(&mut plan, request, context, devices, shelf)?;
    Ok(plan)
}

/// The experiment on its own data, or on what stands in for it where a data set is not on this machine.
pub(crate) fn with_data(experiment: &Experiment, shelf: &mut Shelf) -> Result<Experiment> {
    let Some(stand_in) = &experiment.stand_in else { return Ok(experiment.clone()) };
    for spec in experiment.runs(1) {
        match shelf.open(&spec.dataset) {
            Err(Error::Data(vimae_datasets::Error::Missing { .. })) => return Ok(experiment.clone().on_stand_in(stand_in)),
            Err(other) => return Err(other),
            Ok(_) => {}
        }
    }
    Ok(experiment.clone())
}

fn node(request: &Request, layout: &Layout, experiment: &Experiment, owner: usize, spec: RunSpec, shelf: &mut Shelf) -> Result<Node> {
    let place = format!("{}, method {}", experiment.path.display(), spec.method);
    let data_sha256 = resolve::check(&spec, &place, shelf)?;
    // Another experiment may have run it, one that this call does not name.
    let mut folder = layout.run(&experiment.name, &spec);
    let mut found = finished(&spec, &data_sha256, &folder)?.is_some();
    if request.fresh && folder.path().exists() {
        let _lock = RunLock::take(folder.path())?;
        std::fs::remove_dir_all(folder.path()).map_err(|e| Error::Record { path: folder.path().into(), problem: e.to_string() })?;
        found = false;
    } else if !found && !folder.path().exists() {
        for other in layout.elsewhere(&spec) {
            if finished(&spec, &data_sha256, &other)?.is_some() {
                (folder, found) = (other, true);
                break;
            }
        }
    }
    let below = folder.path().strip_prefix(layout.root()).unwrap_or(folder.path()).to_path_buf();
    Ok(Node { spec, data_sha256, experiments: vec![owner], folder: below, found })
}
