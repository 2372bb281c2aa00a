//! Where the weights of the FID Inception network are on this machine.
//!
//! In turn: the file that `VIMAE_FID_WEIGHTS` names (pytorch-fid's `.pth`, or safetensors); the published `.pth` in
//! `DATA_DIR/inception`; in the project's cache, where `cargo xtask fid` puts it; where pytorch-fid itself puts it, in
//! PyTorch's hub folder. Nothing is fetched here: an evaluation does not wait for a network.

use std::{
    env,
    path::{Path, PathBuf},
};

use vimae_core::MetricFiles;
use vimae_datasets::Sources;
use vimae_metrics::inception::weights;

use crate::{Error, Result};

/// The variable that names a file.
const VARIABLE: &str = "VIMAE_FID_WEIGHTS";
/// The folder of the weights and of kept features, in a data folder and in the cache.
const FOLDER: &str = "inception";

/// What metrics may use beside the data of `sources`.
///
/// # Errors
/// [`Error::Images`] for a file that the variable names and that is not there, and for one of the published name
/// whose digest is not the published one.
pub(crate) fn files(sources: &Sources) -> Result<MetricFiles> {
    let feature_cache = sources.cache_dir.as_ref().map(|dir| dir.join(FOLDER).join("features"));
    Ok(MetricFiles { inception: find(sources, |name| env::var_os(name).map(PathBuf::from))?, feature_cache })
}

/// The published file's name.
pub(crate) fn file_name() -> &'static str {
    weights::URL.rsplit('/').next().unwrap_or("inception.pth")
}

fn find(sources: &Sources, var: impl Fn(&str) -> Option<PathBuf>) -> Result<Option<PathBuf>> {
    if let Some(file) = var(VARIABLE) {
        if file.is_file() {
            return Ok(Some(file));
        }
        let problem = format!("is no file; {VARIABLE} names it as Inception's weights");
        return Err(Error::Images { place: file.display().to_string(), problem });
    }
    let torch = var("TORCH_HOME")
        .or_else(|| var("XDG_CACHE_HOME").map(|dir| dir.join("torch")))
        .or_else(|| var("HOME").map(|dir| dir.join(".cache/torch")));
    let folders = sources.data_dir.iter().chain(&sources.cache_dir).map(|dir| dir.join(FOLDER));
    let mut places = folders.chain(torch.map(|dir| dir.join("hub/checkpoints"))).map(|dir| dir.join(file_name()));
    let found = places.find(|file| file.is_file());
    found.map(|file| published(&file).map(|()| file)).transpose()
}

/// Whether a file is the published one.
///
/// # Errors
/// [`Error::Images`] where it is not, or cannot be read.
pub(crate) fn published(file: &Path) -> Result<()> {
    let wrong = |problem| Error::Images { place: file.display().to_string(), problem };
    let bytes = std::fs::read(file).map_err(|e| wrong(e.to_string()))?;
    let sha256 = vimae_spec::sha256_hex(&bytes);
    if sha256.starts_with(weights::PUBLISHED_SHA256) {
        return Ok(());
    }
    Err(wrong(format!("has SHA-256 {sha256}, its publisher says {}...; delete it", weights::PUBLISHED_SHA256)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_file_comes_first_and_a_wrong_one_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let (own, data) = (folder.path().join("own.safetensors"), folder.path().join("data"));
        let sources = Sources::in_dir(&data);
        let none = |_: &str| None;
        assert_eq!(find(&sources, none).unwrap(), None);
        let named = |name: &str| (name == VARIABLE).then(|| own.clone());
        assert!(matches!(find(&sources, named), Err(Error::Images { place, .. }) if place.ends_with("own.safetensors")));
        std::fs::write(&own, b"x").unwrap();
        assert_eq!(find(&sources, named).unwrap(), Some(own.clone()));
        let torch = folder.path().join("torch");
        std::fs::create_dir_all(torch.join("hub/checkpoints")).unwrap();
        std::fs::write(torch.join("hub/checkpoints").join(file_name()), b"not the weights").unwrap();
        let message = find(&sources, |name| (name == "TORCH_HOME").then(|| torch.clone())).unwrap_err().to_string();
        assert!(message.contains(weights::PUBLISHED_SHA256), "{message}");
    }
}
