//! What a reproduction is going to run, as a file: workers, `status` and `report` all read it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use vimae_checkpoint::{RunLock, atomic};
use vimae_spec::{Experiment, RunSpec, Status};

use super::status;
use crate::{
    Error, Layout, Result, RunFolder,
    command::called,
    stored::{json, read_versioned},
};

/// The form of plan that this code writes.
pub(super) const FORMAT: u32 = 4;

/// All runs of a reproduction, in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub(super) format: u32,
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
    /// Runs whose data cannot be read, each with the reason; the others go on without them.
    pub refused: Vec<(Node, String)>,
    /// Optional experiments whose data is not on this machine.
    pub without_data: Vec<WithoutData>,
    /// Experiments of earlier plans in the same directory, as they were.
    pub earlier_experiments: Vec<Experiment>,
    /// Their finished runs that this plan does not have, by their places among those.
    pub earlier: Vec<Node>,
    /// The name of a call that starts over: what a run's folder holds of another call is removed when its turn comes.
    pub(super) fresh: Option<String>,
    /// Where data is looked for first.
    pub data_dir: Option<PathBuf>,
    /// Whether CUDA may round to TF32.
    pub tf32: bool,
}

/// An optional experiment that was left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WithoutData {
    /// The experiment.
    pub experiment: Experiment,
    /// The data set that is not on this machine.
    pub dataset: String,
}

impl WithoutData {
    /// The command that brings the data.
    pub fn command(&self) -> String {
        format!("{} data fetch {}", called(), self.dataset)
    }

    /// What is not measured, why, and what brings the data.
    pub(crate) fn sentence(&self) -> String {
        let Experiment { name, targets, .. } = &self.experiment;
        let of = if targets.is_empty() { String::new() } else { format!(" ({})", targets.join(", ")) };
        format!("{name}{of} not measured: {self}; `{}` brings it", self.command())
    }
}

impl std::fmt::Display for WithoutData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} is not on this machine", self.dataset)
    }
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
    /// The command of the call that planned it: of this plan's, or of an earlier one.
    pub command: String,
}

impl Plan {
    /// Reads the plan of the reproduction in `out`.
    ///
    /// # Errors
    /// Where there is none, or one of another form.
    pub fn load(out: &Path) -> Result<Self> {
        let path = Layout::new(out).plan();
        if !path.exists() {
            let command = called();
            let problem = format!(
                "is not there: nothing was run into this folder yet. `{command} reproduce` writes runs/quick, and `{command} train` \
                 runs/NAME; give such a folder"
            );
            return Err(Error::Record { path, problem });
        }
        read_versioned(&path, FORMAT, "repeat the command that made the runs: it writes the plan again and keeps what has finished")
    }

    pub(crate) fn save(&self, out: &Path) -> Result<()> {
        Ok(atomic::write(&Layout::new(out).plan(), &json(self)?)?)
    }

    /// Takes over the finished runs of the plan that was in `out` before, but for those that this one has as well, and for
    /// those of its own experiments where it starts over.
    pub(super) fn take_over(&mut self, before: Self, fresh: bool, out: &Path) {
        let forgotten = |experiment: &Experiment| fresh && self.has_experiment(experiment);
        let all = [(before.nodes, &before.experiments), (before.earlier, &before.earlier_experiments)];
        let (mut earlier, mut experiments): (Vec<Node>, Vec<Experiment>) = (Vec::new(), Vec::new());
        for (nodes, owners) in all {
            for node in nodes {
                let owner = node.experiments.first().and_then(|owner| owners.get(*owner)).filter(|owner| !forgotten(owner));
                let Some(owner) = owner else { continue };
                if self.nodes.iter().chain(&earlier).any(|own| own.spec == node.spec) || !node.folder(out).record().exists() {
                    continue;
                }
                let place = experiments.iter().position(|known| known == owner).unwrap_or_else(|| {
                    experiments.push(owner.clone());
                    experiments.len() - 1
                });
                earlier.push(Node { experiments: vec![place], found: true, ..node });
            }
        }
        (self.earlier, self.earlier_experiments) = (earlier, experiments);
    }

