//! Finding parquet files: which of a folder are the shards of which split.
//!
//! `train-00000-of-00005.parquet` as the Hub names them, in the folder or in one of a configuration's name;
//! `train.parquet`; `train/0000.parquet` as its converted branch does.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use vimae_core::Split;

use crate::{
    Error, Result, Sources, parquet,
    sources::{called, called_otherwise, folder_name, subfolders},
};

/// Configurations that are taken before others.
const FIRST: [&str; 4] = ["", "data", "default", "plain_text"];
/// The most files of a folder that are looked at.
const FILES: usize = 10_000;
/// What columns of encoded images are called, and those of classes.
const IMAGES: [&str; 6] = ["image.bytes", "img.bytes", "images.bytes", "image", "img", "image_bytes"];
pub(crate) const LABELS: [&str; 7] = ["label", "labels", "fine_label", "coarse_label", "class", "target", "y"];

/// The shards of every split, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tables(pub(crate) BTreeMap<Split, Vec<PathBuf>>);

impl Tables {
    /// The shards of a split; none where there are none.
    pub(crate) fn of(&self, split: Split) -> &[PathBuf] {
        self.0.get(&split).map_or(&[], Vec::as_slice)
    }

    /// All files, training ones first.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        self.0.values().flatten().cloned().collect()
    }

    fn trains_and_tests(&self) -> bool {
        !self.of(Split::Train).is_empty() && !self.of(Split::Test).is_empty()
    }

    /// How many rows the shards of a split have.
    fn rows(&self, split: Split) -> Result<u64> {
        self.of(split).iter().map(|path| Ok(parquet::about(path)?.1)).sum()
    }
}

/// The split that a name begins with: `train-00000-of-00001`, `test`, `val_0`.
fn split(name: &str) -> Option<Split> {
    let word: String = name.chars().take_while(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect();
    match word.as_str() {
        "train" | "training" => Some(Split::Train),
        "validation" | "valid" | "val" | "dev" => Some(Split::Validation),
        "test" | "testing" => Some(Split::Test),
        _ => None,
    }
}

/// The parquet files of a folder, without those of folders in it.
pub(crate) fn parquet_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().take(FILES).map(|entry| entry.path());
    let table = |path: &PathBuf| path.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet")) && !folder_name(path).starts_with('.');
    let mut files: Vec<PathBuf> = entries.filter(table).collect();
    files.sort();
    files
}

/// The tables of one folder: its files by the splits that they or the folders around them are called after.
///
/// # Errors
/// [`Error::Damaged`] where a shard of a series is not there.
fn in_one(folder: &Path) -> Result<Tables> {
    let mut tables = Tables::default();
    for path in parquet_files(folder) {
        if let Some(split) = split(folder_name(&path)) {
            tables.0.entry(split).or_default().push(path);
        }
    }
    for inside in subfolders(folder) {
        let files = parquet_files(&inside);
        if let Some(split) = split(folder_name(&inside)).filter(|_| !files.is_empty()) {
            tables.0.entry(split).or_default().extend(files);
        }
    }
    for shards in tables.0.values() {
        whole(shards)?;
    }
    Ok(tables)
}

/// Refuses a series `-00000-of-00005` that is not whole, and more than one series.
fn whole(shards: &[PathBuf]) -> Result<()> {
    let place = |path: &PathBuf| {
        let (rest, total) = folder_name(path).rsplit_once("-of-")?;
        let total: usize = total.split(['-', '.']).next()?.parse().ok()?;
        Some((rest.rsplit_once('-')?.1.parse::<usize>().ok()?, total))
    };
    let places: Vec<Option<(usize, usize)>> = shards.iter().map(place).collect();
    let (Some(Some((_, total))), Some(first)) = (places.first().copied(), shards.first()) else { return Ok(()) };
    let folder = first.parent().unwrap_or(first).display();
    for number in 0..total {
        if !places.contains(&Some((number, total))) {
            return Err(Error::damaged(folder, format!("lacks shard {number} of the {total} that {} belongs to", folder_name(first))));
        }
    }
    if shards.len() != total {
        return Err(Error::damaged(folder, format!("holds {} files of one split, {} says {total}", shards.len(), folder_name(first))));
    }
    Ok(())
}

/// The tables of a folder, or of the first folder in it that trains and tests: `preferred` before others.
///
/// # Errors
/// As [`in_one`], where nothing whole is there.
pub(crate) fn in_folder(folder: &Path, preferred: &str) -> Result<Option<Tables>> {
    first(folder, preferred, &|_, tables| tables.trains_and_tests())
}

/// The tables of a folder that trains, or of the first such folder in it, where none lies beside them that is of no split.
///
/// # Errors
/// As [`in_folder`].
pub(crate) fn that_train(folder: &Path) -> Result<Option<Tables>> {
    let all_named = |folder: &Path| parquet_files(folder).iter().all(|file| split(folder_name(file)).is_some());
    first(folder, "", &|folder, tables| !tables.of(Split::Train).is_empty() && all_named(folder))
}

/// The folders of tables that train beside `taken`, in `folder`: other configurations.
pub(crate) fn beside(folder: &Path, taken: &Tables) -> Vec<PathBuf> {
    let all = std::iter::once(folder.to_path_buf()).chain(subfolders(folder));
    let named = all.filter(|inside| inside == folder || split(folder_name(inside)).is_none());
    let trains = |inside: &PathBuf| in_one(inside).is_ok_and(|tables| !tables.of(Split::Train).is_empty() && tables != *taken);
    named.filter(trains).collect()
}

