//! Weights as safetensors, by whomever they were written; never as pickles.

use std::{collections::BTreeMap, fs, path::Path};

use candle_core::{DType, Device, Tensor};
use safetensors::{Dtype, SafeTensors};
use vimae_spec::sha256_hex;

use crate::{Error, Result};

/// What PyTorch counts beside the statistics of a batch norm; nothing depends on it.
const BATCHES: &str = "num_batches_tracked";
/// Ends of names that programs give to pickles.
const PICKLES: [&str; 8] = [".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".dill"];

/// Tensors by name, and the SHA-256 of their file.
pub type Weights = (BTreeMap<String, Tensor>, String);

/// Whether a file of that name is a pickle, as programs name them.
pub fn is_pickle_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    PICKLES.iter().any(|end| name.ends_with(end))
}

/// Reads weights and running statistics from a safetensors file that vimae, PyTorch or anyone wrote: `f64` stays, `f32`,
/// `f16` and `bf16` become `f32`, and PyTorch's `num_batches_tracked` is left out.
///
/// # Errors
/// [`Error::Pickle`] whatever the file is called, [`Error::Damaged`] for what is no safetensors file, holds other types, or a
/// value that is not finite; [`Error::Io`].
pub fn read_weights(path: &Path) -> Result<Weights> {
    let bytes = fs::read(path).map_err(|e| Error::io(path, e))?;
    refuse_pickle(path, &bytes)?;
    let file = SafeTensors::deserialize(&bytes).map_err(|e| Error::damaged(path, format!("is no safetensors file: {e}")))?;
    let mut weights = BTreeMap::new();
    for (name, view) in file.tensors() {
        if name == BATCHES || name.strip_suffix(BATCHES).is_some_and(|rest| rest.ends_with('.')) {
            continue;
        }
        let dtype = match view.dtype() {
            Dtype::F32 => DType::F32,
            Dtype::F64 => DType::F64,
            Dtype::F16 => DType::F16,
            Dtype::BF16 => DType::BF16,
            other => return Err(Error::damaged(path, format!("tensor {name} has type {other:?}; weights are f32, f64, f16 or bf16"))),
        };
        let wrong = |e: candle_core::Error| Error::damaged(path, format!("tensor {name}: {e}"));
        let tensor = Tensor::from_raw_buffer(view.data(), dtype, view.shape(), &Device::Cpu).map_err(wrong)?;
        let tensor = if dtype == DType::F64 { tensor } else { tensor.to_dtype(DType::F32).map_err(wrong)? };
        let values = tensor.to_dtype(DType::F64).and_then(|t| t.flatten_all()?.to_vec1::<f64>()).map_err(wrong)?;
        if let Some(value) = values.iter().find(|v| !v.is_finite()) {
            return Err(Error::damaged(path, format!("tensor {name} holds {value}")));
        }
        weights.insert(name, tensor);
    }
    Ok((weights, sha256_hex(&bytes)))
}

/// Refuses a pickle by its first bytes. A safetensors file has its header, `{...}`, after eight bytes of length.
pub(crate) fn refuse_pickle(path: &Path, bytes: &[u8]) -> Result<()> {
    let safetensors = bytes.get(8) == Some(&b'{');
    let zip = bytes.starts_with(b"PK\x03\x04");
    let pickle = bytes.first() == Some(&0x80) && bytes.get(1).is_some_and(|version| *version <= 5);
    if !safetensors && (zip || pickle) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let place = path.parent().map(|p| p.display().to_string()).unwrap_or_default();
        return Err(Error::Pickle { place, file: name });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pickles_are_known_by_name_and_by_content() {
        assert!(is_pickle_name("pytorch_model.bin") && is_pickle_name("A.CKPT") && is_pickle_name("x/y.pt"));
        assert!(!is_pickle_name("model.safetensors") && !is_pickle_name("bin") && !is_pickle_name("log.jsonl"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        for content in [b"PK\x03\x04archive/data.pkl".as_slice(), b"\x80\x02}q\x00X\x01\x00"] {
            fs::write(&path, content).unwrap();
            let error = read_weights(&path).unwrap_err();
            assert!(matches!(&error, Error::Pickle { file, .. } if file == "model.safetensors"), "{error}");
        }
        fs::write(&path, b"hello").unwrap();
        assert!(matches!(read_weights(&path).unwrap_err(), Error::Damaged { .. }));
    }

    #[test]
    fn values_that_are_not_finite_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        let tensor = Tensor::new(&[1f32, f32::NAN], &Device::Cpu).unwrap();
        candle_core::safetensors::save(&std::collections::HashMap::from([("a", tensor)]), &path).unwrap();
        let error = read_weights(&path).unwrap_err();
        assert!(matches!(&error, Error::Damaged { problem, .. } if problem.contains("NaN")), "{error}");
    }
}
