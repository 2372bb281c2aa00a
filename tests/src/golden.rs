//! Golden answers of PyTorch, SciPy and scikit-learn, made by a script for any seed.
//!
//! `VIMAE_REFERENCE_DIR` names another folder of the same form; the repository carries one.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::{Context, Result, bail};
use candle_core::{DType, Device, Tensor};
use serde_json::Value;

/// One case: its scalars and its arrays.
#[derive(Debug)]
pub struct Case {
    /// The case's name.
    pub name: String,
    scalars: Value,
    tensors: BTreeMap<String, Tensor>,
}

/// The folder in use.
pub fn folder() -> PathBuf {
    std::env::var_os("VIMAE_REFERENCE_DIR").map_or_else(|| crate::root().join("tests/reference/seed1"), PathBuf::from)
}

/// The case of that name.
///
/// # Errors
/// Where the folder has no such case or a file is damaged.
pub fn case(name: &str) -> Result<Case> {
    let folder = folder();
    let manifest = folder.join("manifest.json");
    let text = std::fs::read(&manifest).with_context(|| manifest.display().to_string())?;
    let mut manifest: Value = serde_json::from_slice(&text)?;
    let Some(scalars) = manifest.get_mut("cases").and_then(|c| c.get_mut(name)).map(Value::take) else {
        bail!("{}: no case {name}", folder.display());
    };
    let file = folder.join(format!("{name}.safetensors"));
    let tensors = if file.exists() { candle_core::safetensors::load(&file, &Device::Cpu)?.into_iter().collect() } else { BTreeMap::new() };
    Ok(Case { name: name.into(), scalars, tensors })
}

impl Case {
    /// A scalar of the case, by path: `trace`, `kl` ...
    ///
    /// # Errors
    /// Where there is none.
    pub fn value(&self, key: &str) -> Result<&Value> {
        self.scalars.get(key).with_context(|| format!("{}: no value {key}", self.name))
    }

    /// A number of the case.
    ///
    /// # Errors
    /// Where there is none.
    pub fn number(&self, key: &str) -> Result<f64> {
        self.value(key)?.as_f64().with_context(|| format!("{}: {key} is no number", self.name))
    }

    /// A whole number of the case.
    ///
    /// # Errors
    /// Where there is none.
    pub fn integer(&self, key: &str) -> Result<usize> {
        Ok(usize::try_from(self.value(key)?.as_u64().with_context(|| format!("{}: {key} is no whole number", self.name))?)?)
    }

    /// An array of the case.
    ///
    /// # Errors
    /// Where there is none.
    pub fn tensor(&self, key: &str) -> Result<Tensor> {
        self.tensors.get(key).cloned().with_context(|| format!("{}: no array {key}", self.name))
    }

    /// All arrays whose names begin with `prefix`, without it.
    pub fn tensors(&self, prefix: &str) -> BTreeMap<String, Tensor> {
        self.tensors.iter().filter_map(|(k, v)| Some((k.strip_prefix(prefix)?.to_owned(), v.clone()))).collect()
    }

    /// Fails unless `got` is the case's array `key` within its tolerances.
    ///
    /// # Errors
    /// Naming case and array, with the largest excess.
    pub fn check(&self, key: &str, got: &Tensor) -> Result<()> {
        close(&format!("{} {key}", self.name), got, &self.tensor(key)?, self.number("rtol")?, self.number("atol")?)
    }
}

/// Fails unless `|got - expected| <= atol + rtol |expected|` everywhere.
///
/// # Errors
/// Naming `what`, with the worst pair.
pub fn close(what: &str, got: &Tensor, expected: &Tensor, rtol: f64, atol: f64) -> Result<()> {
    if got.dims() != expected.dims() {
        bail!("{what}: shape {:?}, expected {:?}", got.dims(), expected.dims());
    }
    let values = |t: &Tensor| -> Result<Vec<f64>> { Ok(t.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>()?) };
    // Two infinities of one sign have no difference.
    let excess = |(g, e): &(f64, f64)| if g == e { -atol } else { (g - e).abs() - atol - rtol * e.abs() };
    let worst = values(got)?.into_iter().zip(values(expected)?).max_by(|a, b| excess(a).total_cmp(&excess(b)));
    match worst {
        Some(pair) if excess(&pair).is_nan() || excess(&pair) > 0.0 => {
            bail!("{what}: got {}, expected {} (rtol {rtol}, atol {atol})", pair.0, pair.1)
        }
        _ => Ok(()),
    }
}

/// Fails unless two numbers agree.
///
/// # Errors
/// Naming `what`.
pub fn near(what: &str, got: f64, expected: f64, rtol: f64, atol: f64) -> Result<()> {
    let excess = (got - expected).abs() - atol - rtol * expected.abs();
    if excess.is_nan() || excess > 0.0 {
        bail!("{what}: got {got}, expected {expected} (rtol {rtol}, atol {atol})");
    }
    Ok(())
}
