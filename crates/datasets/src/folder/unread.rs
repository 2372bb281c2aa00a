//! Labels in files beside the images, which are not read: said where all images are one class, for a person may take them for read.

use std::{collections::BTreeSet, path::PathBuf};

use super::spelling::words;

/// Endings of files that hold labels where an image of their name stands beside them, or where their own name says so.
const PERHAPS: [&str; 2] = [".json", ".xml"];
/// Endings of tables; other files hold the label of one image, or arrays.
const TABLES: [&str; 5] = [".csv", ".tsv", ".txt", ".jsonl", ".parquet"];
/// Words of the names of files and folders of labels.
const LABELS: [&str; 11] =
    ["annotation", "annotations", "attributes", "caption", "captions", "class", "classes", "instances", "label", "labels", "metadata"];
/// The labels of StyleGAN's archives.
const STYLEGAN: &str = "dataset";

/// What is said of `files`, which may hold labels by their names, beside `images`.
pub(super) fn unread(files: &[String], images: &[(String, Option<PathBuf>)]) -> Option<String> {
    let stems: BTreeSet<&str> = if files.iter().any(|file| ends(file, &PERHAPS)) {
        images.iter().map(|(name, _)| parted(name).0).collect()
    } else {
        BTreeSet::new()
    };
    let of_labels = |file: &&str| !ends(file, &PERHAPS) || stems.contains(parted(file).0) || says_labels(file);
    let found: Vec<&str> = files.iter().map(String::as_str).filter(of_labels).collect();
    let (first, others) = found.split_first()?;
    let noun = if found.iter().all(|file| ends(file, &TABLES)) { "table" } else { "file" };
    let are = match others.len() {
        0 => "is".to_owned(),
        1 => format!("and 1 other {noun} are"),
        more => format!("and {more} other {noun}s are"),
    };
    Some(format!(
        "{first} {are} not read, and all images are one class; for classes, put the images of each into a folder of its own, or images and \
         labels into a parquet table (table:PATH) or arrays (arrays:PATH)"
    ))
}

/// A path without the ending of its file, and that ending with its dot.
fn parted(path: &str) -> (&str, &str) {
    path.rfind('.').and_then(|dot| path.split_at_checked(dot)).filter(|(_, ending)| !ending.contains('/')).unwrap_or((path, ""))
}

fn ends(path: &str, endings: &[&str]) -> bool {
    let (_, ending) = parted(path);
    endings.iter().any(|known| ending.eq_ignore_ascii_case(known))
}

/// Whether a file or a folder that it is in is called after labels: `annotations/instances_train2017.json`.
fn says_labels(path: &str) -> bool {
    let file = parted(path).0.rsplit('/').next().unwrap_or(path);
    file == STYLEGAN || path.split('/').any(|name| words(name).iter().any(|word| LABELS.contains(&word.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(files: &[&str], images: &[&str]) -> Option<String> {
        let files: Vec<String> = files.iter().map(|file| (*file).to_owned()).collect();
        let images: Vec<_> = images.iter().map(|name| ((*name).to_owned(), None)).collect();
        let said = unread(&files, &images)?;
        said.split_once(" not read, and all images are one class; for classes, ").map(|(files, _)| files.to_owned())
    }

    #[test]
    fn labels_of_each_image_and_lists_of_all_are_named_and_other_files_are_not() {
        let images = ["train/0.jpg", "train/1.jpg"];
        for (files, expected) in [
            (&["train/metadata.jsonl"][..], Some("train/metadata.jsonl is")),
            (&["a.csv", "b.jsonl", "c.parquet"], Some("a.csv and 2 other tables are")),
            (&["train/0.cls", "train/1.cls"], Some("train/0.cls and 1 other file are")),
            (&["train/0.json", "train/1.json", "train/2.json"], Some("train/0.json and 1 other file are")),
            (&["annotations/instances_train2017.json"], Some("annotations/instances_train2017.json is")),
            (&["train/_annotations.coco.json"], Some("train/_annotations.coco.json is")),
            (&["Annotations/0.xml", "imagelabels.mat"], Some("Annotations/0.xml and 1 other file are")),
            (&["dataset.json"], Some("dataset.json is")),
            (&["config.json", "dataset_infos.json", "0.json", "package.xml"], None),
            (&[], None),
        ] {
            assert_eq!(said(files, &images).as_deref(), expected, "{files:?}");
        }
        assert_eq!((parted("a.b/0"), parted("a.b/0.json")), (("a.b/0", ""), ("a.b/0", ".json")));
    }
}
