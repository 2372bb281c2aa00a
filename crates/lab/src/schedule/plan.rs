//! What a reproduction is going to run, as a file: workers, `status` and `report` all read it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use vimae_checkpoint::atomic;
use vimae_spec::{Experiment, RunSpec};

use crate::{
    Error, Layout, Result, RunFolder,
    stored::{json, read_versioned},
};

/// The form of plan that this code writes.
pub(super) const FORMAT: u32 = 1;

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
