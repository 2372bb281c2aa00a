//! JSON files that this crate writes and reads back.

use std::path::Path;

use serde::{Serialize, de::DeserializeOwned};

use crate::{Error, Result};

/// Pretty JSON with a line end.
pub(crate) fn json(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|e| Error::Record { path: "JSON".into(), problem: e.to_string() })?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Reads a file.
///
/// # Errors
/// [`Error::Record`] where it is absent or not of the form.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let fail = |problem: String| Error::Record { path: path.into(), problem };
    let text = std::fs::read(path).map_err(|e| fail(e.to_string()))?;
    serde_json::from_slice(&text).map_err(|e| fail(e.to_string()))
}

/// Reads a file whose form has the version `known`.
///
/// # Errors
/// As [`read`], and for a form of another version, older or newer.
pub(crate) fn read_versioned<T: DeserializeOwned>(path: &Path, known: u32) -> Result<T> {
    let fail = |problem: String| Error::Record { path: path.into(), problem };
    let value: serde_json::Value = read(path)?;
    match value.get("format").and_then(serde_json::Value::as_u64) {
        Some(found) if found > known.into() => Err(fail(format!("format {found} is newer than {known}, which this version reads"))),
        Some(found) if found < known.into() => Err(fail(format!(
            "format {found} is older than {known}, which this version reads: train again, or use the commit that it names"
        ))),
        _ => serde_json::from_value(value).map_err(|e| fail(e.to_string())),
    }
}
