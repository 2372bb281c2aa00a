//! Runs found: below a directory, at a path, or on the Hub.

use std::path::{Path, PathBuf};

use serde::Serialize;
use vimae_hub::pull;
use vimae_spec::{RunRecord, RunSpec, repository};

use crate::{
    Error, HubEvent, HubOptions, Result, RunFolder, State, read_status,
    record::{UNFINISHED, read_record},
    stored,
};

/// Folders within one another that are looked into.
const DEPTH: usize = 4;

/// Runs of a folder that an error names.
const NAMED: usize = 3;

/// A run that was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FoundRun {
    /// Its folder.
    pub folder: PathBuf,
    /// Where it is.
    pub state: State,
    /// Its record, where it is finished.
    pub record: Option<RunRecord>,
    /// What it is to be, where it has no record that says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec: Option<RunSpec>,
    /// Why its record cannot be read, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl FoundRun {
    /// Its specification, where that can be read.
    pub fn spec(&self) -> Option<&RunSpec> {
        self.record.as_ref().map(|record| &record.spec).or(self.spec.as_ref())
    }
}

/// Every run below `folder`, in the order of paths.
///
/// # Errors
/// [`Error::Record`] where the folder is not there.
pub fn find_runs(folder: &Path) -> Result<Vec<FoundRun>> {
    if !folder.is_dir() {
        return Err(Error::Record { path: folder.into(), problem: "is no folder; give one that holds runs".into() });
    }
    let mut found = Vec::new();
    search(folder, DEPTH, &mut found)?;
    found.sort_by(|a, b| a.folder.cmp(&b.folder));
    Ok(found)
}

fn search(folder: &Path, depth: usize, found: &mut Vec<FoundRun>) -> Result<()> {
    let run = RunFolder::at(folder);
    if run.record().is_file() {
        let (record, problem) = match read_record(&run.record()) {
            Ok(record) => (Some(record), None),
            Err(error) => (None, Some(error.to_string())),
        };
        let (state, spec) = if record.is_some() { (State::Finished, None) } else { (State::Failed, stored::read(&run.spec()).ok()) };
        found.push(FoundRun { folder: folder.into(), state, record, spec, problem });
    } else if let Some(status) = read_status(&run) {
        let spec = stored::read(&run.spec()).ok();
        found.push(FoundRun { folder: folder.into(), state: status.state, record: None, spec, problem: None });
    } else if depth > 0 {
        // What cannot be read holds no runs of ours.
        for entry in folder.read_dir().into_iter().flatten().flatten().filter(|entry| entry.path().is_dir()) {
            search(&entry.path(), depth - 1, found)?;
        }
    }
    Ok(())
}

/// The folder of a run at `place`, a directory or `owner/name` on the Hub.
///
/// # Errors
/// [`Error::Record`] for what is none, with the runs that it holds; [`Error::Hub`].
pub(crate) fn run_at(place: &str, options: &HubOptions, tell: &mut dyn FnMut(HubEvent)) -> Result<PathBuf> {
    let path = Path::new(place);
    check_run(path, "the directory of a finished run, or owner/name on the Hub")?;
    folder_of(place, options, tell)
}

/// That the folder at `path` is there and is one of a run that is finished, as far as its files say.
///
/// # Errors
/// [`Error::Record`], with the runs that it holds where it is none.
pub(crate) fn check_finished(path: &Path) -> Result<()> {
    let wanted = "the directory of a finished run";
    if !path.exists() {
        return Err(Error::Record { path: path.into(), problem: format!("is not there; give {wanted}") });
    }
    check_run(path, wanted)
}

/// That what is at `path`, if there is anything, is a run that is finished; `wanted` says what else to give.
fn check_run(path: &Path, wanted: &str) -> Result<()> {
    if path.join("spec.json").exists() && !path.join("record.json").exists() {
        return Err(Error::Record { path: path.join("record.json"), problem: UNFINISHED.into() });
    }
    // What is no run may hold some.
    if path.is_dir() && !path.join("config.json").exists() && !path.join("record.json").exists() {
        let problem = held(path)?.unwrap_or_else(|| format!("is no run; give {wanted}"));
        return Err(Error::Record { path: path.into(), problem });
    }
    Ok(())
}

/// That the folder at `path` is not one of runs, whose sheets of images would be taken for images of its own.
///
/// # Errors
/// [`Error::Record`], with the runs that it holds.
pub(crate) fn check_no_runs(path: &Path) -> Result<()> {
    let run = RunFolder::at(path);
    if read_status(&run).is_some() {
        return Err(Error::Record { path: run.record(), problem: UNFINISHED.into() });
    }
    held(path)?.map_or(Ok(()), |problem| Err(Error::Record { path: path.into(), problem }))
}

/// Which runs a folder holds, in words; none where it holds none.
fn held(path: &Path) -> Result<Option<String>> {
    let runs: Vec<String> = find_runs(path)?.iter().map(|run| run.folder.display().to_string()).collect();
    let (named, others) = runs.split_at(runs.len().min(NAMED));
    let more = if others.is_empty() { String::new() } else { format!(" and {} more", others.len()) };
    Ok((!named.is_empty()).then(|| format!("is no run, but holds some; give one of them: {}{more}", named.join(", "))))
}

