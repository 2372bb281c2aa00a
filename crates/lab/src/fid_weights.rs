//! Where the weights of the FID Inception network are on this machine.
//!
//! In turn: the file that `VIMAE_FID_WEIGHTS` names (a `.pth`, or safetensors); the published `.pth` in a data folder or
//! its `inception`; in the project's cache, where `cargo xtask fid` puts it; where other programs put it, in PyTorch's
//! hub folder. pytorch-fid and torch-fidelity (which torchmetrics uses) publish it under two names, with the same names
//! of tensors in it. An evaluation fetches nothing: it does not wait for a network.

use std::{
    env,
    path::{Path, PathBuf},
};

use vimae_core::{MetricFiles, Progress};
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
/// [`Error::Images`] for a file that the variable names and that is not there, and for one of a published name
/// whose digest is not the published one, where no other is right.
pub(crate) fn files(sources: &Sources) -> Result<MetricFiles> {
    let feature_cache = sources.cache_dir.as_ref().map(|dir| dir.join(FOLDER).join("features"));
    let found = find(sources, |name| env::var_os(name).map(PathBuf::from))?;
    match (found.file, found.wrong.into_iter().next()) {
        (None, Some(problem)) => Err(Error::Images { place: "Inception's weights".into(), problem }),
        (inception, _) => Ok(MetricFiles { inception, feature_cache }),
    }
}

/// The published file's names: pytorch-fid's, and torch-fidelity's.
const NAMES: [&str; 2] = ["pt_inception-2015-12-05-6726825d.pth", "weights-inception-2015-12-05-6726825d.pth"];

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    file: Option<PathBuf>,
    /// Files of a published name that are not what was published, each with its problem.
    wrong: Vec<String>,
    /// The folders that were looked in.
    looked: Vec<PathBuf>,
}

fn find(sources: &Sources, var: impl Fn(&str) -> Option<PathBuf>) -> Result<Found> {
    if let Some(file) = var(VARIABLE) {
        if file.is_file() {
            return Ok(Found { file: Some(file), ..Found::default() });
        }
        let problem = format!("is no file; {VARIABLE} names it as Inception's weights");
        return Err(Error::Images { place: file.display().to_string(), problem });
    }
    let torch = var("TORCH_HOME")
        .or_else(|| var("XDG_CACHE_HOME").map(|dir| dir.join("torch")))
        .or_else(|| var("HOME").map(|dir| dir.join(".cache/torch")));
    let data = sources.data_dir.iter().flat_map(|dir| [dir.join(FOLDER), dir.clone()]);
    let cache = sources.cache_dir.iter().map(|dir| dir.join(FOLDER));
    let mut found = Found { looked: data.chain(cache).chain(torch.map(|dir| dir.join("hub/checkpoints"))).collect(), ..Found::default() };
    for file in found.looked.iter().flat_map(|dir| NAMES.map(|name| dir.join(name))).filter(|file| file.is_file()) {
        match published(&file) {
            Ok(()) => {
                found.file = Some(file);
                break;
            }
            Err(error) => found.wrong.push(error.to_string()),
        }
    }
    Ok(found)
}

/// The weights on this machine, or fetched into `folder` where there are none.
///
/// # Errors
/// [`Error::Images`] where there are none and they cannot be fetched, with what to do.
pub(crate) fn here_or_fetched(sources: &Sources, folder: &Path, hub: &vimae_hub::Options, progress: &dyn Progress) -> Result<PathBuf> {
    let found = find(sources, |name| env::var_os(name).map(PathBuf::from))?;
    if let Some(file) = found.file {
        return Ok(file);
    }
    let [name, other] = NAMES;
    let place = vimae_hub::Place::Web { url: weights::URL.into(), to: folder.join(name) };
    let wanted = vimae_hub::Wanted { place, sha256: None, md5: None };
    let fetched = vimae_hub::fetch(&wanted, hub, &mut |event| {
        if let vimae_hub::Event::Bytes { done, total } = event {
            progress.working("weights, kB", (done >> 10) as usize, (total.unwrap_or(done) >> 10) as usize);
        }
    });
    let fetched = fetched.map_err(|error| {
        let looked: Vec<String> = found.looked.iter().map(|dir| dir.display().to_string()).collect();
        let wrong: String = found.wrong.iter().map(|problem| format!("; {problem}")).collect();
        let problem = format!(
            "not here, and not to be had ({error}). Give them by --weights FILE: {name} (pytorch-fid) or {other} (torch-fidelity), the same \
             95 MB from {}; or put one of these into a folder that is looked in: {}. Features of a classifier of a data set need no download: \
             --features classifier:NAME{wrong}",
            weights::URL,
            looked.join(", ")
        );
        match error {
            vimae_hub::Error::NoNetwork { .. } => Error::NoNetwork { file: "Inception's weights".into(), problem },
            _ => Error::Images { place: "Inception's weights".into(), problem },
        }
    })?;
    published(&fetched.path)?;
    Ok(fetched.path)
}