    /// The commands of the calls that these runs of earlier plans and its own are of, each once, in their order.
    pub(crate) fn commands<'a>(&'a self, earlier: impl DoubleEndedIterator<Item = &'a Node>) -> Vec<String> {
        let mut commands: Vec<String> = Vec::new();
        // The runs of the last call stand first.
        for command in earlier.rev().map(|node| &node.command).chain([&self.command]) {
            if !commands.contains(command) {
                commands.push(command.clone());
            }
        }
        commands
    }

    /// The name of an earlier run's method beside those of this plan and of others before it: with the digest of what determined its
    /// weights, but for the seed, where another run has that name in an experiment of the same name, or for the same tables on the same
    /// data set.
    pub(crate) fn name_of_earlier(&self, node: &Node) -> String {
        let RunSpec { method, .. } = &node.spec;
        let but_for_the_seed = |spec: &RunSpec| RunSpec { seed: 0, ..spec.clone() };
        let theirs: Vec<&Experiment> = node.experiments.iter().filter_map(|place| self.earlier_experiments.get(*place)).collect();
        let beside = |other: &Node, owners: &[Experiment]| {
            // A table keeps its data sets apart.
            let same_data = other.spec.dataset.name == node.spec.dataset.name;
            other.experiments.iter().filter_map(|place| owners.get(*place)).any(|other| {
                let shares = |their: &Experiment| same_data && other.targets.iter().any(|target| their.targets.contains(target));
                theirs.iter().any(|their| other.name == their.name || shares(their))
            })
        };
        let spec = but_for_the_seed(&node.spec);
        let is_other = |other: &Node, owners: &[Experiment]| {
            other.spec.method == *method && but_for_the_seed(&other.spec) != spec && beside(other, owners)
        };
        let earlier: Vec<&Node> = self.earlier.iter().filter(|other| is_other(other, &self.earlier_experiments)).collect();
        if earlier.is_empty() && !self.nodes.iter().any(|own| is_other(own, &self.experiments)) {
            return method.clone();
        }
        // Two versions of one training were evaluated otherwise.
        let trained = spec.training_sha256();
        let twice = earlier.iter().any(|other| but_for_the_seed(&other.spec).training_sha256() == trained);
        let digest = if twice { spec.sha256() } else { trained };
        format!("{method}-{}", digest.chars().take(8).collect::<String>())
    }

    /// Whether one of its own experiments has this one's name.
    pub(crate) fn has_experiment(&self, named: &Experiment) -> bool {
        self.experiments.iter().any(|own| own.name == named.name)
    }

    /// Whether the run is to be started over and was not begun yet: what its folder holds is of an earlier call.
    pub(crate) fn waits_to_start_over(&self, node: &Node, out: &Path) -> bool {
        let begun_by = || std::fs::read_to_string(node.folder(out).fresh()).ok();
        self.fresh.is_some() && self.fresh != begun_by()
    }

    /// Removes what an earlier call left of a run that is to be started over, once, when its turn comes.
    ///
    /// # Errors
    /// Where another process works on the run, or a file cannot be removed.
    pub(super) fn start_over(&self, node: &Node, out: &Path) -> Result<()> {
        let Some(name) = self.fresh.as_ref().filter(|_| self.waits_to_start_over(node, out)) else { return Ok(()) };
        let folder = node.folder(out);
        let failed = |error: std::io::Error| Error::Record { path: folder.path().into(), problem: error.to_string() };
        if folder.path().exists() {
            let _lock = RunLock::take(folder.path())?;
            for entry in std::fs::read_dir(folder.path()).map_err(failed)? {
                let path = entry.map_err(failed)?.path();
                // The parent of a worker has its log open.
                if path == folder.worker_log() {
                    continue;
                }
                if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) }.map_err(failed)?;
            }
        }
        std::fs::create_dir_all(folder.path()).map_err(failed)?;
        Ok(atomic::write(&folder.fresh(), name.as_bytes())?)
    }

    /// How far a run is; absent where nobody has begun it.
    pub fn status(&self, node: &Node, out: &Path) -> Option<Status> {
        if self.waits_to_start_over(node, out) { None } else { status::read(&node.folder(out)) }
    }

    /// The run at `index`.
    ///
    /// # Errors
    /// For a place that the plan of the reproduction in `out` does not have.
    pub(super) fn node(&self, index: usize, out: &Path) -> Result<&Node> {
        let missing = || Error::Record { path: out.into(), problem: format!("its plan has no run {index}; it has {}", self.nodes.len()) };
        self.nodes.get(index).ok_or_else(missing)
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

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;
    use crate::cells::tests::record;

    /// An experiment of that name with these runs.
    pub(crate) fn experiment(name: &str, runs: &[RunSpec]) -> Experiment {
        let experiment = json!({
            "path": "", "name": name, "title": "", "about": "", "targets": [], "paper_dataset": null, "optional": false, "seeds": 1,
            "resources": {}, "expect": [], "runs": runs,
        });
        serde_json::from_value(experiment).unwrap()
    }

    /// A run that is of no experiment and has not finished.
    pub(crate) fn node(spec: &RunSpec) -> Node {
        Node {
            spec: spec.clone(),
            data_sha256: String::new(),
            experiments: Vec::new(),
            folder: "run".into(),
            found: false,
            command: "c".into(),
        }
    }

    /// The plan of a call before which there was none.
    pub(crate) fn plan(experiments: Vec<Experiment>, nodes: Vec<Node>) -> Plan {
        Plan {
            format: FORMAT,
            profile: "p".into(),
            command: "c".into(),
            experiments,
            nodes,
            left_out: Vec::new(),
            refused: Vec::new(),
            without_data: Vec::new(),
            earlier_experiments: Vec::new(),
            earlier: Vec::new(),
            fresh: None,
            data_dir: None,
            tf32: false,
        }
    }

    /// The plan of a call with one run, which has finished in `out`.
    fn finished(command: &str, seed: u64, out: &Path) -> Plan {
        let folder = PathBuf::from(format!("run{seed}"));
        std::fs::create_dir_all(out.join(&folder)).unwrap();
        std::fs::write(RunFolder::at(out.join(&folder)).record(), "").unwrap();
        let spec = record("vae", seed, "rate", 1.0).spec;
        let node = Node { experiments: vec![0], folder, command: command.into(), ..node(&spec) };
        Plan { command: command.into(), ..plan(vec![experiment("x", &[])], vec![node]) }
    }

    fn commands(plan: &Plan) -> Vec<String> {
        plan.commands(plan.earlier.iter())
    }

    #[test]
    fn a_folder_without_a_plan_is_told_what_writes_one() {
        let folder = tempfile::tempdir().unwrap();
        let message = Plan::load(folder.path()).unwrap_err().to_string();
        assert!(message.contains("plan.json: is not there: nothing was run into this folder yet. `"), "{message}");
        assert!(message.contains(" reproduce` writes runs/quick, and `") && message.contains(" train` runs/NAME; give"), "{message}");
    }

    #[test]
    fn a_damaged_plan_is_told_what_writes_it_again() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["", "{\"format\": 4", "{}"] {
            std::fs::write(folder.path().join("plan.json"), text).unwrap();
            let message = Plan::load(folder.path()).unwrap_err().to_string();
            assert!(
                message.contains("plan.json: is damaged (") && message.contains("); repeat the command that made the runs: "),
                "{message}"
            );
        }
    }

    #[test]
    fn data_that_is_not_here_names_what_brings_it() {
        let experiment = experiment("x", &[]);
        let command = |dataset: &str| WithoutData { experiment: experiment.clone(), dataset: dataset.into() }.command();
        for dataset in ["mnist", "table:some/body"] {
            assert_eq!(command(dataset), format!("{} data fetch {dataset}", called()));
        }
        // Of the paper's tables only what there is.
        let said = |targets: &[&str]| {
            let mut experiment = experiment.clone();
            experiment.targets = targets.iter().map(|target| (*target).to_owned()).collect();
            WithoutData { experiment, dataset: "mnist".into() }.sentence()
        };
        assert!(said(&[]).starts_with("x not measured: mnist is not on this machine; `"), "{}", said(&[]));
        assert!(said(&["table1", "table3"]).starts_with("x (table1, table3) not measured: "));
    }

    #[test]
    fn a_plan_knows_the_command_of_every_call_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path();
        let after = |before: Plan, command: &str, seed: u64| {
            let mut plan = finished(command, seed, out);
            plan.take_over(before, false, out);
            plan
        };
        let three = after(after(finished("a", 0, out), "b", 1), "c", 2);
        assert_eq!(commands(&three), ["a", "b", "c"]);
        assert_eq!(three.earlier.iter().map(|node| &node.command).collect::<Vec<_>>(), ["b", "a"]);
        // A plan is read back with them.
        three.save(out).unwrap();
        assert_eq!(Plan::load(out).unwrap(), three);
        // A command whose runs are all of a later call made nothing of the page.
        assert_eq!(commands(&after(three.clone(), "d", 1)), ["a", "c", "d"]);
        // The same command once more.
        assert_eq!(commands(&after(three, "a", 3)), ["a", "b", "c"]);
    }
}
