//! Finished runs found, shown and compared: methods by headline metrics, and the settings in which they differ.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Serialize;
use serde_json::Value;
use vimae_hub::{Config, RunFiles, pull};
use vimae_report::{
    HeadlineTable, Observation,
    headline::{Headline, headlines},
};
use vimae_spec::{Doubt, RunRecord, repository};
use vimae_statistics::student;

use crate::{
    Error, HubEvent, HubOptions, Result, RunFolder, State,
    dotted::dotted,
    read_status,
    record::{UNFINISHED, read_record},
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
    /// Why its record cannot be read, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
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
        let state = if record.is_some() { State::Finished } else { State::Failed };
        found.push(FoundRun { folder: folder.into(), state, record, problem });
    } else if let Some(status) = read_status(&run) {
        found.push(FoundRun { folder: folder.into(), state: status.state, record: None, problem: None });
    } else if depth > 0 {
        // What cannot be read holds no runs of ours.
        for entry in folder.read_dir().into_iter().flatten().flatten().filter(|entry| entry.path().is_dir()) {
            search(&entry.path(), depth - 1, found)?;
        }
    }
    Ok(())
}

/// Methods side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct RunComparison {
    /// Methods against headline metrics, over seeds.
    pub table: HeadlineTable,
    /// The methods in the table's order; those of one name have their folders behind it.
    pub methods: Vec<String>,
    /// Settings that are not the same for all, each with its value for every method; absent where a method has none.
    pub differing: Vec<(String, Vec<Option<Value>>)>,
}

/// One run to compare.
struct Run {
    folder: PathBuf,
    record: RunRecord,
    settings: BTreeMap<String, Value>,
}

/// Compares runs: each place is the folder of a finished run, a folder that holds runs, or `owner/name` on the Hub. Runs that
/// differ in their seed alone are one method.
///
/// # Errors
/// [`Error::Record`] where there is no finished run; [`Error::Hub`] for one that is damaged.
pub fn compare_runs(places: &[String], options: &HubOptions, tell: &mut dyn FnMut(HubEvent)) -> Result<RunComparison> {
    let mut methods: Vec<Vec<Run>> = Vec::new();
    for place in places {
        for folder in finished(place, options, tell)? {
            let run = Run::open(folder)?;
            match methods.iter_mut().find(|runs| {
                runs.first().is_some_and(|first| first.settings == run.settings && first.record.data_sha256 == run.record.data_sha256)
            }) {
                Some(runs) => runs.push(run),
                None => methods.push(vec![run]),
            }
        }
    }
    let firsts: Vec<&Run> = methods.iter().filter_map(|runs| runs.first()).collect();
    let names: Vec<String> = firsts.iter().map(|run| name(run, &firsts)).collect();
    let observed = methods.iter().zip(&names).flat_map(|(runs, name)| {
        // Runs of one seed may have been found twice, under two experiments.
        runs.iter().flat_map(move |run| Observation::of_run(&run.record).map(move |one| Observation { method: name, ..one }))
    });
    Ok(RunComparison { table: HeadlineTable::of(observed, student::interval), differing: differing(&firsts), methods: names })
}

/// A method's name, with its folder where another method has the same.
fn name(run: &Run, firsts: &[&Run]) -> String {
    let own = &run.record.spec.method;
    let twice = firsts.iter().filter(|other| other.record.spec.method == *own).count() > 1;
    let folder = run.folder.file_name().unwrap_or_default().to_string_lossy();
    if twice { format!("{own} ({folder})") } else { own.clone() }
}

/// One run with everything that it was made with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShownRun {
    /// Its folder.
    pub folder: PathBuf,
    /// Its method.
    pub method: String,
    /// Its seed.
    pub seed: u64,
    /// Headline metrics: title, value, protocol, and why not to rely on the value.
    pub metrics: Vec<(String, Option<f64>, String, Option<String>)>,
    /// The values of these as people read them.
    #[serde(skip)]
    pub written: Vec<Option<String>>,
    /// Every setting, by dotted keys.
    pub settings: BTreeMap<String, Value>,
    /// How it was measured, by dotted keys. The JSON document is of what it was made with.
    #[serde(skip)]
    pub evaluation: BTreeMap<String, Value>,
}