/// Whether a file is the published one.
///
/// # Errors
/// [`Error::Images`] where it is not, or cannot be read.
fn published(file: &Path) -> Result<()> {
    let wrong = |problem| Error::Images { place: file.display().to_string(), problem };
    let sha256 = vimae_spec::sha256_of_file(file).map_err(|e| wrong(e.to_string()))?;
    if sha256.starts_with(weights::PUBLISHED_SHA256) {
        return Ok(());
    }
    Err(wrong(format!("has SHA-256 {sha256}, its publisher says {}...; delete it", weights::PUBLISHED_SHA256)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none(_: &str) -> Option<PathBuf> {
        None
    }

    #[test]
    fn a_named_file_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("own.safetensors");
        let sources = Sources::in_dir(folder.path().join("data"));
        assert_eq!(find(&sources, none).unwrap().file, None);
        let named = |name: &str| (name == VARIABLE).then(|| own.clone());
        assert!(matches!(find(&sources, named), Err(Error::Images { place, .. }) if place.ends_with("own.safetensors")));
        std::fs::write(&own, b"x").unwrap();
        assert_eq!(find(&sources, named).unwrap().file, Some(own.clone()));
    }

    #[test]
    fn both_published_names_are_looked_at_wherever_programs_put_them() {
        for name in NAMES {
            assert!(weights::URL.ends_with(NAMES[0]) && name.contains(weights::PUBLISHED_SHA256));
            for (variable, below) in
                [("TORCH_HOME", "hub/checkpoints"), ("XDG_CACHE_HOME", "torch/hub/checkpoints"), ("HOME", ".cache/torch/hub/checkpoints")]
            {
                let home = tempfile::tempdir().unwrap();
                let place = home.path().join(below);
                std::fs::create_dir_all(&place).unwrap();
                std::fs::write(place.join(name), b"not the weights").unwrap();
                let found = find(&Sources::default(), |asked| (asked == variable).then(|| home.path().into())).unwrap();
                let [problem] = &found.wrong[..] else { panic!("{found:?}") };
                assert!(problem.contains(name) && problem.contains("publisher says 6726825d"), "{problem}");
            }
            for below in ["", "inception"] {
                let data = tempfile::tempdir().unwrap();
                std::fs::create_dir_all(data.path().join(below)).unwrap();
                std::fs::write(data.path().join(below).join(name), b"not the weights").unwrap();
                assert_eq!(find(&Sources::in_dir(data.path()), none).unwrap().wrong.len(), 1);
            }
        }
    }

    #[test]
    fn without_a_network_the_message_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        std::fs::write(data.join(NAMES[1]), b"not the weights").unwrap();
        let mut hub = vimae_hub::Options::new("https://example.invalid", folder.path());
        hub.offline = true;
        let error = here_or_fetched(&Sources::in_dir(&data), folder.path(), &hub, &vimae_core::Silent).unwrap_err().to_string();
        for word in ["--weights FILE", NAMES[0], NAMES[1], "--features classifier:NAME", "has SHA-256", &data.display().to_string()] {
            assert!(error.contains(word), "no {word} in {error}");
        }
    }
}
