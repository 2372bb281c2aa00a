//! The record of a run as a file that notices when it is changed: it carries the digest of all that it says.

use serde::Serialize;
use serde_json::Value;

use crate::{RunRecord, sha256_hex};

/// The key of the digest in the file.
const DIGEST: &str = "sha256";

/// Why a file is no record that can be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordProblem {
    /// It is not JSON, or not of the form.
    #[error("is damaged: {0}")]
    Damaged(#[from] serde_json::Error),
    /// An older version wrote it.
    #[error("format {found} is older than {known}, which this version reads: train again, or use the commit that it names")]
    Older {
        /// Its format.
        found: u64,
        /// The format known here.
        known: u32,
    },
    /// A newer version wrote it.
    #[error("format {found} is newer than {known}, which this version reads")]
    Newer {
        /// Its format.
        found: u64,
        /// The format known here.
        known: u32,
    },
    /// It does not say what it was written with.
    #[error("was changed after it was written, or damaged: its content has digest {found}, and it says {stated}")]
    Changed {
        /// The digest of what it says now.
        found: String,
        /// The digest that it carries.
        stated: String,
    },
}

#[derive(Serialize)]
struct Sealed<'a> {
    #[serde(flatten)]
    record: &'a RunRecord,
    sha256: String,
}

impl RunRecord {
    /// The record as the content of `record.json`, with its digest.
    ///
    /// # Errors
    /// Where serialising fails.
    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        let sha256 = sha256_hex(&serde_json::to_vec(&serde_json::to_value(self)?)?);
        let mut bytes = serde_json::to_vec_pretty(&Sealed { record: self, sha256 })?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads the content of `record.json`.
    ///
    /// # Errors
    /// [`RecordProblem`]: a record that was changed, or that another version wrote, is none.
    pub fn from_json(text: &[u8]) -> Result<Self, RecordProblem> {
        let mut value: Value = serde_json::from_slice(text)?;
        let known = Self::FORMAT;
        match value.get("format").and_then(Value::as_u64) {
            Some(found) if found > known.into() => return Err(RecordProblem::Newer { found, known }),
            Some(found) if found < known.into() => return Err(RecordProblem::Older { found, known }),
            _ => {}
        }
        let stated = value.as_object_mut().and_then(|object| object.remove(DIGEST));
        let stated = stated.as_ref().and_then(Value::as_str).unwrap_or("none").to_owned();
        let found = sha256_hex(&serde_json::to_vec(&value)?);
        if found != stated {
            return Err(RecordProblem::Changed { found, stated });
        }
        Ok(serde_json::from_value(value)?)
    }
}
