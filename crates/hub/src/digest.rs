//! Files against the digests that they were published with.

use std::{fs, io::Read, path::Path};

use sha2::{Digest, Sha256};

use crate::{Error, Result};

/// What to do about a file of the cache.
pub(crate) const CACHED: &str = "delete it, and the next call brings it again";
/// What to do about a file of a directory that no call brings.
pub(crate) const LOCAL: &str = "take it again from where the directory comes from";

/// Compares a file with the digest that it was published with: one that was in the cache already may have changed there. `cure` is what to
/// do where it has another.
pub(crate) fn check(path: &Path, expected: &str, cure: &str) -> Result<()> {
    let wrong = |e| Error::io(path, e);
    let mut file = fs::File::open(path).map_err(wrong)?;
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        let read = file.read(&mut buffer).map_err(wrong)?;
        let Some(bytes) = buffer.get(..read).filter(|b| !b.is_empty()) else { break };
        hash.update(bytes);
    }
    let found: String = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
    if found == expected {
        return Ok(());
    }
    let problem = format!("wrong digest: published with sha256 {expected}, found {found}; {cure}");
    Err(Error::damaged(&fs::canonicalize(path).unwrap_or_else(|_| path.into()), problem))
}
