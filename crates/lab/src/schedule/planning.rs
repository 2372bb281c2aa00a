//! From experiments to the runs that are still to be made.

use std::time::{SystemTime, UNIX_EPOCH};

use vimae_checkpoint::RunLock;
use vimae_core::RunContext;
use vimae_spec::{Experiment, RunSpec};

use super::{
    budget,
    ends::device,
    foretold::Foretold,
    kept,
    plan::{FORMAT, Node, Plan, WithoutData},
};
use crate::{Error, Layout, Request, Result, RunFolder, Shelf, check::check_profile, own::place, record::Found, resolve};

/// Checks every run before the first one trains, and finds what is finished already; nothing is with [`Request::fresh`]. Gives what each
/// run takes beside the plan.
///
/// # Errors
/// For a part that does not exist or does not fit the others, two runs that would share a folder, data that is not here of an
/// experiment that is not optional, a run that another process works on where it should be forgotten.
pub(crate) fn planned(request: &Request, context: &RunContext<'_>, devices: &[String], shelf: &mut Shelf) -> Result<(Plan, Foretold)> {
    let layout = Layout::new(context.directory);
    let mut plan = Plan {
        format: FORMAT,
        profile: request.profile.name.clone(),
        command: request.command.clone(),
        experiments: Vec::new(),
        nodes: Vec::new(),
        left_out: Vec::new(),
        refused: Vec::new(),
        without_data: Vec::new(),
        earlier_experiments: Vec::new(),
        earlier: Vec::new(),
        fresh: request.fresh.then(call_name),
        data_dir: request.sources.data_dir.clone(),
        tf32: vimae_ops::tf32_allowed(),
    };
    let kept = kept::layout(context.root, &request.profile.name);
    let (mut unreadable, mut foretold) = (None, Foretold::on(device(devices, 0)));
    check_profile(&request.profile.experiments, &request.paper)?;
    for experiment in &request.profile.experiments {
        // What else is wrong with the data of an optional experiment fails its own runs alone, below.
        if let Ok(Some(dataset)) = absent_data(experiment, shelf) {
            plan.without_data.push(WithoutData { experiment: experiment.clone(), dataset });
            continue;
        }
        let owner = plan.experiments.len();
        for mut spec in experiment.runs(request.seeds.unwrap_or(experiment.seeds)) {
            spec.evaluation.tune |= request.tune;
            let refused = plan.refused.iter_mut().map(|(node, _)| node);
            if let Some(node) = plan.nodes.iter_mut().chain(refused).find(|node| node.spec == spec) {
                node.experiments.push(owner);
                continue;
            }
            let folder = layout.run(&experiment.name, &spec);
            match node(request, (&layout, &kept), (experiment, owner), spec.clone(), folder.clone(), shelf) {
                Ok(node) => {
                    foretold.add(&node.spec, shelf).map_err(|error| error.of_run(&place(experiment, &node.spec)))?;
                    plan.nodes.push(node);
                }
                // An image that is gone fails the runs on its data alone.
                Err(error @ Error::Data(_)) => {
                    let (problem, place) = (error.to_string(), place(experiment, &spec));
                    let (data_sha256, folder, command) = (String::new(), layout.below(&folder), request.command.clone());
                    let node = Node { spec, data_sha256, experiments: vec![owner], folder, found: false, command };
                    plan.refused.push((node, problem));
                    unreadable.get_or_insert_with(|| error.of_run(&place));
                }
                Err(error) => return Err(error),
            }
        }
        plan.experiments.push(experiment.clone());
    }
    if let Some(error) = unreadable.filter(|_| plan.nodes.is_empty()) {
        return Err(error);
    }
    if let Ok(before) = Plan::load(context.directory) {
        plan.take_over(before, request.fresh, context.directory);
    }
    budget::apply(&mut plan, request, context, devices, shelf)?;
    Ok((plan, foretold))
}