/// Shows a finished run: its folder, or `owner/name` on the Hub.
///
/// # Errors
/// As [`compare_runs`].
pub fn show_run(place: &str, options: &HubOptions, tell: &mut dyn FnMut(HubEvent)) -> Result<ShownRun> {
    let Run { folder, record, settings } = Run::open(run_at(place, options, tell)?)?;
    let shown = |headline: &Headline| {
        let one = headline.among(&record.measurements)?;
        Some((headline.title.to_owned(), one.value, one.protocol.to_string(), Doubt::warning(&one.doubts)))
    };
    let metrics = headlines(&record.measurements).into_iter().filter_map(shown).collect();
    let code = record.spec.model.code;
    let written = |headline: &Headline| Some(headline.among(&record.measurements)?.value.map(|value| headline.shown(value, code)));
    let written = headlines(&record.measurements).into_iter().filter_map(written).collect();
    let evaluation = dotted("evaluation", &record.spec.evaluation);
    Ok(ShownRun { folder, method: record.spec.method, seed: record.spec.seed, metrics, written, settings, evaluation })
}

fn finished(place: &str, options: &HubOptions, tell: &mut dyn FnMut(HubEvent)) -> Result<Vec<PathBuf>> {
    let folder = folder_of(place, options, tell)?;
    if folder.join("record.json").is_file() {
        return Ok(vec![folder]);
    }
    let found: Vec<PathBuf> = find_runs(&folder)?.into_iter().filter(|run| run.record.is_some()).map(|run| run.folder).collect();
    if found.is_empty() {
        return Err(Error::Record { path: folder, problem: "holds no finished run".into() });
    }
    Ok(found)
}

impl Run {
    fn open(folder: PathBuf) -> Result<Self> {
        let RunFiles { config, record, .. } = RunFiles::open(&folder)?;
        let settings = settings(&config, &record);
        Ok(Self { folder, record, settings })
    }
}

/// Everything that a run was made with but its seed and its name, by dotted keys.
fn settings(config: &Config, record: &RunRecord) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    let mut part = |section: &str, name: &str, settings: &serde_json::Map<String, Value>| {
        all.insert(section.to_owned(), name.into());
        all.extend(settings.iter().map(|(key, value)| (format!("{section}.{key}"), value.clone())));
    };
    let Config { dataset, network, objective, prior, noise, divergence, likelihood, sampler, stream, strategy, .. } = config;
    part("dataset", &dataset.name, &dataset.settings);
    part("model", &network.architecture, &network.settings);
    part("objective", &objective.name, &objective.settings);
    part("prior", &prior.name, &prior.settings);
    part("noise", &noise.name, &noise.settings);
    part("likelihood", &likelihood.name, &likelihood.settings);
    part("sampler", &sampler.name, &sampler.settings);
    for (section, chosen) in [("divergence", divergence), ("stream", stream), ("strategy", strategy)] {
        if let Some(chosen) = chosen {
            part(section, &chosen.name, &chosen.settings);
        }
    }
    all.insert("model.code".into(), network.code.into());
    all.insert("dataset.train_images".into(), dataset.train_images.into());
    all.extend(dotted("training", &record.spec.training));
    all
}

fn differing(firsts: &[&Run]) -> Vec<(String, Vec<Option<Value>>)> {
    let keys: std::collections::BTreeSet<&String> = firsts.iter().flat_map(|run| run.settings.keys()).collect();
    let row = |key: &String| -> Vec<Option<Value>> { firsts.iter().map(|run| run.settings.get(key).cloned()).collect() };
    keys.into_iter()
        .map(|key| (key.clone(), row(key)))
        .filter(|(_, values)| values.windows(2).any(|pair| pair.first() != pair.last()))
        .collect()
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
