//! Files against the digests that they were published with.

use std::{fs, path::Path};

use vimae_spec::sha256_of_file;

use crate::{Error, Result};

/// What to do about a file of the cache.
pub(crate) const CACHED: &str = "delete it, and the next call brings it again";
/// What to do about a file of a directory that no call brings.
pub(crate) const LOCAL: &str = "take it again from where the directory comes from";

/// Compares a file with the digest that it was published with: one that was in the cache already may have changed there. `cure` is what to
/// do where it has another.
pub(crate) fn check(path: &Path, expected: &str, cure: &str) -> Result<()> {
    let found = sha256_of_file(path).map_err(|e| Error::io(path, e))?;
    if found == expected {
        return Ok(());
    }
    let problem = format!("wrong digest: published with sha256 {expected}, found {found}; {cure}");
    Err(Error::damaged(&fs::canonicalize(path).unwrap_or_else(|_| path.into()), problem))
}