/// The data set that an optional experiment asks for and that is not on this machine.
pub(crate) fn absent_data(experiment: &Experiment, shelf: &mut Shelf) -> Result<Option<String>> {
    for spec in experiment.runs(1).into_iter().filter(|_| experiment.optional) {
        match shelf.open(&spec.dataset) {
            Err(Error::Data(vimae_datasets::Error::Missing { name, .. })) => return Ok(Some(name)),
            Err(other) => return Err(other.of_run(&place(experiment, &spec))),
            Ok(_) => {}
        }
    }
    Ok(None)
}

/// A name that no other call has.
fn call_name() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    format!("{since}-{}", std::process::id())
}

fn node(
    request: &Request,
    (layout, kept): (&Layout, &Layout),
    (experiment, owner): (&Experiment, usize),
    spec: RunSpec,
    mut folder: RunFolder,
    shelf: &mut Shelf,
) -> Result<Node> {
    let data_sha256 = resolve::check(&spec, &place(experiment, &spec), shelf)?;
    let is_finished = |folder: &RunFolder| Found::of(&spec, &data_sha256, folder).why_unfinished(folder).is_none();
    let mut found = is_finished(&folder);
    if request.fresh {
        // Nothing is removed before its turn comes, but nobody else may be at work on it.
        if folder.path().exists() {
            drop(RunLock::take(folder.path())?);
        }
        found = false;
    } else if !found && !folder.path().exists() {
        // Another experiment may have run it, one that this call does not name.
        for other in layout.elsewhere(&spec) {
            if is_finished(&other) {
                (folder, found) = (other, true);
                break;
            }
        }
        found = found || kept::take_over(kept, &experiment.name, &spec, &data_sha256, &folder)?;
    }
    let (folder, command) = (layout.below(&folder), request.command.clone());
    Ok(Node { spec, data_sha256, experiments: vec![owner], folder, found, command })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Launcher, Profile, Sources};

    /// The plan of experiments on these data, each with one method; an optional one where `true` stands beside it.
    fn plan(data: &[(&str, bool)]) -> Result<Plan> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("torn.npz"), "PK").unwrap();
        let experiment = |(place, (data, optional)): (usize, &(&str, bool))| {
            let file = folder.path().join(format!("x{place}.toml"));
            let text = format!(
                "version = 1\noptional = {optional}\ndataset = \"{data}\"\nmodel = \"mlp\"\n[methods.m{place}]\nobjective = \"vae\"\n"
            );
            std::fs::write(&file, text).unwrap();
            Profile::of_file(&file, &[]).unwrap().experiments.remove(0)
        };
        let request = Request {
            profile: Profile { name: "p".into(), experiments: data.iter().enumerate().map(experiment).collect() },
            paper: vimae_spec::Paper::default(),
            seeds: None,
            tune: false,
            fresh: false,
            sources: Sources::default(),
            launcher: Launcher::Here,
            retries: 0,
            budget: None,
            command: "c".into(),
        };
        let out = folder.path().join("out");
        let planned = planned(&request, &RunContext::new(&out), &["cpu".into()], &mut Shelf::new(Sources::default()));
        planned.map(|(plan, _)| plan)
    }

    #[test]
    fn data_that_cannot_be_read_refuses_its_own_runs_alone() {
        for optional in [false, true] {
            let plan = plan(&[("arrays:torn.npz", optional), ("digits", false)]).unwrap();
            let methods: Vec<&str> = plan.nodes.iter().map(|node| node.spec.method.as_str()).collect();
            assert_eq!((methods.as_slice(), plan.refused.len()), (&["m1"][..], 1));
            assert!(plan.refused[0].1.contains("torn.npz"), "{}", plan.refused[0].1);
        }
        let error = plan(&[("arrays:torn.npz", false)]).unwrap_err();
        assert!(matches!(error, Error::Unreadable { .. }) && error.to_string().contains("x0.toml, method m0: "), "{error}");
        // Published data that is not here leaves an optional experiment out.
        let plan = plan(&[("mnist", true), ("digits", false)]).unwrap();
        assert_eq!((plan.nodes.len(), plan.refused.len(), plan.without_data.len()), (1, 0, 1));
    }
}
