//! The record of a run and the files that it names, on disk.

use std::{
    collections::BTreeMap,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use serde_json::Value;
use vimae_checkpoint::atomic;
use vimae_spec::{RecordProblem, RunRecord, RunSpec, sha256_hex, sha256_of_file};

use crate::{Error, Result, RunFolder};

/// What runs were made with; another version may give other numbers.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// What a folder with a specification and no record is.
pub(crate) const UNFINISHED: &str = "is not there: the run is not finished; the command that began it goes on with it";
/// The training log.
pub(crate) const LOG: &str = "log.jsonl";
/// The configuration.
const CONFIG: &str = "config.json";

/// What the folder of a run holds of it.
#[derive(Debug)]
pub(crate) enum Found {
    /// No record.
    Nothing,
    /// The record of a run with the specification, data and version of the code that are asked for.
    Same(Box<RunRecord>),
    /// The record of another specification, of other data or of another version, and in words which.
    Other(Box<RunRecord>, String),
    /// A record that was changed, or that is of another form.
    Damaged(Error),
}

impl Found {
    /// What there is in `folder` of the run of `spec` on the data with this digest.
    pub(crate) fn of(spec: &RunSpec, data_sha256: &str, folder: &RunFolder) -> Self {
        let path = folder.record();
        if !path.exists() {
            return Self::Nothing;
        }
        let record = match read_record(&path) {
            Ok(record) => Box::new(record),
            Err(error) => return Self::Damaged(error),
        };
        let why = if record.spec_sha256 != spec.sha256() {
            "is of another specification than plan.json".into()
        } else if record.data_sha256 != data_sha256 {
            format!("is of other data than plan.json: {}", other_images(&spec.dataset.name))
        } else if record.version != VERSION {
            format!("was made by version {}, and this is {VERSION}", record.version)
        } else {
            return Self::Same(record);
        };
        Self::Other(record, format!("{} {why}", path.display()))
    }

    /// Why a run is not finished by what was found in `folder`, in words; none where it is.
    pub(crate) fn why_unfinished(&self, folder: &RunFolder) -> Option<String> {
        let gone = |path: PathBuf| Some(format!("{} is gone", path.display()));
        match self {
            // They come back from the last checkpoint.
            Self::Same(_) if folder.lacks_weights() => gone(folder.model()),
            Self::Same(_) => None,
            Self::Other(_, why) => Some(why.clone()),
            Self::Damaged(error) => Some(error.to_string()),
            Self::Nothing => gone(folder.record()),
        }
    }
}

/// What is wrong with a run that was trained on other images of a data set than those of now.
pub(crate) fn other_images(dataset: &str) -> String {
    format!("the images of {dataset} have changed since this run; start over with --fresh, or give another --out")
}

/// Reads a run's record.
///
/// # Errors
/// [`Error::Record`] where there is none, or one that was changed or that another version wrote.
pub(crate) fn read_record(path: &Path) -> Result<RunRecord> {
    let fail = |problem: String| Error::Record { path: path.into(), problem };
    let text = fs::read(path)
        .map_err(|error| fail(if error.kind() == ErrorKind::NotFound { UNFINISHED.to_owned() } else { error.to_string() }))?;
    RunRecord::from_json(&text).map_err(|problem| match problem {
        RecordProblem::Older { .. } | RecordProblem::Newer { .. } => fail(problem.to_string()),
        problem => fail(format!("{problem}; {}", RunRecord::AGAIN)),
    })
}

/// Writes the record of a run that has finished.
pub(crate) fn write_record(folder: &RunFolder, record: &RunRecord) -> Result<()> {
    let bytes = record.to_json().map_err(|e| Error::Record { path: folder.record(), problem: e.to_string() })?;
    Ok(atomic::write(&folder.record(), &bytes)?)
}

/// The digests of the files beside a record: specification, configuration, log, images and a fitted density.
pub(crate) fn side_files(folder: &RunFolder, record: &RunRecord) -> Result<BTreeMap<String, String>> {
    let named = record.figures.iter().map(|figure| folder.path().join(&figure.file));
    let density = Some(folder.density()).filter(|path| path.exists());
    let others = [folder.spec(), folder.config(), folder.path().join(&record.log)].into_iter().chain(density);
    named.chain(others).map(|path| Ok((name(&path), digest(&path)?))).collect()
}

/// The files beside a record that are missing or not as it names them, each with what is wrong.
pub(crate) fn damaged_files(folder: &RunFolder, record: &RunRecord) -> Vec<(PathBuf, String)> {
    let look = |(name, expected): (&String, &String)| {
        let path = folder.path().join(name);
        match digest(&path) {
            Ok(found) if found == *expected => None,
            Ok(_) => Some((path, "is not as it was when the run finished: it was changed or damaged".into())),
            Err(Error::Record { problem, .. }) => Some((path, problem)),
            Err(other) => Some((path, other.to_string())),
        }
    };
    record.files.iter().filter_map(look).collect()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn digest(path: &Path) -> Result<String> {
    let fail = |problem: String| Error::Record { path: path.into(), problem };
    if !path.ends_with(CONFIG) {
        return sha256_of_file(path).map_err(|e| fail(e.to_string()));
    }
    // That of a published run has the digests of the other files as well.
    let bytes = fs::read(path).map_err(|e| fail(e.to_string()))?;
    let mut config: Value = serde_json::from_slice(&bytes).map_err(|e| fail(e.to_string()))?;
    config.as_object_mut().map(|config| config.remove("files"));
    Ok(sha256_hex(config.to_string().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cells::tests::record;

    #[test]
    fn a_run_on_other_images_is_told_by_their_name_and_not_by_digests() {
        let place = tempfile::tempdir().unwrap();
        let folder = RunFolder::at(place.path());
        let before = record("vae", 0, "rate", 1.0);
        let before = RunRecord { spec_sha256: before.spec.sha256(), data_sha256: "a".repeat(64), version: VERSION.into(), ..before };
        write_record(&folder, &before).unwrap();
        assert!(matches!(Found::of(&before.spec, &before.data_sha256, &folder), Found::Same(_)));
        let Found::Other(_, why) = Found::of(&before.spec, &"b".repeat(64), &folder) else { panic!("taken for the same") };
        assert!(why.contains("the images of digits have changed since this run") && !why.contains("aaaa"), "{why}");
    }
}
