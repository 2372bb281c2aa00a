//! `config.json` of a run: everything that a program without this code needs to use it, all choices with all their settings.
//! That of a published run has the digest of every file beside it.

use std::{collections::BTreeMap, fs, path::Path};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use vimae_spec::{Component, Head, PixelRange};

use crate::{Error, Result};

/// The file of everything about a run, resolved.
pub(crate) const CONFIG: &str = "config.json";
/// The newest form of `config.json` known here.
pub const FORMAT: u32 = 1;
/// The most bytes of a JSON file that is read: more is no file of ours.
const LARGEST: u64 = 64 << 20;

/// What a run says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Version of this form.
    pub format: u32,
    /// `vimae`.
    pub model_type: String,
    /// Version of the crates that wrote it.
    pub version: String,
    /// The method's name in tables.
    pub method: String,
    /// The data that it was trained on.
    pub dataset: Data,
    /// The network.
    pub network: Network,
    /// What was minimised.
    pub objective: Choice,
    /// What codes are drawn from.
    pub prior: Prior,
    /// What makes the encoder random.
    pub noise: Choice,
    /// The divergence of codes from the prior, where the objective takes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub divergence: Option<Choice>,
    /// The distribution of images that the decoder's output stands for.
    pub likelihood: Choice,
    /// What codes are drawn from after training.
    pub sampler: Choice,
    /// The tasks that it learnt one after another, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<Choice>,
    /// What was done against forgetting them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Choice>,
    /// The seed of all random streams.
    pub seed: u64,
    /// Digest of the weights' file.
    pub weights_sha256: String,
    /// Digest of the run's specification.
    pub spec_sha256: String,
    /// Digest of what determines the weights.
    pub training_sha256: String,
    /// Digest of the data.
    pub data_sha256: String,
    /// Every file of a published run, by name; none for a run where it was trained. The model card, which people edit on the
    /// Hub, is not among them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, FileDigest>,
}

/// An entry of a catalogue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Its name.
    pub name: String,
    /// Its settings, all of them.
    pub settings: Map<String, Value>,
}

impl From<Component> for Choice {
    fn from(Component { name, settings }: Component) -> Self {
        Self { name, settings }
    }
}

/// The data that a run was trained on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Data {
    /// The data set's name in the catalogue, without a path.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Its settings, all of them.
    pub settings: Map<String, Value>,
    /// Classes of its labels.
    pub classes: usize,
    /// Images that it was trained on.
    pub train_images: usize,
    /// Images that it was measured on; none where there is no such split.
    pub test_images: Option<usize>,
}

/// What codes are drawn from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prior {
    /// Its name in the catalogue; `fitted_mixture` or `fitted_flow` for the density of the training images' codes that a sampler has
    /// put in the place of a prior.
    pub name: String,
    /// Its settings, all of them.
    pub settings: Map<String, Value>,
    /// It in numbers alone; absent where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub density: Option<Density>,
}

/// A distribution of codes in numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Density {
    /// Independent dimensions of one law of mean 0.
    Independent {
        /// The law's name.
        law: String,
        /// Its scale and, where there is one, its shape.
        parameters: BTreeMap<String, f64>,
    },
    /// A mixture of Gaussians, in a file beside this one: `log_weights` `[K]`, `means` `[K, d]`, and `factors`, `[K, d]` for
    /// standard deviations, `[K, d, d]` for lower factors of covariances.
    Mixture {
        /// How many Gaussians.
        components: usize,
        /// The file.
        file: String,
        /// Its SHA-256, in hex.
        sha256: String,
    },
    /// An affine autoregressive flow ([`vimae_core::Flow`](https://docs.rs/vimae-core)), in a file beside this one: `mean` `[d]`,
    /// `factor` `[d, d]`, and for the layer L of block B `blocks.B.L.weight` `[O, I]` and `blocks.B.L.bias` `[O]`, from 0.
    Flow {
        /// How many blocks.
        blocks: usize,
        /// Layers of a block.
        layers: usize,
        /// The file.
        file: String,
        /// Its SHA-256, in hex.
        sha256: String,
    },
}

