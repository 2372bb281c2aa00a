//! The folder of golden answers, shared by the reference tests of several packages through `#[path]`.
//!
//! It is `VIMAE_REFERENCE_DIR` where that is set, else the copy in the repository, else one beside it.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use candle_core::{Device, Tensor};
use serde_json::Value;

/// One folder of golden answers: tensors a case, and what the manifest says of it.
pub(crate) struct Reference {
    folder: PathBuf,
    manifest: Value,
}

impl Reference {
    /// The folder that the environment or the repository offers; none, with the reason printed, where there is none.
    #[expect(clippy::print_stderr, reason = "a skipped test says why")]
    pub(crate) fn find() -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let given = std::env::var_os("VIMAE_REFERENCE_DIR").map(PathBuf::from);
        let required = given.is_some();
        let places = given.map_or_else(|| vec![root.join("tests/reference/seed1"), root.join("../shared/reference/seed1")], |p| vec![p]);
        let Some(folder) = places.iter().find(|p| p.join("manifest.json").is_file()) else {
            assert!(!required, "VIMAE_REFERENCE_DIR names no folder with a manifest.json: {}", places[0].display());
            eprintln!("skipped: no manifest.json in {places:?}");
            return None;
        };
        let text = std::fs::read_to_string(folder.join("manifest.json")).unwrap();
        Some(Self { folder: folder.clone(), manifest: serde_json::from_str(&text).unwrap() })
    }

    /// What the manifest says of a case.
    pub(crate) fn case(&self, name: &str) -> &Value {
        &self.manifest["cases"][name]
    }

    /// The tensors of a case.
    pub(crate) fn tensors(&self, name: &str) -> HashMap<String, Tensor> {
        candle_core::safetensors::load(self.folder.join(format!("{name}.safetensors")), &Device::Cpu).unwrap()
    }
}

/// A number of the manifest.
pub(crate) fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("not a number: {value}"))
}

/// All values of a tensor, as f64.
pub(crate) fn values(tensor: &Tensor) -> Vec<f64> {
    tensor.to_dtype(candle_core::DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// Asserts that two numbers agree to `rtol` of `expected` plus `atol`.
#[track_caller]
pub(crate) fn close(what: &str, got: f64, expected: f64, rtol: f64, atol: f64) {
    assert!((got - expected).abs() <= rtol * expected.abs() + atol, "{what}: got {got}, expected {expected}");
}
