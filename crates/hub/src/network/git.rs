//! The digest by which git, and so the Hub, names small files. Large ones are named by their SHA-256.

use std::{fs, io, path::Path};

use sha1::{Digest, Sha1};

use crate::{Error, Result, digest::CACHED};

/// Its name in errors.
pub(super) const ALGORITHM: &str = "git sha1";

/// Whether the name of some content is of this kind.
pub(super) fn is_git(name: &str) -> bool {
    name.len() == 40 && name.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The digest of a small file, in hex.
pub(super) fn of_file(path: &Path) -> io::Result<String> {
    Ok(of(&fs::read(path)?))
}

fn of(content: &[u8]) -> String {
    let sha1 = Sha1::new().chain_update(format!("blob {}\0", content.len())).chain_update(content);
    sha1.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

/// Compares a small file of the Hub cache with the name of its content: it may have changed there.
///
/// # Errors
/// [`Error::Damaged`]; [`Error::Io`].
pub(crate) fn check_name(path: &Path) -> Result<()> {
    let blob = fs::canonicalize(path).map_err(|e| Error::io(path, e))?;
    let Some(name) = blob.file_name().and_then(|name| name.to_str()).filter(|name| is_git(name)) else { return Ok(()) };
    let found = of_file(&blob).map_err(|e| Error::io(&blob, e))?;
    if found.eq_ignore_ascii_case(name) {
        return Ok(());
    }
    Err(Error::damaged(&blob, format!("wrong digest: published with {ALGORITHM} {name}, found {found}; {CACHED}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_git() {
        // `git hash-object`.
        assert_eq!(of(b""), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
        assert_eq!(of(b"hello\n"), "ce013625030ba8dba906f756967f9e9ca394464a");
        assert!(is_git(&of(b"")) && !is_git(&"0".repeat(64)) && !is_git(&"z".repeat(40)));
    }
}
