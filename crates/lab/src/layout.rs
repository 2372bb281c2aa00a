//! Where the files of a reproduction and of its runs are.

use std::path::{Path, PathBuf};

use vimae_spec::{RunRecord, RunSpec, sha256_hex};

/// Bytes of the name of a run's folder at most: file systems take 255, and a copy on its way has a few more.
const LONGEST_NAME: usize = 240;

/// The folder of a reproduction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// The layout under `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Every cell.
    pub fn results(&self) -> PathBuf {
        self.root.join("results.json")
    }

    /// Cells over their seeds.
    pub fn summary(&self) -> PathBuf {
        self.root.join("summary.json")
    }

    /// Intervals, methods in pairs, and verdicts against the paper.
    pub fn comparisons(&self) -> PathBuf {
        self.root.join("comparisons.json")
    }

    /// The page.
    pub fn page(&self) -> PathBuf {
        self.root.join("index.html")
    }

    /// Which runs there are.
    pub fn plan(&self) -> PathBuf {
        self.root.join("plan.json")
    }

    /// The folders of a run under other experiments, in the order of their names.
    pub(crate) fn elsewhere(&self, spec: &RunSpec) -> Vec<RunFolder> {
        let entries = std::fs::read_dir(&self.root).into_iter().flatten().flatten();
        let mut experiments: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        experiments.sort();
        experiments.iter().map(|experiment| self.run(experiment, spec)).filter(|folder| folder.record().exists()).collect()
    }

    /// A run's folder as the plan names it.
    pub(crate) fn below(&self, folder: &RunFolder) -> PathBuf {
        folder.path().strip_prefix(&self.root).unwrap_or(folder.path()).to_path_buf()
    }

    /// The folder of a run. Its name carries the digest of what determines the weights, so that a
    /// changed spec never meets the files of another. A method's name that is too long is cut and carries a digest of its own.
    pub fn run(&self, experiment: &str, spec: &RunSpec) -> RunFolder {
        let begin = |text: &str, count: usize| text.chars().take(count).collect::<String>();
        let method: String = spec.method.chars().map(|c| if c.is_ascii_alphanumeric() || "_-.=".contains(c) { c } else { '_' }).collect();
        let end = format!("-seed{}-{}", spec.seed, begin(&spec.training_sha256(), 8));
        let room = LONGEST_NAME.saturating_sub(end.len());
        let method = if method.len() <= room {
            method
        } else {
            let whole = begin(&sha256_hex(spec.method.as_bytes()), 8);
            format!("{}-{whole}", begin(&method, room.saturating_sub(whole.len() + 1)))
        };
        RunFolder(self.root.join(experiment).join(method + &end))
    }
}

/// The folder of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFolder(PathBuf);

impl RunFolder {
    /// A run's folder at `path`.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// What the finished run leaves.
    pub fn record(&self) -> PathBuf {
        self.0.join("record.json")
    }

    /// Where a record is kept that another one takes the place of.
    pub(crate) fn earlier_record(&self, record: &RunRecord) -> PathBuf {
        let short: String = record.spec_sha256.chars().take(12).collect();
        self.0.join("evaluations").join(format!("record-{short}-{}.json", record.version))
    }

    /// Every choice with all its settings, and what codes are drawn from.
    pub fn config(&self) -> PathBuf {
        self.0.join("config.json")
    }

    /// The numbers of a density that was fitted in the prior's place.
    pub fn density(&self) -> PathBuf {
        self.0.join("prior.safetensors")
    }

    /// Which call with `--fresh` began it, where one did.
    pub(crate) fn fresh(&self) -> PathBuf {
        self.0.join(".fresh")
    }

    /// Whether its weights are gone and its last checkpoint, from which they can be made again, is there.
    pub(crate) fn lacks_weights(&self) -> bool {
        !self.model().exists() && self.has_checkpoint()
    }

    /// Whether a checkpoint is there that its training would go on from.
    pub(crate) fn has_checkpoint(&self) -> bool {
        let [own, of_task] = [self.0.clone(), vimae_continual::folder(&self.0, 1)].map(|folder| folder.join("checkpoint.safetensors"));
        own.exists() || of_task.exists()
    }

    /// Where its data were found on this machine. It is never published.
    pub(crate) fn place(&self) -> PathBuf {
        self.0.join("place.json")
    }

    /// How far it is.
    pub fn status(&self) -> PathBuf {
        self.0.join("status.json")
    }

    /// What a process that worked on it said.
    pub fn worker_log(&self) -> PathBuf {
        self.0.join("worker.log")
    }

    /// The specification, for people and for `verify`.
    pub fn spec(&self) -> PathBuf {
        self.0.join("spec.json")
    }

    /// What an evaluation under way has measured so far.
    pub fn measured(&self) -> PathBuf {
        self.0.join("measured.json")
    }

    /// One more evaluation, by its digest.
    pub fn reevaluation(&self, sha256: &str) -> PathBuf {
        let short: String = sha256.chars().take(12).collect();
        self.0.join("evaluations").join(format!("{short}.json"))
    }

    /// The weights after task `number` of `tasks`, counted from 1: where it was trained, or as it was published.
    pub(crate) fn after(&self, number: usize, tasks: usize) -> PathBuf {
        let trained = Self(vimae_continual::folder(&self.0, number)).model();
        match trained.exists() {
            true => trained,
            false if number == tasks => self.model(),
            false => self.0.join(vimae_hub::weights_after(number)),
        }
    }

    /// The final weights.
    pub fn model(&self) -> PathBuf {
        self.0.join("model.safetensors")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cells::tests::record;

    fn name(method: &str) -> String {
        let spec = RunSpec { method: method.into(), ..record("vae", 3, "rate", 1.0).spec };
        let folder = Layout::new("out").run("digits", &spec);
        folder.path().file_name().unwrap().to_str().unwrap().to_owned()
    }

    #[test]
    fn a_name_that_is_too_long_is_cut_and_told_apart_by_a_digest_of_the_whole() {
        let grid = |end: &str| name(&("vae".to_owned() + &"[objective.beta=4.0]".repeat(20) + end));
        assert_eq!([grid("").len(), grid("[x=1]").len()], [LONGEST_NAME; 2]);
        assert_ne!(grid("[x=1]"), grid("[x=2]"));
        assert!(grid("").starts_with("vae_objective.beta=4.0__objective.beta=4.0_"));
    }

    #[test]
    fn a_name_that_fits_stays_as_it_is() {
        assert!(name("vae[objective.beta=4.0]").starts_with("vae_objective.beta=4.0_-seed3-"));
        let longest = "m".repeat(LONGEST_NAME - "-seed3-12345678".len());
        assert!(name(&longest).starts_with(&(longest.clone() + "-seed3-")));
    }
}
