//! The folder of a finished run, checked: its record, its specification, `config.json`, weights and images belong together.

use std::{
    collections::BTreeMap,
    fmt::Display,
    fs,
    path::{Path, PathBuf},
};

use vimae_spec::{RecordProblem, RunRecord, RunSpec, sha256_of_file};

use crate::{
    Config, Error, Result,
    config::{CONFIG, is_plain},
    digest::{LOCAL, check},
    weights::{Weights, read_weights},
};

/// The weights of a run.
pub(crate) const MODEL: &str = "model.safetensors";
/// The record of a run.
pub(crate) const RECORD: &str = "record.json";
/// The specification of a run.
pub(crate) const SPEC: &str = "spec.json";

/// A finished run on disk.
#[derive(Debug)]
pub struct RunFiles {
    /// Its folder.
    pub folder: PathBuf,
    /// Everything about it, resolved.
    pub config: Config,
    /// Its record.
    pub record: RunRecord,
    /// Its weights and running statistics.
    pub weights: Weights,
    /// What is published of it, by name, with where it is: weights, specification, record, log, images.
    pub files: BTreeMap<String, PathBuf>,
}

/// The name under which the weights after task `number`, counted from 1 and not the last, are published.
pub fn weights_after(number: usize) -> String {
    format!("task{number}.safetensors")
}

impl RunFiles {
    /// Opens the folder of a finished run. Weights after single tasks are among its files where they are here: it can be used
    /// without them.
    ///
    /// # Errors
    /// [`Error::NoModel`] for a folder without a record; [`Error::Damaged`] for a file that is missing, damaged or not the one
    /// that the record was made with; [`Error::Pickle`]; [`Error::Format`].
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(RECORD);
        if !path.is_file() {
            let problem = if folder.join("checkpoint.safetensors").is_file() || folder.join(SPEC).is_file() {
                "holds no record.json: the run is not finished; call the command that began it again, and it goes on"
            } else {
                "holds no record.json; give the folder of a finished run, such as runs/quick/digits/vae-seed0-..."
            };
            return Err(Error::no_model(folder.display(), problem));
        }
        let record = read_record(&path)?;
        if record.spec.sha256() != record.spec_sha256 {
            return Err(Error::damaged(&path, "its specification does not have the digest that it names"));
        }
        let spec_path = folder.join(SPEC);
        let text = fs::read(&spec_path).map_err(|e| again(&spec_path, e))?;
        let spec: RunSpec = serde_json::from_slice(&text).map_err(|e| again(&spec_path, e))?;
        if spec.sha256() != record.spec_sha256 {
            return Err(again(&spec_path, "is not the specification of the record beside it"));
        }
        let model = folder.join(MODEL);
        if !model.exists() {
            return Err(Error::damaged(&model, RunRecord::WITHOUT_WEIGHTS));
        }
        let weights = read_weights(&model)?;
        if weights.1 != record.weights_sha256 {
            let problem = format!("has SHA-256 {}, the record beside it is of weights {}", weights.1, record.weights_sha256);
            return Err(Error::damaged(&model, problem));
        }
        let config_path = folder.join(CONFIG);
        let config = Config::read(&config_path)?;
        let pairs = [
            ("weights", &config.weights_sha256, &record.weights_sha256),
            ("specification", &config.spec_sha256, &record.spec_sha256),
            ("data", &config.data_sha256, &record.data_sha256),
        ];
        for (what, said, recorded) in pairs {
            if said != recorded {
                return Err(again(&config_path, format!("names the {what} {said}, the record beside it {recorded}")));
            }
        }
        if let Some((file, sha256)) = config.density_digest() {
            check(&folder.join(file), sha256, LOCAL)?;
        }
        let own = [MODEL, RECORD, SPEC].into_iter().chain(config.density_file());
        let mut files: BTreeMap<String, PathBuf> = own.map(|name| (name.to_owned(), folder.join(name))).collect();
        files.extend(after_tasks(folder, &record)?);
        for name in record.figures.iter().map(|p| &p.file).chain([&record.log]) {
            if !is_plain(name) {
                return Err(Error::damaged(&path, format!("names the file {name:?}; a file lies in the folder itself")));
            }
            let file = folder.join(name);
            if !file.is_file() {
                return Err(again(&file, "is missing, and the record beside it names it"));
            }
            let found = sha256_of_file(&file).map_err(|e| Error::io(&file, e))?;
            if record.files.get(name) != Some(&found) {
                return Err(again(&file, "was changed or damaged: it does not have the digest that the record beside it names"));
            }
            files.insert(name.clone(), file);
        }
        Ok(Self { folder: folder.into(), config, record, weights, files })
    }

    /// Whether the file of that name holds weights of the network, its own or those after a task.
    pub(crate) fn is_weights(&self, name: &str) -> bool {
        let tasks = self.record.lifelong.as_ref().map_or(0, |lifelong| lifelong.tasks.len());
        name == MODEL || (1..=tasks).any(|number| name == weights_after(number))
    }
}

/// The weights after all tasks but the last, by the names under which they are published.
fn after_tasks(folder: &Path, record: &RunRecord) -> Result<Vec<(String, PathBuf)>> {
    let tasks = record.lifelong.iter().flat_map(|lifelong| &lifelong.tasks);
    let mut found = Vec::new();
    // Those after the last are the run's own.
    for (number, task) in (1..).zip(tasks).filter(|(_, task)| task.weights_sha256 != record.weights_sha256) {
        let name = weights_after(number);
        let places = [folder.join("tasks").join(number.to_string()).join(MODEL), folder.join(&name)];
        if let Some(path) = places.into_iter().find(|path| path.is_file()) {
            check(&path, &task.weights_sha256, LOCAL)?;
            found.push((name, path));
        }
    }
    Ok(found)
}

/// Reads a record, whose own digest must be that of what it says.
fn read_record(path: &Path) -> Result<RunRecord> {
    let text = fs::read(path).map_err(|e| Error::io(path, e))?;
    RunRecord::from_json(&text).map_err(|problem| match problem {
        RecordProblem::Older { found, known } | RecordProblem::Newer { found, known } => {
            Error::Format { file: path.display().to_string(), found, known }
        }
        other => again(path, other),
    })
}

/// A damaged file of a run that the command which began the run makes again.
fn again(path: &Path, problem: impl Display) -> Error {
    Error::damaged(path, format!("{problem}; {}", RunRecord::AGAIN))
}
