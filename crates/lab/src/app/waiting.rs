//! What is said of the runs that wait, when a command ends.

use crate::Failure;

/// Runs that wait for one reason and have a line each; more have one together.
const APART: usize = 3;

/// What is said of the runs that wait.
pub(super) fn waiting(failed: &[Failure]) -> Vec<String> {
    let mut reasons: Vec<(&str, Vec<&Failure>)> = Vec::new();
    for failure in failed.iter().filter(|failure| failure.waits) {
        match reasons.iter_mut().find(|(reason, _)| *reason == failure.problem) {
            Some((_, runs)) => runs.push(failure),
            None => reasons.push((failure.problem.as_str(), vec![failure])),
        }
    }
    let lines = |(reason, runs): (&str, Vec<&Failure>)| -> Vec<String> {
        if runs.len() > APART {
            return vec![format!("{} runs: {reason}", runs.len())];
        }
        runs.iter().map(|run| format!("{} {} seed {}: {reason}", run.experiment, run.method, run.seed)).collect()
    };
    reasons.into_iter().flat_map(lines).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_runs_that_wait_for_one_reason_have_one_line() {
        let failure = |seed, problem: &str, waits| Failure {
            experiment: "x".into(),
            method: "vae".into(),
            seed,
            problem: problem.into(),
            left: waits,
            waits,
        };
        let mut failed: Vec<Failure> = (0..3).map(|seed| failure(seed, "not begun", true)).collect();
        failed.extend([failure(7, "stopped", true), failure(8, "not begun", false)]);
        let each = ["x vae seed 0: not begun", "x vae seed 1: not begun", "x vae seed 2: not begun", "x vae seed 7: stopped"];
        assert_eq!(waiting(&failed), each);
        failed.push(failure(9, "not begun", true));
        assert_eq!(waiting(&failed), ["4 runs: not begun", "x vae seed 7: stopped"]);
    }
}
