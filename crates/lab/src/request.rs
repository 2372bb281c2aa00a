//! What a reproduction is asked to do.

use std::{path::PathBuf, time::Duration};

use vimae_datasets::Sources;
use vimae_spec::Paper;

use crate::Profile;

/// Which runs, and how they are worked on.
#[derive(Debug, Clone)]
pub struct Request {
    /// The experiments.
    pub profile: Profile,
    /// The paper's numbers.
    pub paper: Paper,
    /// Seeds of each run; the experiments' own where absent.
    pub seeds: Option<u64>,
    /// Choose the machines' C and gamma by cross-validation on labelled codes, whatever the experiments say.
    pub tune: bool,
    /// Forget what earlier calls left there for these runs.
    pub fresh: bool,
    /// Where data is looked for.
    pub sources: Sources,
    /// Who works on the runs.
    pub launcher: Launcher,
    /// How often a run that failed in a way that may pass is tried again.
    pub retries: u64,
    /// Seconds that the runs may take; what gives most within them is run.
    pub budget: Option<f64>,
    /// The command that repeats this, for the page.
    pub command: String,
}

/// Who works on the runs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Launcher {
    /// This process, one run after the other.
    Here,
    /// Other processes of this machine, several at a time.
    Processes {
        /// The command that is called with `worker OUT INDEX`.
        program: PathBuf,
        /// Processes at a time.
        jobs: usize,
    },
    /// Tasks of Slurm jobs.
    Slurm(Cluster),
}

/// A Slurm cluster, and how it is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// The command that tasks call with `worker OUT INDEX`.
    pub program: PathBuf,
    /// Tasks at a time; 0: as many as the cluster lets run.
    pub jobs: usize,
    /// Between two looks at the queue.
    pub interval: Duration,
    /// How long the cluster may be away before this process gives up; its jobs stay.
    pub patience: Duration,
}

impl Launcher {
    /// Runs that are worked on at a time, as far as known.
    pub(crate) fn at_a_time(&self) -> usize {
        match self {
            Self::Here => 1,
            Self::Processes { jobs, .. } | Self::Slurm(Cluster { jobs, .. }) => (*jobs).max(1),
        }
    }
}
