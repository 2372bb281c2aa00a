//! What a reproduction is going to run, as a file: workers, `status` and `report` all read it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use vimae_checkpoint::{RunLock, atomic};
use vimae_spec::{Experiment, RunSpec};

use super::budget;

use crate::{
    Error, Layout, Request, Result, RunFolder, Shelf,
    check::check_targets,
    resolve,
    run::finished,
    stored::{json, read_versioned},
};

/// The form of plan that this code writes.
const FORMAT: u32 = 1;

/// All runs of a reproduction, in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    format: u32,
    /// The profile's name.
    pub profile: String,
    /// The command that repeats it, for the page.
    pub command: String,
    /// The experiments, on the data that they run on here.
    pub experiments: Vec<Experiment>,
    /// The runs.
    pub nodes: Vec<Node>,
    /// Runs that did not fit into the time allowed.
    pub left_out: Vec<Node>,
    /// Where data is looked for first.
    pub data_dir: Option<PathBuf>,
    /// Whether CUDA may round to TF32.
    pub tf32: bool,
}

/// One run to train and evaluate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// The run.
    pub spec: RunSpec,
    /// Digest of its data. With the spec and the version of the code it is what the run's results are a function of.
    pub data_sha256: String,
    /// The experiments that it belongs to, by their places in the plan. Runs of the same spec are one run.
    pub experiments: Vec<usize>,
    /// Its folder, below the reproduction's.
    pub folder: PathBuf,
    /// Whether it was finished when the plan was made.
    pub found: bool,
}

impl Plan {
    /// Checks every run before the first one trains, and finds what is finished already. With
    /// [`Request::fresh`], forgets what earlier calls left for these runs.
    ///
    /// # Errors
    /// For a part that does not exist, data that is not here and that nothing stands in for, a run that another
    /// process works on where it should be forgotten.
    pub(crate) fn of(request: &Request, devices: &[String], shelf: &mut Shelf) -> Result<Self> {
        let layout = Layout::new(&request.out);
        let mut plan = Self {
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
        budget::apply(&mut plan, request, devices, shelf)?;
        Ok(plan)
    }

    /// Reads the plan of the reproduction in `out`.
    ///
    /// # Errors
    /// Where there is none, or one of another form.
    pub fn load(out: &Path) -> Result<Self> {
        let path = Layout::new(out).plan();
        if !path.exists() {
            let problem = "is not there; give the folder of a reproduction, runs/quick for instance".into();
            return Err(Error::Record { path, problem });
        }
        read_versioned(&path, FORMAT)
    }

    pub(crate) fn save(&self, out: &Path) -> Result<()> {
        Ok(atomic::write(&Layout::new(out).plan(), &json(self)?)?)
    }

    /// Its experiment's name, method, seed.
    pub fn title(&self, node: &Node) -> String {
        let experiment = node.experiments.first().and_then(|index| self.experiments.get(*index)).map_or("", |e| e.name.as_str());
        format!("{experiment} {} seed {}", node.spec.method, node.spec.seed)
    }
}

impl Node {
    /// Its folder in the reproduction at `out`.
    pub fn folder(&self, out: &Path) -> RunFolder {
        RunFolder::at(out.join(&self.folder))
    }
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
