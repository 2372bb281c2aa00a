//! How much a site takes: asked before anything is queued.

use std::time::Duration;

use super::{call::Scheduler, jobs::clusters};
use crate::{Error, Result};

/// Slurm's own defaults, for a site that does not say.
const MAX_ARRAY_SIZE: usize = 1001;
const MAX_JOB_COUNT: usize = 10_000;
/// How long a controller that is away is asked for them.
const PATIENCE: Duration = Duration::from_secs(60);

/// The limits of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// The largest index of an array is below it.
    pub(super) array: usize,
    /// Jobs that the controller keeps; every task of an array is one.
    jobs: usize,
}

impl Limits {
    /// Asks the site; Slurm's defaults are taken where nobody answers.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub(super) fn of(scheduler: &Scheduler<'_>) -> Result<Self> {
        let cluster = std::env::var("SBATCH_CLUSTERS").ok();
        let arguments = [clusters(cluster.as_deref()), ["show", "config"].map(str::to_owned).to_vec()].concat();
        // The launch can do without an answer, and sbatch refuses what is beyond a limit.
        match scheduler.within(PATIENCE).until_answered(|| scheduler.ask_clearly("scontrol", &arguments)) {
            Ok(config) => Ok(Self::read(&config)),
            Err(Error::Stopped) => Err(Error::Stopped),
            Err(error) => {
                tracing::warn!("the site's limits cannot be asked for ({error}); taken as MaxArraySize = {MAX_ARRAY_SIZE}");
                Ok(Self::read(""))
            }
        }
    }

    fn read(config: &str) -> Self {
        let value = |wanted: &str| {
            let of = |line: &str| line.split_once('=').filter(|(key, _)| key.trim() == wanted)?.1.trim().parse::<usize>().ok();
            config.lines().find_map(of)
        };
        Self { array: value("MaxArraySize").unwrap_or(MAX_ARRAY_SIZE).max(1), jobs: value("MaxJobCount").unwrap_or(MAX_JOB_COUNT) }
    }

    /// Refuses more tasks than the controller keeps.
    ///
    /// # Errors
    /// [`Error::Launch`], naming the limit.
    pub(super) fn check(&self, tasks: usize) -> Result<()> {
        // The last job writes the tables.
        if tasks < self.jobs {
            return Ok(());
        }
        let problem = format!(
            "{tasks} runs and the job for the tables are more than this site's MaxJobCount of {}; submit fewer (targets, --seeds, --budget)",
            self.jobs
        );
        Err(Error::Launch { path: "Slurm".into(), problem })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_from_the_configuration() {
        let config =
            "Configuration data as of 2026-01-01\nMaxArraySize            = 5\nMaxJobCount             = 30\nMaxStepCount = 40000\n";
        let limits = Limits::read(config);
        assert_eq!(limits, Limits { array: 5, jobs: 30 });
        assert!(limits.check(29).is_ok());
        assert!(matches!(limits.check(30), Err(Error::Launch { problem, .. }) if problem.contains("MaxJobCount of 30")));
        assert_eq!(Limits::read(""), Limits { array: 1001, jobs: 10_000 });
    }
}
