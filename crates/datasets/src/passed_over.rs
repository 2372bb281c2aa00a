//! What a reader did not use, counted by kind: nothing is left out without a word.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::Path,
};

use serde::{Deserialize, Serialize};

use crate::{
    array_file,
    member::{self, Member},
};

/// Kinds that a line names one by one.
const NAMED: usize = 12;

/// Files and folders that were passed over, by kind.
///
/// Shown as `3 hidden, 2 .txt, 1 thumbnail folder`, the most frequent kind first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedOver {
    counts: BTreeMap<String, usize>,
    /// Folders that are counted already: all that is in one counts once.
    #[serde(skip)]
    folders: BTreeSet<String>,
    /// What reads such files, or makes images of them.
    #[serde(skip)]
    ways: BTreeSet<&'static str>,
}

impl PassedOver {
    /// Whether `name`, a path with `/` between folders, is an image; where not, it is counted.
    pub fn admits(&mut self, name: &str) -> bool {
        match Member::of(name) {
            Member::Image => return true,
            Member::File(kind) => {
                self.ways.extend(way(name));
                self.add(&kind, 1);
            }
            Member::Within(folder, kind) => self.folder(folder, kind),
        }
        false
    }

    /// Counts `count` of a kind: a noun in the singular.
    pub fn add(&mut self, kind: &str, count: usize) {
        if count > 0 {
            *self.counts.entry(kind.into()).or_default() += count;
        }
    }

    /// Counts a folder, once for each path.
    pub(crate) fn folder(&mut self, path: &str, kind: &str) {
        if self.folders.insert(path.into()) {
            self.add(kind, 1);
        }
    }

    /// Counts what `other` has counted.
    pub fn join(&mut self, other: &Self) {
        for (kind, count) in &other.counts {
            self.add(kind, *count);
        }
        self.ways.extend(&other.ways);
    }

    /// What a message adds where there is nothing but this: `; passed over: 3 .gif images, ...; convert ...`, or nothing.
    pub fn instead(&self) -> String {
        if self.is_empty() {
            return String::new();
        }
        let ways: String = self.ways.iter().map(|way| format!("; {way}")).collect();
        format!("; passed over: {self}{ways}")
    }

    /// Whether nothing was passed over.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Every kind with its number.
    pub fn counts(&self) -> impl Iterator<Item = (&str, usize)> {
        self.counts.iter().map(|(kind, count)| (kind.as_str(), *count))
    }
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut kinds: Vec<(&str, usize)> = self.counts().collect();
        kinds.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        let (named, rest) = kinds.split_at(NAMED.min(kinds.len()));
        let mut words: Vec<String> = named.iter().map(|(kind, count)| format!("{count} {}", plural(kind, *count))).collect();
        if !rest.is_empty() {
            words.push(format!("{} of {} other kinds", rest.iter().map(|(_, count)| count).sum::<usize>(), rest.len()));
        }
        f.write_str(&words.join(", "))
    }
}

/// What reads a file that is no image, by its name; none where nothing is known.
fn way(name: &str) -> Option<&'static str> {
    let file = name.rsplit('/').next().filter(|file| !file.starts_with('.'))?;
    // The names of idx files have no ending.
    member::way(file).or_else(|| array_file::holds_arrays(Path::new(file)).then_some(member::ARRAYS))
}

/// The noun of a kind in the plural, where there is more than one.
fn plural(kind: &str, count: usize) -> String {
    let nouns = ["image", "folder", "file", "link"];
    let mut words: Vec<String> = kind.split(' ').map(String::from).collect();
    // The first noun is what is counted: "image beside the class folders".
    if count != 1
        && let Some(noun) = words.iter_mut().find(|word| nouns.contains(&word.trim_end_matches(',')))
    {
        let comma = if noun.ends_with(',') { "," } else { "" };
        *noun = format!("{}s{comma}", noun.trim_end_matches(','));
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_counts_every_kind_and_a_folder_once() {
        let mut passed = PassedOver::default();
        let names = [
            "a/1.png",
            ".DS_Store",
            "a/._1.png",
            ".x",
            "n.txt",
            "m.TXT",
            "a/@eaDir/1.png",
            "a/@eaDir/2.png",
            "b/.git/x",
            "c/.git/y",
            "q.gif",
        ];
        let images: Vec<&str> = names.into_iter().filter(|name| passed.admits(name)).collect();
        assert_eq!(images, ["a/1.png"]);
        passed.add("image beside the class folders", 2);
        passed.add("link to a folder above it", 0);
        assert_eq!(
            passed.to_string(),
            "3 hidden, 2 .txt, 2 hidden folders, 2 images beside the class folders, 1 .gif image, a format that is not read, \
             1 thumbnail folder"
        );
        let convert = "; convert images of other formats to PNG (magick mogrify -format png FILES)";
        assert_eq!(passed.instead(), format!("; passed over: {passed}{convert}"));
        passed.admits("r.gif");
        assert!(passed.to_string().contains("2 .gif images, a format that is not read"), "{passed}");
    }

    #[test]
    fn many_kinds_are_shortened() {
        let mut passed = PassedOver::default();
        (0..20).for_each(|i| passed.add(&format!(".e{i:02}"), 2));
        assert!(passed.to_string().ends_with("2 .e11, 16 of 8 other kinds"), "{passed}");
        assert!(PassedOver::default().is_empty() && PassedOver::default().to_string().is_empty());
        assert_eq!(PassedOver::default().instead(), "");
    }

    #[test]
    fn what_reads_other_files_is_said() {
        for (name, way) in [
            ("train.zip", "unpack them, or name one"),
            ("a/b.tar.GZ", "unpack them, or name one"),
            ("x_train.npy", "arrays:PATH"),
            ("raw/train-images-idx3-ubyte", "arrays:PATH reads .npz, .npy and idx files"),
            ("t10k-labels-idx1-ubyte.gz", "arrays:PATH"),
            ("train_32x32.mat", "scipy.io.loadmat"),
            ("3dshapes.h5", "h5py"),
            ("stl10_binary/train_X.bin", "numpy.fromfile"),
            ("train.pkl", "numpy.savez"),
            ("church/data.mdb", "LMDB"),
            ("train-00000.parquet", "table:PATH"),
            ("a/b.HEIC", "magick mogrify"),
        ] {
            let mut passed = PassedOver::default();
            assert!(!passed.admits(name) && passed.instead().contains(way), "{name}: {}", passed.instead());
        }
        let mut passed = PassedOver::default();
        assert!(!passed.admits("a.txt") && !passed.admits(".x.gif") && !passed.admits(".npy"));
        assert!(passed.instead().ends_with("1 .txt"), "{}", passed.instead());
    }
}
