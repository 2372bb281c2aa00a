//! Checkpoints and final weights as safetensors files.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use candle_core::{DType, Device, Tensor};
use safetensors::{SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};
use vimae_spec::{Rollback, sha256_hex};

use crate::{Error, Result, atomic};

/// The newest format that this version reads.
const FORMAT: u32 = 1;
/// The only key of the file's metadata. A second key would make the file's bytes depend on the order of a hash map.
const HEADER: &str = "vimae";

/// The position of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// The digest of what determines the weights: the training part of the spec, the data and the version of the code.
    pub training_sha256: String,
    /// Steps taken.
    pub step: u64,
    /// The length of the training log at that step, in bytes.
    pub log_bytes: u64,
    /// Seconds of training so far.
    pub seconds: f64,
    /// The divergences so far, each of which took the run back to an earlier state.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rollbacks: Vec<Rollback>,
    /// The weights of the least loss on held-out images so far, where early stopping looks for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best: Option<Best>,
}

/// Weights of a run that were better than all before.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Steps taken.
    pub step: u64,
    /// Their loss on held-out images.
    pub loss: f64,
}

/// Everything that a run needs to resume. There is no random state: random numbers are functions of seed and step.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// The position of the run.
    pub position: Position,
    /// Weights and running statistics.
    pub weights: BTreeMap<String, Tensor>,
    /// The moments and the step count of the optimiser.
    pub optimiser: BTreeMap<String, Tensor>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    format: u32,
    /// The digest of the bytes of all tensors, in the file's order.
    tensors_sha256: String,
    /// The digest of the position, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    position_sha256: Option<String>,
    #[serde(flatten)]
    position: Option<Position>,
}

impl Checkpoint {
    /// Writes the checkpoint, whole or not at all.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written. An earlier checkpoint at `path` stays.
    pub fn save(&self, path: &Path) -> Result<()> {
        let tensors = self
            .weights
            .iter()
            .map(|(name, t)| (format!("weights.{name}"), t))
            .chain(self.optimiser.iter().map(|(name, t)| (format!("optimiser.{name}"), t)));
        atomic::write(path, &encode(tensors, Some(self.position.clone()), path)?)
    }

    /// Reads the checkpoint of the run whose training digest is `training_sha256`.
    ///
    /// # Errors
    /// Returns an error if the file is missing, damaged, written by a newer version, or belongs to another run.
    pub fn load(path: &Path, training_sha256: &str) -> Result<Self> {
        let (header, tensors) = decode(path, &std::fs::read(path).map_err(Error::file(path))?)?;
        let position = header.position.ok_or_else(|| Error::damaged(path, "says no position"))?;
        if position.training_sha256 != training_sha256 {
            return Err(Error::OtherSpec { path: path.into(), found: position.training_sha256, expected: training_sha256.into() });
        }
        let (mut weights, mut optimiser) = (BTreeMap::new(), BTreeMap::new());
        for (name, tensor) in tensors {
            match name.split_once('.') {
                Some(("weights", name)) => weights.insert(name.to_owned(), tensor),
                Some(("optimiser", name)) => optimiser.insert(name.to_owned(), tensor),
                _ => return Err(Error::damaged(path, format!("unexpected tensor {name}"))),
            };
        }
        Ok(Self { position, weights, optimiser })
    }
}

/// Writes weights and running statistics under their own names, and returns the SHA-256 of the file.
///
/// # Errors
/// Returns an error if the file cannot be written.
pub fn save_weights(path: &Path, weights: &BTreeMap<String, Tensor>) -> Result<String> {
    let bytes = encode(weights.iter().map(|(name, t)| (name.clone(), t)), None, path)?;
    atomic::write(path, &bytes)?;
    Ok(sha256_hex(&bytes))
}

/// Reads weights and running statistics, and returns them with the SHA-256 of the file.
///
/// # Errors
/// Returns an error if the file is missing, damaged, or written by a newer version.
pub fn load_weights(path: &Path) -> Result<(BTreeMap<String, Tensor>, String)> {
    let bytes = std::fs::read(path).map_err(Error::file(path))?;
    Ok((decode(path, &bytes)?.1, sha256_hex(&bytes)))
}

fn encode<'a>(tensors: impl Iterator<Item = (String, &'a Tensor)>, position: Option<Position>, path: &Path) -> Result<Vec<u8>> {
    let mut buffers = Vec::new();
    for (name, tensor) in tensors {
        let (dtype, bytes): (_, Vec<u8>) = match tensor.dtype() {
            DType::F64 => (safetensors::Dtype::F64, tensor.flatten_all()?.to_vec1::<f64>()?.iter().flat_map(|v| v.to_le_bytes()).collect()),
            DType::I64 => (safetensors::Dtype::I64, tensor.flatten_all()?.to_vec1::<i64>()?.iter().flat_map(|v| v.to_le_bytes()).collect()),
            _ => {
                let values = tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
                (safetensors::Dtype::F32, values.iter().flat_map(|v| v.to_le_bytes()).collect())
            }
        };
        buffers.push((name, dtype, tensor.dims().to_vec(), bytes));
    }
    let views = buffers
        .iter()
        .map(|(name, dtype, shape, bytes)| {
            Ok((name.clone(), TensorView::new(*dtype, shape.clone(), bytes).map_err(|e| Error::damaged(path, e))?))
        })
        .collect::<Result<BTreeMap<_, _>>>()?;
    let tensors_sha256 = digest(views.iter().map(|(name, view)| (name.as_str(), view.data())));
    let header = Header { format: FORMAT, tensors_sha256, position_sha256: of_position(position.as_ref(), path)?, position };
    let header = serde_json::to_string(&header).map_err(|e| Error::damaged(path, e))?;
    safetensors::serialize(views, Some(HashMap::from([(HEADER.to_owned(), header)]))).map_err(|e| Error::damaged(path, e))
}

