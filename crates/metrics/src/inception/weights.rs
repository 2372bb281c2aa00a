//! Weights of the network from a file: safetensors, or PyTorch's own `.pth` in either of its forms, read without
//! executing what it holds.

use std::{collections::BTreeMap, path::Path};

use candle_core::{DType, Device, Tensor};
use sha2::{Digest, Sha256};
use vimae_core::{Error, Result};

use crate::{digest::hex, pth};

/// Where the `pytorch-fid` package publishes the weights, converted from TensorFlow's of 2015-12-05.
pub const URL: &str = "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth";
/// What the SHA-256 of that file begins with; its publisher gives no more.
pub const PUBLISHED_SHA256: &str = "6726825d";

/// Weights and their digests.
#[derive(Debug, Clone)]
pub struct Weights {
    /// In `pytorch-fid`'s names.
    pub tensors: BTreeMap<String, Tensor>,
    /// SHA-256, in hex, of names, shapes and numbers: the same for a `.pth` and its conversion to safetensors.
    pub sha256: String,
    /// SHA-256, in hex, of the file.
    pub file_sha256: String,
}

/// Reads a `.safetensors` or `.pth` file.
///
/// # Errors
/// [`Error::Data`] where it cannot be read or is neither, naming it; [`Error::Parameter`] where it holds a number
/// that is not finite.
pub fn read(path: &Path) -> Result<Weights> {
    let wrong = |problem: &dyn std::fmt::Display| Error::Data(format!("{}: {problem}", path.display()));
    let bytes = std::fs::read(path).map_err(|e| wrong(&e))?;
    let file_sha256 = hex(&Sha256::digest(&bytes));
    let tensors: BTreeMap<String, Tensor> = if pth::is_pth(&bytes) {
        pth::read(&bytes).map_err(|e| wrong(&e))?
    } else {
        candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)
            .map_err(|e| wrong(&format!("neither safetensors nor a PyTorch file: {e}")))?
            .into_iter()
            .collect()
    };
    let sha256 = digest(&tensors)?;
    Ok(Weights { tensors, sha256, file_sha256 })
}

/// SHA-256 over names, shapes and numbers (as f32, little endian) in the order of names. Counters of batches, which
/// no number depends on, are left out.
///
/// # Errors
/// Where the device fails.
pub fn digest(tensors: &BTreeMap<String, Tensor>) -> Result<String> {
    let mut hash = Sha256::new();
    for (name, tensor) in tensors.iter().filter(|(name, _)| !name.ends_with("num_batches_tracked")) {
        hash.update(format!("{name} {:?}\n", tensor.dims()));
        let values: Vec<f32> = tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?;
        for chunk in values.chunks(1 << 14) {
            hash.update(chunk.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>());
        }
    }
    Ok(hex(&hash.finalize()))
}

/// The weight of that name as f32, with the shape it must have.
pub(crate) fn tensor(weights: &BTreeMap<String, Tensor>, name: &str, shape: &[usize]) -> Result<Tensor> {
    let found = weights.get(name).ok_or_else(|| Error::Parameter { name: name.into(), problem: "missing".into() })?;
    if found.dims() != shape {
        return Err(Error::shape(format!("parameter \"{name}\""), format!("{shape:?}"), found.dims()));
    }
    let found = found.to_device(&Device::Cpu)?.to_dtype(DType::F32)?;
    let values: Vec<f32> = found.flatten_all()?.to_vec1()?;
    if values.iter().any(|v| !v.is_finite()) {
        return Err(Error::Parameter { name: name.into(), problem: "holds a value that is not finite".into() });
    }
    Ok(found)
}
