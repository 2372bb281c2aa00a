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

/// The golden values of the entry `name` of the catalogue `kind` (`prior`, `rate`, `divergence`, `objective`), of which there
/// is at least one, from `catalogue.json`.
///
/// # Errors
/// As [`in_file`].
pub fn of_entry(kind: &str, name: &str) -> Result<Vec<Value>> {
    in_file("catalogue", kind, name)
}

/// The golden values of the entry `name` of the catalogue `kind`, of which there is at least one: from `FILE.json` of the
/// directory that `VIMAE_REFERENCE_DIR` names, or else from the copy here, which `make_FILE.py` writes.
///
/// # Errors
/// Naming an entry without golden values, and the script that makes them.
pub fn in_file(file: &str, kind: &str, name: &str) -> Result<Vec<Value>> {
    let script = format!("make_{}.py", file);
    let file = format!("{file}.json");
    let carried = crate::root().join("tests/reference").join(&file);
    let named = std::env::var_os("VIMAE_REFERENCE_DIR").map(|directory| PathBuf::from(directory).join(&file));
    let file = named.filter(|file| file.exists()).unwrap_or(carried);
    let text = std::fs::read(&file).with_context(|| file.display().to_string())?;
    let mut all: Value = serde_json::from_slice(&text).with_context(|| file.display().to_string())?;
    match all[kind][name].take() {
        Value::Array(cases) if !cases.is_empty() => Ok(cases),
        _ => bail!("{kind} \"{name}\" has no golden value in {}; add it to tests/reference/{script}", file.display()),
    }
}

/// The numbers of a list at any depth, as a tensor of f64 of the same shape.
///
/// # Errors
/// Where it is no such list, or its rows differ in length.
pub fn tensor(value: &Value) -> Result<Tensor> {
    fn numbers(value: &Value, shape: &mut Vec<usize>, depth: usize, into: &mut Vec<f64>) -> Option<()> {
        let Value::Array(rows) = value else {
            into.push(value.as_f64()?);
            return (depth == shape.len()).then_some(());
        };
        if depth == shape.len() && into.is_empty() {
            shape.push(rows.len());
        }
        if shape.get(depth) != Some(&rows.len()) {
            return None;
        }
        rows.iter().try_for_each(|row| numbers(row, shape, depth + 1, into))
    }
    let (mut shape, mut values) = (Vec::new(), Vec::new());
    numbers(value, &mut shape, 0, &mut values).with_context(|| format!("no array of numbers: {value}"))?;
    Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
}

/// The arrays of a table of them.
///
/// # Errors
/// As [`tensor`].
pub fn tensors(table: &Value) -> Result<BTreeMap<String, Tensor>> {
    table.as_object().context("no table")?.iter().map(|(name, value)| Ok((name.clone(), tensor(value)?))).collect()
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
