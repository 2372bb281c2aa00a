//! Variables of the user's environment that would change what a call of Slurm means.

use std::process::Command;

/// What `sbatch` would take before the lines of our scripts, or would wait for. The user's account, partition, quality of service and
/// limits stay: they are set on purpose.
const STATED: [&str; 9] = [
    "SBATCH_ARRAY_INX",
    "SBATCH_ERROR",
    "SBATCH_JOB_NAME",
    "SBATCH_NO_REQUEUE",
    "SBATCH_OPEN_MODE",
    "SBATCH_OUTPUT",
    "SBATCH_REQUEUE",
    "SBATCH_SIGNAL",
    "SBATCH_WAIT",
];

/// Takes out of the environment of a call of `program` what would change its answer. `SQUEUE_STATES=RUNNING`, for instance, hides
/// the jobs that wait: they would be submitted once more.
pub(super) fn clean(command: &mut Command, program: &str) {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| changes(program, name)) {
            command.env_remove(name);
        }
    }
}

fn changes(program: &str, name: &str) -> bool {
    match program {
        "sbatch" => STATED.contains(&name),
        "squeue" => name.starts_with("SQUEUE_"),
        "scancel" => name.starts_with("SCANCEL_"),
        "scontrol" => name.starts_with("SCONTROL_"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_filters_or_overrides_is_taken_out_and_what_names_the_cluster_or_the_account_stays() {
        for (program, name) in [
            ("squeue", "SQUEUE_STATES"),
            ("squeue", "SQUEUE_FORMAT2"),
            ("scancel", "SCANCEL_STATE"),
            ("scontrol", "SCONTROL_FEDERATION"),
            ("sbatch", "SBATCH_NO_REQUEUE"),
            ("sbatch", "SBATCH_ARRAY_INX"),
        ] {
            assert!(changes(program, name), "{program} {name}");
        }
        for program in ["sbatch", "squeue", "scancel", "scontrol"] {
            for name in ["SLURM_CONF", "SLURM_CLUSTERS", "SBATCH_CLUSTERS", "SBATCH_ACCOUNT", "SBATCH_PARTITION", "SBATCH_QOS", "PATH"] {
                assert!(!changes(program, name), "{program} {name}");
            }
        }
    }
}
