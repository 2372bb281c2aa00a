//! JSON files that this crate writes and reads back.

use std::path::Path;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use vimae_spec::sha256_hex;

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

/// The key of the digest that a sealed file carries.
const SEAL: &str = "content_sha256";

/// [`json`] of an object, with the digest of all that it says.
pub(crate) fn sealed(value: &impl Serialize) -> Result<Vec<u8>> {
    let fail = |e: serde_json::Error| Error::Record { path: "JSON".into(), problem: e.to_string() };
    let mut value = serde_json::to_value(value).map_err(fail)?;
    let digest = sha256_hex(&serde_json::to_vec(&value).map_err(fail)?);
    if let Some(object) = value.as_object_mut() {
        object.insert(SEAL.into(), Value::String(digest));
    }
    json(&value)
}

/// Reads a file that [`sealed`] made.
///
/// # Errors
/// As [`read`], and where it was changed after it was written.
pub(crate) fn read_sealed<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let fail = |problem: String| Error::Record { path: path.into(), problem };
    let mut value: Value = read(path)?;
    let stated = value.as_object_mut().and_then(|object| object.remove(SEAL));
    let found = serde_json::to_vec(&value).map(|bytes| sha256_hex(&bytes)).map_err(|e| fail(e.to_string()))?;
    if stated != Some(Value::String(found)) {
        return Err(fail("was changed after it was written, or damaged".into()));
    }
    serde_json::from_value(value).map_err(|e| fail(e.to_string()))
}

/// Reads a file whose form has the version `known`. `cure` is what to do about one that is damaged.
///
/// # Errors
/// As [`read`], and for a form of another version, older or newer.
pub(crate) fn read_versioned<T: DeserializeOwned>(path: &Path, known: u32, cure: &str) -> Result<T> {
    let fail = |problem: String| Error::Record { path: path.into(), problem };
    let damaged = |e: serde_json::Error| fail(format!("is damaged ({e}); {cure}"));
    let text = std::fs::read(path).map_err(|e| fail(e.to_string()))?;
    let value: Value = serde_json::from_slice(&text).map_err(damaged)?;
    match value.get("format").and_then(Value::as_u64) {
        Some(found) if found > known.into() => Err(fail(format!("format {found} is newer than {known}, which this version reads"))),
        Some(found) if found < known.into() => Err(fail(format!(
            "format {found} is older than {known}, which this version reads: train again, or use the commit that it names"
        ))),
        _ => serde_json::from_value(value).map_err(damaged),
    }
}