fn decode(path: &Path, bytes: &[u8]) -> Result<(Header, BTreeMap<String, Tensor>)> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| Error::damaged(path, e))?;
    let header = metadata.metadata().as_ref().and_then(|m| m.get(HEADER)).ok_or_else(|| Error::damaged(path, "not written by vimae"))?;
    let version: serde_json::Value = serde_json::from_str(header).map_err(|e| Error::damaged(path, e))?;
    let found = version.get("format").and_then(serde_json::Value::as_u64).and_then(|v| u32::try_from(v).ok()).unwrap_or(0);
    if found > FORMAT {
        return Err(Error::Newer { path: path.into(), found, known: FORMAT });
    }
    let header: Header = serde_json::from_value(version).map_err(|e| Error::damaged(path, e))?;
    if header.position_sha256 != of_position(header.position.as_ref(), path)? {
        return Err(Error::damaged(path, "its position does not have the digest it was written with"));
    }
    let file = SafeTensors::deserialize(bytes).map_err(|e| Error::damaged(path, e))?;
    let mut views: Vec<_> = file.tensors();
    views.sort_by(|a, b| a.0.cmp(&b.0));
    if digest(views.iter().map(|(name, view)| (name.as_str(), view.data()))) != header.tensors_sha256 {
        return Err(Error::damaged(path, "its tensors do not have the digest they were written with"));
    }
    let mut tensors = BTreeMap::new();
    for (name, view) in views {
        let dtype = match view.dtype() {
            safetensors::Dtype::F32 => DType::F32,
            safetensors::Dtype::F64 => DType::F64,
            safetensors::Dtype::I64 => DType::I64,
            other => return Err(Error::damaged(path, format!("tensor {name} has type {other:?}"))),
        };
        tensors.insert(name, Tensor::from_raw_buffer(view.data(), dtype, view.shape(), &Device::Cpu)?);
    }
    Ok((header, tensors))
}

/// The digest of a position, where there is one.
fn of_position(position: Option<&Position>, path: &Path) -> Result<Option<String>> {
    let text = position.map(serde_json::to_string).transpose().map_err(|e| Error::damaged(path, e))?;
    Ok(text.map(|text| sha256_hex(text.as_bytes())))
}

/// The digest of named buffers, in name order.
fn digest<'a>(tensors: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    for (name, bytes) in tensors {
        hash.update(name.as_bytes());
        hash.update(bytes);
    }
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint() -> Checkpoint {
        let tensor = |v: &[f32]| Tensor::new(v, &Device::Cpu).unwrap();
        Checkpoint {
            position: Position { training_sha256: "abc".into(), step: 7, log_bytes: 12, seconds: 1.5, rollbacks: Vec::new(), best: None },
            weights: BTreeMap::from([("b.weight".into(), tensor(&[1.0, -2.5])), ("a.bias".into(), tensor(&[0.1]))]),
            optimiser: BTreeMap::from([("adam.t".into(), Tensor::new(7i64, &Device::Cpu).unwrap())]),
        }
    }

    #[test]
    fn a_checkpoint_comes_back_as_it_was_and_has_the_same_bytes_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("1"), folder.path().join("2"));
        checkpoint().save(&first).unwrap();
        checkpoint().save(&second).unwrap();
        assert_eq!(std::fs::read(&first).unwrap(), std::fs::read(&second).unwrap());
        let loaded = Checkpoint::load(&first, "abc").unwrap();
        assert_eq!(loaded.position, checkpoint().position);
        assert_eq!(loaded.weights["b.weight"].to_vec1::<f32>().unwrap(), [1.0, -2.5]);
        assert_eq!(loaded.optimiser["adam.t"].to_scalar::<i64>().unwrap(), 7);
    }

    #[test]
    fn damage_anywhere_is_noticed_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint.safetensors");
        checkpoint().save(&path).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for length in [0, 4, 20, whole.len() - 1] {
            std::fs::write(&path, &whole[..length]).unwrap();
            let error = Checkpoint::load(&path, "abc").unwrap_err();
            assert!(matches!(&error, Error::Damaged { path: named, .. } if *named == path), "{error}");
        }
        let mut flipped = whole.clone();
        *flipped.last_mut().unwrap() ^= 1;
        std::fs::write(&path, flipped).unwrap();
        assert!(matches!(Checkpoint::load(&path, "abc"), Err(Error::Damaged { path: named, .. }) if named == path));
        // Another step beside the same weights.
        let step = b"\\\"step\\\":7";
        let at = whole.windows(step.len()).position(|w| w == step).unwrap();
        let mut moved = whole;
        moved[at + step.len() - 1] = b'9';
        std::fs::write(&path, moved).unwrap();
        assert!(matches!(Checkpoint::load(&path, "abc"), Err(Error::Damaged { problem, .. }) if problem.contains("position")));
    }

    #[test]
    fn another_run_and_a_newer_form_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint.safetensors");
        checkpoint().save(&path).unwrap();
        assert!(matches!(Checkpoint::load(&path, "xyz"), Err(Error::OtherSpec { .. })));
        let newer = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).contains("\\\"format\\\":1");
        assert!(newer);
        let bytes = std::fs::read(&path).unwrap();
        let at = bytes.windows(12).position(|w| w == b"\\\"format\\\":1").unwrap();
        let mut changed = bytes;
        changed[at + 11] = b'9';
        std::fs::write(&path, changed).unwrap();
        assert!(matches!(Checkpoint::load(&path, "abc"), Err(Error::Newer { found: 9, .. })));
    }
}
