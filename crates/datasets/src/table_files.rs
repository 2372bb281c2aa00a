//! Which files of a data set repository hold the images that `table:OWNER/NAME` reads, by their names, before any of them is here.

use std::path::{Path, PathBuf};

use crate::{
    Error, PassedOver, Result,
    listing::Repository,
    tables::{Taken, taken, without_splits},
};

/// The file of git's own that every repository has.
const ATTRIBUTES: &str = ".gitattributes";

/// The files of a repository that its reader takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFiles {
    /// Their names, those to train on first.
    pub names: Vec<String>,
    /// The configuration that they are of: a directory of the repository, or the repository itself, whose name is empty.
    pub configuration: String,
    /// Other configurations that hold files to train on.
    pub others: Vec<String>,
}

impl TableFiles {
    /// Chooses among all files of a repository as its reader would, if all of them were here. `place` stands for the repository in
    /// errors.
    ///
    /// # Errors
    /// [`Error::Damaged`] for one without parquet files to train on, with what it holds instead, and for one that lacks a shard.
    pub fn among(names: &[String], place: &str) -> Result<Self> {
        let repository = Repository::of(names);
        let found = taken(&repository, &[PathBuf::new()]).map_err(|error| match error {
            Error::Damaged { file, problem } => Error::damaged(joined(place, &file), problem),
            other => other,
        })?;
        let text = |path: &Path| path.to_string_lossy().into_owned();
        match found {
            Some(Taken::Splits(folder, tables, others)) => Ok(Self {
                names: tables.files().iter().map(|path| text(path)).collect(),
                configuration: text(&folder),
                others: others.iter().map(|path| text(path)).collect(),
            }),
            Some(Taken::One(one)) => {
                let folder = one.parent().map(text).unwrap_or_default();
                Ok(Self { names: vec![text(&one)], configuration: folder, others: Vec::new() })
            }
            Some(Taken::Several(all)) => Err(Error::damaged(place, without_splits(&all))),
            None => Err(Error::damaged(place, format!("holds no parquet files to train and to test on{}", instead(names, &repository)))),
        }
    }

    /// What people should know of other configurations that are there.
    pub fn note(&self) -> Option<String> {
        if self.others.is_empty() {
            return None;
        }
        let shown = |name: &String| if name.is_empty() { "the top directory".to_owned() } else { name.clone() };
        let mut all: Vec<String> = self.others.iter().chain([&self.configuration]).map(shown).collect();
        all.sort();
        Some(format!("of several configurations ({}) {} is brought", all.join(", "), shown(&self.configuration)))
    }
}

fn joined(place: &str, folder: &str) -> String {
    if folder.is_empty() { place.into() } else { format!("{place}/{folder}") }
}

