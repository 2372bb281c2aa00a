//! Names of data sets that mean the same from everywhere.

use std::path::{Path, absolute};

use crate::{open::parted, sources::may_be_repository, table};

/// A data set's name as it is written in a file in `folder`, with an absolute path in place of a relative one. `table:OWNER/NAME` stays as
/// it is where nothing in `folder` is called so: it may be a repository in the Hub's cache.
pub fn placed(name: &str, folder: &Path) -> String {
    let (entry, Some(path)) = parted(name) else { return name.into() };
    let place = folder.join(path);
    let of_hub = || entry == table::ENTRY.name && may_be_repository(path) && !place.exists();
    if path.is_empty() || Path::new(path).is_absolute() || of_hub() {
        return name.into();
    }
    format!("{entry}:{}", absolute(&place).unwrap_or(place).display())
}

/// The repository of the Hub, `OWNER/NAME`, that a data set's name means, where it is one that [`placed`] gives.
pub fn hub_repository(name: &str) -> Option<&str> {
    let (entry, path) = parted(name);
    let is_path = |path: &str| Path::new(path).is_absolute() || Path::new(path).exists();
    path.filter(|path| entry == table::ENTRY.name && may_be_repository(path) && !is_path(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_path_is_of_its_file_and_a_repository_stays_one() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("own/faces")).unwrap();
        let placed = |name: &str| placed(name, dir.path());
        for name in ["mnist", "folder:", "folder:/data/faces", "table:some/body", "table:some/body.v2"] {
            assert_eq!(placed(name), name);
        }
        // What is there is a folder, whatever it is called.
        for path in ["own/faces", "faces", "a/b/c", "some/train.parquet", "./body", "my faces/body", "some/body--2"] {
            assert_eq!(placed(&format!("table:{path}")), format!("table:{}", absolute(dir.path().join(path)).unwrap().display()));
        }
        assert_eq!(placed("folder:some/body"), format!("folder:{}", dir.path().join("some/body").display()));
    }

    #[test]
    fn a_repository_is_no_path() {
        assert_eq!(hub_repository("table:some/body.v2"), Some("some/body.v2"));
        for name in ["mnist", "table:/faces", "table:/data/faces", "table:one.parquet", "table:my faces/body", "folder:some/body"] {
            assert_eq!(hub_repository(name), None, "{name}");
        }
    }
}
