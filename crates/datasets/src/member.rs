//! What a member of a folder or archive is, by its name: an image, or something that is passed over.
//!
//! Files and folders that programs make for themselves (file managers, notebooks, version control, network drives) are
//! no data, whatever they hold: a thumbnail is an image of another size, `._x.jpg` no image at all.

/// Endings of image files that are read, in lower case: PNG, JPEG, WebP, BMP and TIFF.
pub const IMAGE_ENDINGS: [&str; 10] = ["png", "jpg", "jpeg", "jpe", "jfif", "webp", "bmp", "dib", "tif", "tiff"];
/// The formats of [`IMAGE_ENDINGS`], for messages.
pub const FORMATS: &str = "PNG, JPEG, WebP, BMP or TIFF";

/// Endings of images in formats that are not read: said in other words than a text file.
const UNREAD: [&str; 24] = [
    "gif", "heic", "heif", "avif", "jxl", "jp2", "j2k", "jpx", "ppm", "pgm", "pbm", "pnm", "svg", "ico", "psd", "exr", "hdr", "tga", "dng",
    "cr2", "nef", "arw", "raw", "apng",
];
/// Endings of archives, which may hold images.
const PACKED: [&str; 9] = [".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst", ".7z", ".rar"];
/// What reads files of arrays.
pub(crate) const ARRAYS: &str = "arrays:PATH reads .npz, .npy and idx files";
/// What reads other files, or makes of them what is read, by their endings.
const WAYS: [(&[&str], &str); 9] = [
    (&PACKED, "archives in it are not looked into: unpack them, or name one (folder:PATH/ARCHIVE)"),
    (&[".arrow"], "of the library datasets, dataset.to_parquet(FILE) writes what table:PATH reads"),
    (&[".npy", ".npz"], ARRAYS),
    (&[".parquet"], "table:PATH reads parquet files"),
    (&[".mat"], "arrays:PATH reads the arrays of .mat files (scipy.io.loadmat) once numpy.savez has saved them"),
    (&[".h5", ".hdf5"], "arrays:PATH reads the arrays of HDF5 files (h5py) once numpy.savez has saved them"),
    (&[".pkl", ".pickle", ".pt", ".pth"], "arrays:PATH reads the arrays of pickles once numpy.savez has saved them"),
    (&[".bin"], "arrays:PATH reads raw bytes once numpy.save has saved numpy.fromfile(FILE, \"uint8\").reshape(-1, C, H, W)"),
    (
        &[".tfrecord", ".tfrecords", ".mdb", ".lmdb"],
        "databases of images (TFRecord, LMDB) are not read: write their images to files, or to a parquet table (table:PATH)",
    ),
];
/// Folders of thumbnails, in lower case: of file managers, and of network drives by Synology.
const THUMBNAILS: [&str; 7] = [".thumbnails", ".thumbs", "@eadir", "thumbnails", "thumbs", "_thumbnails", "_thumbs"];
/// Folders of operating systems and programs, in lower case.
const SYSTEM: [&str; 9] =
    ["__macosx", "__pycache__", "lost+found", "$recycle.bin", "recycler", "system volume information", "#recycle", "#snapshot", "@tmp"];

/// Endings of files that may hold labels: tables, and those of one image each (WebDataset's `.cls`).
const LABELS: [&str; 9] = [".csv", ".tsv", ".txt", ".jsonl", ".parquet", ".json", ".xml", ".cls", ".mat"];
/// How texts begin that are about the data and hold no labels, in lower case.
const ABOUT: [&str; 5] = ["readme", "licen", "copying", "notes", "requirements"];

/// What a member is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Member<'a> {
    /// A file that is read as an image.
    Image,
    /// A file that is passed over, and its kind.
    File(String),
    /// In a folder that is passed over as a whole: that folder's path, and its kind.
    Within(&'a str, &'static str),
}

impl<'a> Member<'a> {
    /// What the member `name` is, a path with `/` between folders.
    pub fn of(name: &'a str) -> Self {
        let mut start = 0;
        while let Some(length) = name.get(start..).and_then(|rest| rest.find('/')) {
            let end = start + length;
            if let (Some(folder), Some(path)) = (name.get(start..end), name.get(..end))
                && let Some(kind) = passed_folder(folder)
            {
                return Self::Within(path, kind);
            }
            start = end + 1;
        }
        file(name.get(start..).unwrap_or(name))
    }

    /// Whether it is read as an image.
    pub fn is_image(&self) -> bool {
        *self == Self::Image
    }
}