/// A network without its weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Network {
    /// The architecture's name: `wae_conv`, `mlp`.
    pub architecture: String,
    /// Its settings, all of them.
    pub settings: Map<String, Value>,
    /// Dimensions of the code.
    pub code: usize,
    /// What the encoder ends in.
    pub head: Head,
    /// Channels of an image.
    pub channels: usize,
    /// Rows of an image.
    pub height: usize,
    /// Columns of an image.
    pub width: usize,
    /// The interval of an image's values.
    pub range: PixelRange,
    /// Numbers that the decoder gives for each value of an image, kind after kind of all channels.
    pub outputs: usize,
    /// Whether a last activation maps them into the range; otherwise the likelihood reads any numbers.
    pub squashed: bool,
}

/// A file as it was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDigest {
    /// Its SHA-256, in hex.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
}

impl Config {
    /// Reads a `config.json`.
    ///
    /// # Errors
    /// [`Error::Format`] for another form, [`Error::Damaged`] for one that is wrong, or that names a file outside its folder,
    /// [`Error::Io`].
    pub fn read(path: &Path) -> Result<Self> {
        let config: Self = read_json(path, FORMAT)?;
        if let Some(name) = config.files.keys().map(String::as_str).chain(config.density_file()).find(|name| !is_plain(name)) {
            return Err(Error::damaged(path, format!("names the file {name:?}; a file lies in the folder itself")));
        }
        Ok(config)
    }

    /// Reads the `config.json` of a published run.
    ///
    /// # Errors
    /// As [`Config::read`], and for one that names no files.
    pub fn published(path: &Path) -> Result<Self> {
        let config = Self::read(path)?;
        for needed in ["model.safetensors", "record.json", "spec.json"].into_iter().chain(config.density_file()) {
            if !config.files.contains_key(needed) {
                return Err(Error::damaged(path, format!("names no {needed}")));
            }
        }
        Ok(config)
    }

    /// The file of the prior's numbers, where there is one.
    pub fn density_file(&self) -> Option<&str> {
        self.density_digest().map(|(file, _)| file)
    }

    /// That file with its SHA-256.
    pub(crate) fn density_digest(&self) -> Option<(&str, &str)> {
        match self.prior.density.as_ref()? {
            Density::Independent { .. } => None,
            Density::Mixture { file, sha256, .. } | Density::Flow { file, sha256, .. } => Some((file, sha256)),
        }
    }
}

/// Whether `name` is a file's name and nothing more: no folder, nothing hidden.
pub(crate) fn is_plain(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-=".contains(&b);
    !name.is_empty() && name.len() <= 255 && !name.starts_with('.') && name.bytes().all(allowed)
}

/// Reads a JSON file whose form has a version.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path, known: u32) -> Result<T> {
    let bytes = fs::metadata(path).map_err(|e| Error::io(path, e))?.len();
    if bytes > LARGEST {
        return Err(Error::damaged(path, format!("has {bytes} bytes, far more than any of its kind")));
    }
    let text = fs::read(path).map_err(|e| Error::io(path, e))?;
    let value: Value = serde_json::from_slice(&text).map_err(|e| Error::damaged(path, e))?;
    let found = value.get("format").and_then(Value::as_u64).ok_or_else(|| Error::damaged(path, "says no format"))?;
    if found != u64::from(known) {
        return Err(Error::Format { file: path.display().to_string(), found, known });
    }
    serde_json::from_value(value).map_err(|e| Error::damaged(path, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_way_out_of_the_folder() {
        for right in ["model.safetensors", "a-b_c=1.png"] {
            assert!(is_plain(right));
        }
        for wrong in ["", ".", "..", "../x", "a/b", "a\\b", ".hidden", "C:x", "a b", "x\0"] {
            assert!(!is_plain(wrong), "{wrong}");
        }
    }

    #[test]
    fn newer_and_foreign_files_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        let refused = |text: &str| {
            fs::write(&path, text).unwrap();
            Config::published(&path).unwrap_err()
        };
        let error = refused(r#"{"format": 2, "anything": []}"#);
        assert!(matches!(&error, Error::Format { file, found: 2, known: 1 } if file.ends_with("config.json")), "{error}");
        for text in [r#"{"model_type": "bert"}"#, r#"{"format": 1}"#, "{"] {
            let error = refused(text);
            assert!(matches!(&error, Error::Damaged { file, .. } if file.ends_with("config.json")), "{error}");
        }
    }
}
