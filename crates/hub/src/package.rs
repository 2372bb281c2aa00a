//! A run as it is published: every file, ready to be written into a folder or sent to the Hub.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::Serialize;
use vimae_checkpoint::atomic;
use vimae_spec::{sha256_hex, sha256_of_file};

use crate::{
    CardInput, Config, Description, Error, Published, RepoName, Result, RunFiles, card,
    config::{CONFIG, FileDigest},
};

/// The model card.
pub(crate) const CARD: &str = "README.md";
/// The numbers.
const RESULTS: &str = "results.json";
/// The form of `results.json` that this code writes.
const RESULTS_FORMAT: u32 = 1;

/// Every file of a published run, by name.
#[derive(Debug, Clone)]
pub struct Package {
    repo: RepoName,
    pub(crate) files: BTreeMap<String, Content>,
    config: Config,
}

/// Where a file's content is.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// Here.
    Bytes(Vec<u8>),
    /// On disk, for what may be large.
    File(PathBuf),
}

/// `results.json`.
#[derive(Serialize)]
struct Results<'a> {
    format: u32,
    method: &'a str,
    dataset: &'a str,
    weights_sha256: &'a str,
    published: &'a [Published],
}

impl Package {
    /// Puts together what is published of a run as `repo` under `license`, with `published` for its values.
    ///
    /// # Errors
    /// [`Error::License`]; [`Error::Io`] where a file of the run cannot be read.
    pub fn new(run: &RunFiles, repo: &RepoName, license: &str, description: &Description, published: &[Published]) -> Result<Self> {
        let license = crate::license(license)?;
        let record = &run.record;
        let mut files = BTreeMap::new();
        let mut digests = BTreeMap::new();
        for (name, path) in &run.files {
            let wrong = |e| Error::io(path, e);
            let (digest, content) = if run.is_weights(name) {
                let bytes = fs::metadata(path).map_err(wrong)?.len();
                (FileDigest { sha256: sha256_of_file(path).map_err(wrong)?, bytes }, Content::File(path.clone()))
            } else {
                let bytes = fs::read(path).map_err(wrong)?;
                (digest(&bytes), Content::Bytes(bytes))
            };
            digests.insert(name.clone(), digest);
            files.insert(name.clone(), content);
        }
        let results = Results {
            format: RESULTS_FORMAT,
            method: &record.spec.method,
            dataset: &description.dataset.name,
            weights_sha256: &record.weights_sha256,
            published,
        };
        let results = json(&results)?;
        digests.insert(RESULTS.into(), digest(&results));
        files.insert(RESULTS.into(), Content::Bytes(results));
        let config = Config { files: digests, ..run.config.clone() };
        files.insert(CONFIG.into(), Content::Bytes(json(&config)?));
        let card = card(&CardInput { repo, license, record, description });
        files.insert(CARD.into(), Content::Bytes(card.into_bytes()));
        Ok(Self { repo: repo.clone(), files, config })
    }

    /// Where it is to be published.
    pub fn repo(&self) -> &RepoName {
        &self.repo
    }

    /// What it says of itself.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The names of its files.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Writes it into `folder`, which must not exist: whole or not at all.
    ///
    /// # Errors
    /// [`Error::Exists`]; [`Error::Io`].
    pub fn write(&self, folder: &Path) -> Result<()> {
        let contents = self.files.iter().map(|(name, content)| {
            let bytes = match content {
                Content::Bytes(bytes) => bytes.clone(),
                Content::File(path) => fs::read(path).map_err(|e| Error::io(path, e))?,
            };
            Ok((name.clone(), bytes))
        });
        write_folder(folder, contents)
    }
}

/// Writes files into `folder`, which must not exist: whole or not at all.
pub(crate) fn write_folder(folder: &Path, files: impl Iterator<Item = Result<(String, Vec<u8>)>>) -> Result<()> {
    if folder.exists() {
        return Err(Error::Exists { folder: folder.display().to_string() });
    }
    let parent = folder.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let beside = parent.join(format!(".{name}.{}.part", std::process::id()));
    // In a container most processes have the same number: one that was killed may have left a part of another model.
    drop(fs::remove_dir_all(&beside));
    let written = (|| {
        for file in files {
            let (name, bytes) = file?;
            atomic::write(&beside.join(name), &bytes)?;
        }
        fs::rename(&beside, folder).map_err(|e| Error::io(folder, e))
    })();
    if written.is_err() {
        drop(fs::remove_dir_all(&beside));
    }
    written
}

fn digest(bytes: &[u8]) -> FileDigest {
    FileDigest { sha256: sha256_hex(bytes), bytes: bytes.len() as u64 }
}

/// Pretty JSON with a line end.
fn json(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|e| Error::damaged(Path::new("JSON"), e))?;
    bytes.push(b'\n');
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_of_the_same_number_left_is_not_taken_along() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("model");
        let beside = place.path().join(format!(".model.{}.part", std::process::id()));
        fs::create_dir(&beside).unwrap();
        fs::write(beside.join("task5.safetensors"), "").unwrap();
        write_folder(&folder, [Ok(("config.json".to_owned(), b"{}".to_vec()))].into_iter()).unwrap();
        let names: Vec<String> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        assert_eq!(names, ["config.json"]);
    }
}
