//! Archives of published files under the names that sites give to their downloads.

use std::{
    cell::RefCell,
    path::{Path, PathBuf},
};

use crate::{Container, Result, sources::file_in};

const ENDINGS: [&str; 4] = [".zip", ".tar", ".tar.gz", ".tgz"];
/// What Kaggle calls every download.
const ANY: &str = "archive";

/// An archive in `folder` under one of these names without endings; under one that says nothing too, where the folder is the
/// data set's `own`.
pub(crate) fn archive(folder: &Path, stems: &[&str], own: bool) -> Option<PathBuf> {
    let stems = stems.iter().copied().chain(own.then_some(ANY));
    let names: Vec<String> = stems.flat_map(|stem| ENDINGS.map(|end| format!("{stem}{end}"))).collect();
    file_in(folder, &names.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The names of all files in the archive at `path`, in their order.
///
/// # Errors
/// As [`Container::names`].
pub(crate) fn members(path: &Path) -> Result<Vec<String>> {
    let found = RefCell::new(Vec::new());
    Container::open(path)?.names(&|name| found.borrow_mut().push(name.to_owned()))?;
    let mut found = found.into_inner();
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_says_nothing_counts_in_a_folder_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let find = |own: bool| archive(dir.path(), &["some", "some-data"], own).map(|path| path.file_name().unwrap().to_owned());
        std::fs::write(dir.path().join("archive.zip"), "").unwrap();
        assert_eq!((find(false), find(true)), (None, Some("archive.zip".into())));
        std::fs::write(dir.path().join("Some-Data.TGZ"), "").unwrap();
        std::fs::write(dir.path().join("other.zip"), "").unwrap();
        assert_eq!(find(false), Some("Some-Data.TGZ".into()));
    }
}
