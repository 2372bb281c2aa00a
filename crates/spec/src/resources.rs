//! What a cluster should give a run. It determines no weight and no number, and is in no digest.

use serde::{Deserialize, Serialize};

use crate::run::{Rule, rule};

/// The section `[resources]` of an experiment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Resources {
    /// Cores of each run, 1 to 1024.
    pub cpus: u32,
    /// Memory of each run in MiB, 64 to 16777216.
    pub memory_mib: u64,
    /// GPUs of each run, 0 to 16.
    pub gpus: u32,
    /// Minutes after which a run is stopped, to be taken up again; the partition's limit where absent.
    pub minutes: Option<u32>,
    /// The partition; the cluster's default where absent.
    pub partition: Option<String>,
    /// The account; the user's default where absent.
    pub account: Option<String>,
}

impl Default for Resources {
    fn default() -> Self {
        Self { cpus: 2, memory_mib: 4096, gpus: 0, minutes: None, partition: None, account: None }
    }
}

impl Resources {
    pub(crate) fn rules(&self) -> Vec<Rule> {
        // A name goes into a script, where it must be one word.
        let word = |name: &Option<String>| {
            name.as_ref().is_none_or(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_alphanumeric() || "_-.,".contains(c)))
        };
        let shown = |name: &Option<String>| name.clone().unwrap_or_default();
        let minutes = self.minutes.unwrap_or(1);
        vec![
            rule("resources.cpus", self.cpus, (1..=1024).contains(&self.cpus), "a whole number from 1 to 1024"),
            rule(
                "resources.memory_mib",
                self.memory_mib,
                (64..=16_777_216).contains(&self.memory_mib),
                "a whole number from 64 to 16777216",
            ),
            rule("resources.gpus", self.gpus, self.gpus <= 16, "a whole number from 0 to 16"),
            rule("resources.minutes", minutes, (1..=525_600).contains(&minutes), "a whole number from 1 to 525600"),
            rule("resources.partition", shown(&self.partition), word(&self.partition), "letters, digits, _ - . and ,"),
            rule("resources.account", shown(&self.account), word(&self.account), "letters, digits, _ - . and ,"),
        ]
    }
}