fn first(folder: &Path, preferred: &str, enough: &dyn Fn(&Path, &Tables) -> bool) -> Result<Option<Tables>> {
    let mut inside = subfolders(folder);
    inside.sort_by_key(|path| {
        let name = folder_name(path);
        if name == preferred { (0, 0) } else { (1, FIRST.iter().position(|f| *f == name).unwrap_or(FIRST.len())) }
    });
    let mut torn = None;
    for folder in std::iter::once(folder.to_path_buf()).chain(inside) {
        match in_one(&folder) {
            Ok(tables) if enough(&folder, &tables) => return Ok(Some(tables)),
            Ok(_) => {}
            Err(error) => torn = torn.or(Some(error)),
        }
    }
    torn.map_or(Ok(None), Err)
}

/// The tables of a published data set: of a snapshot in a Hub cache, or in a folder of the user's.
///
/// A folder or repository that is called like the data set is taken as it is, and refused where it holds something
/// else. One of another name says nothing: it has to have `rows` rows to train on and to test on.
///
/// # Errors
/// As [`in_folder`].
pub(crate) fn published(sources: &Sources, name: &str, repos: &[&str], preferred: &str, rows: [u64; 2]) -> Result<Option<Tables>> {
    let own = |folder: &Path| called(folder, name) || sources.data_dir.as_deref() == Some(folder) && !called_otherwise(folder, name);
    let beside = sources.folders(name).into_iter().map(|folder| (folder.clone(), own(&folder)));
    let mut torn = None;
    for (folder, own) in beside.chain(sources.snapshots(name, repos)) {
        // A folder of the user's holds others, each on its own turn; a snapshot's are configurations.
        let found = if folder.parent().is_some_and(|p| folder_name(p) == "snapshots") {
            in_folder(&folder, preferred)
        } else {
            within(&folder, name, preferred)
        };
        match found {
            Ok(Some(tables)) if own => return Ok(Some(tables)),
            Ok(Some(tables)) => {
                let there = [tables.rows(Split::Train).ok(), tables.rows(Split::Test).ok()];
                if there == rows.map(Some) {
                    return Ok(Some(tables));
                }
            }
            Ok(None) => {}
            Err(error) => torn = torn.or(Some(error)),
        }
    }
    torn.map_or(Ok(None), Err)
}

/// The tables of a folder of the user's, which may be a snapshot that was copied: those of its configurations too.
fn within(folder: &Path, name: &str, preferred: &str) -> Result<Option<Tables>> {
    let tables = in_one(folder)?;
    if tables.trains_and_tests() {
        return Ok(Some(tables));
    }
    for inside in [preferred, "data", "default", "plain_text"] {
        let inside = folder.join(inside);
        if inside.is_dir() && !called_otherwise(&inside, name) {
            let tables = in_one(&inside)?;
            if tables.trains_and_tests() {
                return Ok(Some(tables));
            }
        }
    }
    Ok(None)
}

/// The columns of images and of classes of a table, by what they are usually called; `label` names another one.
///
/// # Errors
/// [`Error::Damaged`] where there is none, with all that there are; `way` is what to do without one of classes.
pub(crate) fn columns(path: &Path, label: Option<&str>, way: &str) -> Result<(String, String)> {
    let (there, _) = parquet::about(path)?;
    let image = images(path, &there)?;
    let labels = label.map_or(LABELS.to_vec(), |label| vec![label]);
    let found = labels.iter().find(|name| has(&there, name)).map(|name| (*name).to_owned());
    Ok((image, found.ok_or_else(|| lacking(path, "classes", &labels, &there, way))?))
}

/// The column of images of a table.
///
/// # Errors
/// As [`columns`].
pub(crate) fn image_column(path: &Path) -> Result<String> {
    images(path, &parquet::about(path)?.0)
}

/// The column of images among those that are there: one of the usual names, or the only one that the Hub's feature `Image`
/// makes, whatever it is called (`jpg`, `pixel_values`).
fn images(path: &Path, there: &[String]) -> Result<String> {
    if let Some(known) = IMAGES.iter().find(|name| has(there, name)) {
        return Ok((*known).to_owned());
    }
    let structs = there.iter().filter_map(|column| column.strip_suffix(".bytes"));
    let mut structs = structs.filter(|name| has(there, &format!("{name}.path")));
    match (structs.next(), structs.next()) {
        (Some(one), None) => Ok(format!("{one}.bytes")),
        _ => Err(lacking(path, "encoded images", &IMAGES, there, "")),
    }
}

fn has(there: &[String], name: &str) -> bool {
    there.iter().any(|column| column == name)
}

fn lacking(path: &Path, what: &str, names: &[&str], there: &[String], way: &str) -> Error {
    let problem = format!("no column of {what} ({}); there are {}{way}", names.join(", "), there.join(", "));
    Error::damaged(path.display(), problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_column_of_images_has_a_usual_name_or_is_the_only_one_of_its_kind() {
        let of = |there: &[&str]| images(Path::new("x"), &there.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        for (there, expected) in [
            (&["label", "image.bytes", "image.path"][..], "image.bytes"),
            (&["img", "jpg.bytes", "jpg.path"], "img"),
            (&["jpg.bytes", "jpg.path", "cls"], "jpg.bytes"),
            (&["text.bytes", "pixel_values.bytes", "pixel_values.path"], "pixel_values.bytes"),
        ] {
            assert_eq!(of(there).unwrap(), expected);
        }
        for there in [&["left.bytes", "left.path", "right.bytes", "right.path"][..], &["jpg", "label"], &[]] {
            assert!(matches!(of(there), Err(Error::Damaged { .. })), "{there:?}");
        }
    }
}
