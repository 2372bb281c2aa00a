//! The files of a published run beside the digests that its `config.json` names.

use vimae_hub::{Config, FileDigest};
use vimae_spec::{RunRecord, sha256_of_file};

use super::check::{Check, text};
use crate::RunFolder;

/// A check of every file that was published and that the record names no digest of: weights, results, the record itself. None for
/// a run where it was trained.
pub(super) fn checked(folder: &RunFolder, record: &RunRecord) -> Vec<Check> {
    // One that cannot be read does not have the digest that the record names.
    let files = Config::read(&folder.config()).map(|config| config.files).unwrap_or_default();
    let others = files.iter().filter(|(name, _)| !record.files.contains_key(*name));
    let check = |(name, digest): (&String, &FileDigest)| {
        let now = sha256_of_file(&folder.path().join(name)).unwrap_or_else(|error| error.to_string());
        text(name, &digest.sha256, &now)
    };
    others.map(check).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use vimae_spec::sha256_hex;

    use super::*;
    use crate::{cells, run_comparison};

    #[test]
    fn a_published_file_that_was_changed_differs() {
        let place = tempfile::tempdir().unwrap();
        let folder = RunFolder::at(place.path());
        let results = place.path().join("results.json");
        fs::write(&results, "1.5").unwrap();
        let digest = |bytes: &[u8]| FileDigest { sha256: sha256_hex(bytes), bytes: bytes.len() as u64 };
        let files = [("results.json", digest(b"1.5")), ("spec.json", digest(b"{}"))];
        let files = files.map(|(name, digest)| (name.to_owned(), digest)).into();
        let config = Config { files, ..run_comparison::tests::config() };
        fs::write(folder.config(), serde_json::to_vec(&config).unwrap()).unwrap();
        let mut record = cells::tests::record("vae", 0, "rate", 1.0);
        // The record's own digest of a file is compared anyway.
        record.files.insert("spec.json".into(), String::new());
        let found = || checked(&folder, &record).into_iter().map(|check| (check.what, check.agrees)).collect::<Vec<_>>();
        assert_eq!(found(), [("results.json".to_owned(), true)]);
        fs::write(&results, "1.6").unwrap();
        assert_eq!(found(), [("results.json".to_owned(), false)]);
        fs::remove_file(&results).unwrap();
        assert_eq!(found(), [("results.json".to_owned(), false)]);
        fs::remove_file(folder.config()).unwrap();
        assert_eq!(found(), []);
    }
}
