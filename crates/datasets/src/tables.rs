//! Finding parquet files: which of a folder are the shards of which split.
//!
//! `train-00000-of-00005.parquet` as the Hub names them, in the folder or in one of a configuration's name;
//! `train.parquet`; `train/0000.parquet` as its converted branch does.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use vimae_core::Split;

use crate::{
    Error, Result, Sources,
    listing::{Disk, Listing},
    parquet::{self, About, PIXELS},
    sources::{called, called_otherwise, folder_name},
};

/// Configurations that are taken before others.
const FIRST: [&str; 4] = ["", "data", "default", "plain_text"];
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
        self.of(split).iter().map(|path| Ok(parquet::about(path)?.rows)).sum()
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

/// The tables of one folder: its files by the splits that they or the folders around them are called after.
///
/// # Errors
/// [`Error::Damaged`] where a shard of a series is not there.
fn in_one(listing: &dyn Listing, folder: &Path) -> Result<Tables> {
    let mut tables = Tables::default();
    for path in listing.tables(folder) {
        if let Some(split) = split(folder_name(&path)) {
            tables.0.entry(split).or_default().push(path);
        }
    }
    for inside in listing.folders(folder) {
        let files = listing.tables(&inside);
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

/// What a reader of tables takes of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Taken {
    /// One table of no split.
    One(PathBuf),
    /// Those of each split in a folder, and the other folders that hold tables to train on.
    Splits(PathBuf, Tables, Vec<PathBuf>),
    /// Several tables that are called after no split to train on.
    Several(Vec<PathBuf>),
}

/// The tables of the first of `places` that trains and tests, or else of the first that trains; where none does, those that lie in
/// one of them or in its folder `data`.
///
/// # Errors
/// As [`in_folder`].
pub(crate) fn taken(listing: &dyn Listing, places: &[PathBuf]) -> Result<Option<Taken>> {
    let that_test = places.iter().map(|place| (place, in_folder(listing, place, "")));
    let that_only_train = places.iter().map(|place| (place, that_train(listing, place)));
    for (place, found) in that_test.chain(that_only_train) {
        if let Some((folder, tables)) = found? {
            let others = beside(listing, place, &tables);
            return Ok(Some(Taken::Splits(folder, tables, others)));
        }
    }
    let deeper = places.iter().flat_map(|place| [place.clone(), place.join("data")]);
    let all = deeper.map(|folder| listing.tables(&folder)).find(|found| !found.is_empty()).unwrap_or_default();
    Ok(match all.as_slice() {
        [] => None,
        [one] => Some(Taken::One(one.clone())),
        _ => Some(Taken::Several(all)),
    })
}

/// What is said of tables that no split is known of.
pub(crate) fn without_splits(tables: &[PathBuf]) -> String {
    let names: Vec<&str> = tables.iter().take(3).map(|file| folder_name(file)).collect();
    format!("holds {}, and not files to train and to test on by their names", names.join(", "))
}

/// The first folder that trains and tests, with its tables: the folder itself, or one in it, `preferred` before others.
///
/// # Errors
/// As [`in_one`], where nothing whole is there.
fn in_folder(listing: &dyn Listing, folder: &Path, preferred: &str) -> Result<Option<(PathBuf, Tables)>> {
    first(listing, folder, preferred, &|_, tables| tables.trains_and_tests())
}

/// The first folder that trains, with its tables: the folder itself, or one in it, where no table of no split lies beside them.
///
/// # Errors
/// As [`in_folder`].
fn that_train(listing: &dyn Listing, folder: &Path) -> Result<Option<(PathBuf, Tables)>> {
    let all_named = |folder: &Path| listing.tables(folder).iter().all(|file| split(folder_name(file)).is_some());
    first(listing, folder, "", &|folder, tables| !tables.of(Split::Train).is_empty() && all_named(folder))
}

/// The folders of tables that train beside `taken`, in `folder`: other configurations.
fn beside(listing: &dyn Listing, folder: &Path, taken: &Tables) -> Vec<PathBuf> {
    let all = std::iter::once(folder.to_path_buf()).chain(listing.folders(folder));
    let named = all.filter(|inside| inside == folder || split(folder_name(inside)).is_none());
    let trains = |inside: &PathBuf| in_one(listing, inside).is_ok_and(|tables| !tables.of(Split::Train).is_empty() && tables != *taken);
    named.filter(trains).collect()
}

fn first(
    listing: &dyn Listing,
    folder: &Path,
    preferred: &str,
    enough: &dyn Fn(&Path, &Tables) -> bool,
) -> Result<Option<(PathBuf, Tables)>> {
    let mut inside = listing.folders(folder);
    inside.sort_by_key(|path| {
        let name = folder_name(path);
        if name == preferred { (0, 0) } else { (1, FIRST.iter().position(|f| *f == name).unwrap_or(FIRST.len())) }
    });
    let mut torn = None;
    for folder in std::iter::once(folder.to_path_buf()).chain(inside) {
        match in_one(listing, &folder) {
            Ok(tables) if enough(&folder, &tables) => return Ok(Some((folder, tables))),
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
            in_folder(&Disk, &folder, preferred).map(|found| found.map(|(_, tables)| tables))
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
    let tables = in_one(&Disk, folder)?;
    if tables.trains_and_tests() {
        return Ok(Some(tables));
    }
    for inside in [preferred, "data", "default", "plain_text"] {
        let inside = folder.join(inside);
        if inside.is_dir() && !called_otherwise(&inside, name) {
            let tables = in_one(&Disk, &inside)?;
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
    let there = parquet::about(path)?;
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
    images(path, &parquet::about(path)?)
}

/// The column of images among those that are there: one of the usual names, or the only one that the Hub's feature `Image`
/// makes, whatever it is called (`jpg`, `pixel_values`).
fn images(path: &Path, there: &About) -> Result<String> {
    if let Some(known) = IMAGES.iter().find(|name| has(there, name)) {
        return Ok((*known).to_owned());
    }
    let structs = there.columns.iter().filter_map(|column| column.strip_suffix(".bytes"));
    let mut structs = structs.filter(|name| has(there, &format!("{name}.path")));
    match (structs.next(), structs.next()) {
        (Some(one), None) => Ok(format!("{one}.bytes")),
        _ => Err(lacking(path, "encoded images", &IMAGES, there, &format!("; {PIXELS}"))),
    }
}

fn has(there: &About, name: &str) -> bool {
    there.columns.iter().any(|column| column == name)
}

fn lacking(path: &Path, what: &str, names: &[&str], there: &About, way: &str) -> Error {
    Error::damaged(path.display(), format!("no column of {what} ({}); there are {}{way}", names.join(", "), there.listed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_column_of_images_has_a_usual_name_or_is_the_only_one_of_its_kind() {
        let of = |there: &[&str]| {
            let columns = there.iter().map(|name| (*name).to_owned()).collect();
            images(Path::new("x"), &About { columns, ..About::default() })
        };
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

    #[test]
    fn columns_of_lists_are_named_as_such() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/seeds/refused/list_image.parquet");
        let message = image_column(&file).unwrap_err().to_string();
        let names = IMAGES.join(", ");
        assert!(
            message.ends_with(&format!("no column of encoded images ({names}); there are image (list of bytes), label (int64); {PIXELS}"))
        );
    }
}