/// The folder of a run: the one at `place`, or that of `owner/name`, `owner/name@revision`, brought from the Hub.
///
/// # Errors
/// [`Error::Record`] for what is neither a folder nor such a name; [`Error::Hub`] where it cannot be had from there.
pub(crate) fn folder_of(place: &str, options: &HubOptions, tell: &mut dyn FnMut(HubEvent)) -> Result<PathBuf> {
    let path = Path::new(place);
    if path.exists() {
        return Ok(path.into());
    }
    // A branch may have slashes of its own.
    let (repo, revision) = place.split_once('@').map_or((place, None), |(repo, revision)| (repo, Some(revision)));
    if let Err(why) = repository(repo) {
        let is_path = place.starts_with(['.', '/']);
        let problem =
            if is_path { "is not there".into() } else { format!("is not there; a model on the Hub is named owner/name, and this {why}") };
        return Err(Error::Record { path: path.into(), problem });
    }
    Ok(pull(&repo.parse()?, revision, options, tell)?.folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_of_runs_is_told_from_a_run_by_every_command() {
        let out = tempfile::tempdir().unwrap();
        let run = out.path().join("mine/vae-seed0");
        std::fs::create_dir_all(&run).unwrap();
        let fault = |path: &Path| check_finished(path).unwrap_err().to_string();
        assert!(fault(out.path()).contains("is no run; give the directory of a finished run"), "{}", fault(out.path()));
        std::fs::write(run.join("record.json"), "{}").unwrap();
        check_finished(&run).unwrap();
        let holds = fault(out.path());
        assert!(holds.ends_with(&format!("is no run, but holds some; give one of them: {}", run.display())), "{holds}");
        std::fs::write(run.join("samples.png"), "").unwrap();
        let choice = crate::images_of::Choice { count: 9, skip_broken: false, deep: crate::DeepGrayscale::default() };
        let mut shelf = crate::Shelf::new(crate::Sources::default());
        let repo: vimae_hub::RepoName = "me/mine".parse().unwrap();
        for error in [
            crate::verify(&RunFolder::at(out.path()), None, &mut shelf).err(),
            crate::reevaluate((&[], &[]), &vimae_core::RunContext::new(out.path()), &mut shelf).err(),
            crate::prepare(out.path(), &repo, "mit", None, &mut shelf).err(),
            // Its sheets are no images to compare.
            crate::images_of::open(&out.path().display().to_string(), choice, &mut shelf).err(),
        ] {
            assert_eq!(error.unwrap().to_string(), holds);
        }
        assert!(fault(&out.path().join("gone")).contains("gone: is not there; give"));
        std::fs::rename(run.join("record.json"), run.join("spec.json")).unwrap();
        assert!(fault(&run).contains(UNFINISHED));
        let unfinished = crate::images_of::open(&run.display().to_string(), choice, &mut shelf).err();
        assert_eq!(unfinished.unwrap().to_string(), fault(&run));
    }

    #[test]
    fn a_run_that_is_not_finished_is_found_with_its_specification() {
        let out = tempfile::tempdir().unwrap();
        let spec = crate::cells::tests::record("vae", 3, "rate", 1.0).spec;
        std::fs::write(RunFolder::at(out.path()).spec(), serde_json::to_string(&spec).unwrap()).unwrap();
        let found = find_runs(out.path()).unwrap();
        assert_eq!(found.iter().map(|run| (run.state, run.spec())).collect::<Vec<_>>(), [(State::Stopped, Some(&spec))]);
    }

    #[test]
    fn of_many_runs_three_are_named_and_the_others_counted() {
        let out = tempfile::tempdir().unwrap();
        for seed in 0..5 {
            let run = out.path().join(format!("vae-seed{seed}"));
            std::fs::create_dir(&run).unwrap();
            std::fs::write(run.join("record.json"), "{}").unwrap();
        }
        let message = check_finished(out.path()).unwrap_err().to_string();
        assert!(message.contains("vae-seed0, ") && message.ends_with("vae-seed2 and 2 more"), "{message}");
    }

    #[test]
    fn a_branch_with_slashes_is_looked_for_on_the_hub() {
        let cache = tempfile::tempdir().unwrap();
        let options = HubOptions { offline: true, ..HubOptions::new("https://example.invalid", cache.path()) };
        let found = |place: &str| folder_of(place, &options, &mut |_| ());
        assert!(matches!(found("me/vae@exp/seed-1"), Err(Error::Hub(_))));
        let there = cache.path().display().to_string();
        assert_eq!(found(&there).unwrap(), cache.path());
        // What cannot be a repository is a folder that is not there.
        for (place, why) in [
            ("runs/quick/none", "and this has more than one /"),
            ("vae", "and this has no owner"),
            ("me/vae--2", "and this holds -- or .."),
        ] {
            let message = found(place).unwrap_err().to_string();
            assert!(message.starts_with(&format!("{place}: is not there; a model on the Hub is named owner/name, ")), "{message}");
            assert!(message.ends_with(why), "{message}");
        }
        // What is written as a path is no repository anyway.
        for place in ["./vae", "../mine/vae", "/none/vae"] {
            assert_eq!(found(place).unwrap_err().to_string(), format!("{place}: is not there"));
        }
    }
}
