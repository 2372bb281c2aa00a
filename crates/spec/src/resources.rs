//! What a cluster should give a run. It determines no weight and no number, and is in no digest.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A name goes into a script, where it must be one word.
const WORD: &str = "^[A-Za-z0-9_.,-]+$";
/// Between single quotes in that script.
const FEATURES: &str = "^[A-Za-z0-9_.,&|()*:=!<>@-]+$";
/// A line of that script.
const OPTION: &str = "^[A-Za-z0-9 _.,:=/@%+*-]+$";

/// The section `[resources]` of an experiment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Resources {
    /// Cores of each run.
    #[schemars(range(min = 1, max = 1024))]
    pub cpus: u32,
    /// Memory of each run in MiB.
    #[schemars(range(min = 64, max = 16_777_216))]
    pub memory_mib: u64,
    /// GPUs of each run.
    #[schemars(range(max = 16))]
    pub gpus: u32,
    /// Minutes after which a run is stopped, to be taken up again; the partition's limit where absent.
    #[schemars(range(min = 1, max = 525_600))]
    pub minutes: Option<u32>,
    /// The partition; the cluster's default where absent.
    #[schemars(regex(pattern = WORD))]
    pub partition: Option<String>,
    /// The account; the user's default where absent.
    #[schemars(regex(pattern = WORD))]
    pub account: Option<String>,
    /// Features that a node must have, as Slurm's option `--constraint` takes them.
    #[schemars(regex(pattern = FEATURES))]
    pub constraint: Option<String>,
    /// More options of sbatch, such as `--qos=long`.
    #[schemars(inner(regex(pattern = OPTION)))]
    pub extra: Vec<String>,
    /// Lines of shell before the work: `module load cuda`.
    pub preamble: Vec<String>,
}

impl Default for Resources {
    fn default() -> Self {
        Self {
            cpus: 2,
            memory_mib: 4096,
            gpus: 0,
            minutes: None,
            partition: None,
            account: None,
            constraint: None,
            extra: Vec::new(),
            preamble: Vec::new(),
        }
    }
}