/// The kind of a folder that is passed over with all that is in it; none where it is read.
pub fn passed_folder(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    if THUMBNAILS.contains(&lower.as_str()) {
        Some("thumbnail folder")
    } else if lower.starts_with('.') && lower != "." {
        Some("hidden folder")
    } else {
        SYSTEM.contains(&lower.as_str()).then_some("system folder")
    }
}

/// What reads a file that is passed over, or makes it an image, by its name; none where nothing is known.
pub(crate) fn way(name: &str) -> Option<&'static str> {
    let file = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    let (_, ending) = file.rsplit_once('.').filter(|_| !file.starts_with('.'))?;
    if UNREAD.contains(&ending) {
        return Some("convert images of other formats to PNG (magick mogrify -format png FILES)");
    }
    WAYS.iter().find(|(endings, _)| endings.iter().any(|ending| file.ends_with(ending))).map(|(_, way)| *way)
}

/// Whether a member may hold labels, by its name.
pub(crate) fn may_label(name: &str) -> bool {
    let about = || ABOUT.iter().any(|about| name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase().starts_with(about));
    matches!(Member::of(name), Member::File(kind) if LABELS.contains(&kind.as_str())) && !about()
}

fn file(name: &str) -> Member<'static> {
    let lower = name.to_ascii_lowercase();
    if lower.starts_with('.') {
        return Member::File("hidden".into());
    }
    if ["thumbs.db", "ehthumbs.db", "ehthumbs_vista.db"].contains(&lower.as_str()) {
        return Member::File("thumbnail file".into());
    }
    match lower.rsplit_once('.').map(|(_, ending)| ending) {
        Some(ending) if IMAGE_ENDINGS.contains(&ending) => Member::Image,
        Some(ending) if UNREAD.contains(&ending) => Member::File(format!(".{ending} image, a format that is not read")),
        // What follows the last dot of a sentence is no ending.
        Some(ending) if (1..=12).contains(&ending.len()) && !ending.contains(' ') => Member::File(format!(".{ending}")),
        _ => Member::File("file without an ending".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_known_by_their_endings_in_any_case() {
        for name in
            ["a.png", "a/B.JPG", "a/b/c.JPEG", "x.jpe", "x.JFIF", "x.webp", "x.bmp", "x.dib", "x.tif", "x.TIFF", "a.b.png", "./x.png"]
        {
            assert!(Member::of(name).is_image(), "{name}");
        }
        for name in ["png", "a.png.txt", "x.jpg~", "a/.x.png", "._x.jpg", "x.gif", "x.npy", "", "a/"] {
            assert!(!Member::of(name).is_image(), "{name}");
        }
    }

    #[test]
    fn what_programs_leave_behind_is_passed_over_by_kind() {
        for (name, folder, kind) in [
            (".ipynb_checkpoints/x.png", ".ipynb_checkpoints", "hidden folder"),
            ("cat/.thumbnails/x.png", "cat/.thumbnails", "thumbnail folder"),
            ("@eaDir/cat/x.jpg", "@eaDir", "thumbnail folder"),
            ("a/Thumbnails/x.jpg", "a/Thumbnails", "thumbnail folder"),
            ("__MACOSX/cat/._x.jpg", "__MACOSX", "system folder"),
            ("a/$RECYCLE.BIN/x.jpg", "a/$RECYCLE.BIN", "system folder"),
            ("lost+found/x.jpg", "lost+found", "system folder"),
            (".git/objects/x.png", ".git", "hidden folder"),
        ] {
            assert_eq!(Member::of(name), Member::Within(folder, kind), "{name}");
        }
        for (name, kind) in [
            ("a/._x.jpg", "hidden"),
            (".DS_Store", "hidden"),
            ("a/Thumbs.db", "thumbnail file"),
            ("labels.CSV", ".csv"),
            ("README", "file without an ending"),
            ("x.GIF", ".gif image, a format that is not read"),
            ("Read me. Please", "file without an ending"),
        ] {
            assert_eq!(Member::of(name), Member::File(kind.into()), "{name}");
        }
        assert!(["labels.csv", "a/Labels.CSV", "list_attr.txt", "metadata.jsonl", "0.cls", "0.JSON"].iter().all(|name| may_label(name)));
        assert!(
            !["labels.csv.png", "a/.labels.csv", ".git/labels.csv", "csv", "a/README.txt", "License.txt"]
                .iter()
                .any(|name| may_label(name))
        );
    }
}