/// What a repository holds in place of tables of splits.
fn instead(names: &[String], repository: &Repository) -> String {
    if let [first, ..] = repository.all() {
        let count = repository.all().len();
        return format!("; it holds {count} parquet {}, {} for instance", if count == 1 { "file" } else { "files" }, first.display());
    }
    let (mut passed, mut images) = (PassedOver::default(), 0);
    for file in names.iter().filter(|file| *file != ATTRIBUTES) {
        images += usize::from(passed.admits(file));
    }
    passed.add("image", images);
    if passed.is_empty() { "; it is empty".into() } else { format!("; it holds {passed}") }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{Sources, open::request};

    fn among(names: &[&str]) -> Result<TableFiles> {
        TableFiles::among(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(), "some/body")
    }

    fn files(names: &[&str], configuration: &str, others: &[&str]) -> TableFiles {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        TableFiles { names: owned(names), configuration: configuration.into(), others: owned(others) }
    }

    /// Listings as they are on the Hub, and what is taken of each.
    fn listings() -> Vec<(Vec<&'static str>, TableFiles)> {
        let common = [".gitattributes", "README.md"];
        let with = |names: &[&'static str]| [&common[..], names].concat();
        vec![
            // Shards as the library datasets pushes them.
            (
                with(&["data/test-00000-of-00001.parquet", "data/train-00001-of-00002.parquet", "data/train-00000-of-00002.parquet"]),
                files(
                    &["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet", "data/test-00000-of-00001.parquet"],
                    "data",
                    &[],
                ),
            ),
            // Several configurations: of the usual names, and by name.
            (
                with(&["mnist/test-00000-of-00001.parquet", "mnist/train-00000-of-00001.parquet"]),
                files(&["mnist/train-00000-of-00001.parquet", "mnist/test-00000-of-00001.parquet"], "mnist", &[]),
            ),
            (
                with(&[
                    "cifar100/test-00000-of-00001.parquet",
                    "cifar100/train-00000-of-00001.parquet",
                    "plain_text/train-00000-of-00001.parquet",
                    "plain_text/test-00000-of-00001.parquet",
                    "b/train.parquet",
                    "labels/names.parquet",
                ]),
                files(
                    &["plain_text/train-00000-of-00001.parquet", "plain_text/test-00000-of-00001.parquet"],
                    "plain_text",
                    &["b", "cifar100"],
                ),
            ),
            // A configuration that tests comes before one that only trains.
            (
                with(&["data/train.parquet", "large/train.parquet", "large/test.parquet"]),
                files(&["large/train.parquet", "large/test.parquet"], "large", &["data"]),
            ),
            // The repository itself comes first.
            (
                with(&["train.parquet", "val.parquet", "test.parquet", "extra/train.parquet", "extra/test.parquet", "unlabelled.parquet"]),
                files(&["train.parquet", "val.parquet", "test.parquet"], "", &["extra"]),
            ),
            (
                with(&["train/a.parquet", "train/b.parquet", "valid/c.parquet", "test/d.parquet"]),
                files(&["train/a.parquet", "train/b.parquet", "valid/c.parquet", "test/d.parquet"], "", &[]),
            ),
            // The branch into which the Hub converts.
            (
                vec![".gitattributes", "default/test/0000.parquet", "default/train/0000.parquet", "default/train/0001.parquet"],
                files(&["default/train/0000.parquet", "default/train/0001.parquet", "default/test/0000.parquet"], "default", &[]),
            ),
            (vec!["full/train/0000.parquet", "default/train/0000.parquet"], files(&["default/train/0000.parquet"], "default", &["full"])),
            // One file of no split is read as a whole.
            (with(&["data/images.parquet"]), files(&["data/images.parquet"], "data", &[])),
            (with(&["images.parquet", "labels.csv"]), files(&["images.parquet"], "", &[])),
        ]
    }

    #[test]
    fn the_files_of_one_configuration_are_chosen_by_their_names() {
        for (names, expected) in listings() {
            assert_eq!(among(&names).unwrap(), expected, "{names:?}");
        }
        assert_eq!(files(&[], "data", &[]).note(), None);
        let note = files(&[], "plain_text", &["b", ""]).note();
        assert_eq!(note.as_deref(), Some("of several configurations (b, plain_text, the top directory) plain_text is brought"));
    }

    #[test]
    fn what_is_chosen_is_what_the_reader_would_read_of_all_files_and_of_the_chosen_ones() {
        for (names, expected) in listings() {
            for brought in [names.clone(), expected.names.iter().map(String::as_str).collect()] {
                let home = tempfile::tempdir().unwrap();
                let snapshot = home.path().join("datasets--some--body/snapshots/0123");
                for name in &brought {
                    fs::create_dir_all(snapshot.join(name).parent().unwrap()).unwrap();
                    fs::write(snapshot.join(name), "").unwrap();
                }
                let sources = Sources { hub_cache: Some(home.path().into()), ..Sources::default() };
                let find = request("table:some/body", &serde_json::Map::new(), &sources, |build, request| Ok((build.find)(request)));
                let read: Vec<PathBuf> = expected.names.iter().map(|name| snapshot.join(name)).collect();
                assert_eq!(find.unwrap(), Some(read), "{brought:?}");
            }
        }
    }

    #[test]
    fn a_repository_without_tables_says_what_it_holds() {
        for (names, expected) in [
            (&[][..], "some/body: holds no parquet files to train and to test on; it is empty"),
            (&[".gitattributes", "README.md", "train.csv", "test.csv"], "to test on; it holds 2 .csv, 1 .md"),
            (&["train/cat/1.jpg", "train/cat/2.jpg", "README.md"], "to test on; it holds 2 images, 1 .md"),
            (&["default/partial-train/0000.parquet"], "; it holds 1 parquet file, default/partial-train/0000.parquet for instance"),
            (&["a.parquet", "b.parquet"], "some/body: holds a.parquet, b.parquet, and not files to train and to test on by their names"),
            (
                &["data/train-00000-of-00002.parquet", "data/test.parquet"],
                "some/body/data: lacks shard 1 of the 2 that train-00000-of-00002.parquet belongs to",
            ),
        ] {
            let error = among(names).unwrap_err();
            assert!(matches!(error, Error::Damaged { .. }) && error.to_string().contains(expected), "{error}");
        }
    }
}
