//! # Arrays of images
//! `arrays:PATH`: a `.npz`, `.npy` or idx file, or a folder of them, as NumPy saves them, Keras and MedMNIST publish them, and
//! torchvision keeps FashionMNIST and KMNIST.
//!
//! Arrays `[N, H, W]` or `[N, H, W, C]` are images, those of one dimension (or `[N, 1]`) and as many numbers their classes; what else
//! there is is passed over. **Shapes**: as they are, one or three channels. **Split**: where their names say `train` and `test`
//! (and perhaps `val`), those: `x_train`, `y_train`, `test_images`; otherwise every tenth image of a class tests.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use vimae_core::{Entry, PixelRange, Split, settings::Schema};

use crate::{
    BuildDataset, Error, ImageArray, Opened, Request, Result,
    array_file::{self, Array, Place},
    fewer::Fewer,
    image_array::{flat, listed, may_be_images},
    stack::Stack,
};

/// The entry of the catalogue.
pub const ENTRY: Entry<BuildDataset> = Entry {
    name: NAME,
    summary: "arrays:PATH, your own .npz, .npy or idx file or a folder of them; [N, H, W] or [N, H, W, C]",
    source: "the author's own",
    settings: Schema::of::<Pixels>,
    build: BuildDataset { card: include_str!("../cards/arrays.toml"), find, open },
};

vimae_core::settings! {
    /// How pixels are read.
    struct Pixels {
        /// pixels in [-1, 1] or [0, 1]
        range: PixelRange = PixelRange::Symmetric;
        #[serde(flatten)]
        fewer: Fewer = Fewer::default();
    }
}

const NAME: &str = "arrays";
/// Of so many images of a class, one tests.
const TENTH: usize = 10;
/// The most classes: a label beyond is a mistake.
const CLASSES: f64 = 65_536.0;
/// The brightest level of images that may be of fewer levels than 256: of six bits, and of scikit-learn's digits, 0 to 16.
const DARK: u8 = 63;
/// What to do with several arrays of images of one split, or of none.
const SEVERAL: &str = "leave one out, join them (numpy.concatenate, or numpy.stack of one image each), or call them after splits \
                       (x_train, x_val, x_test)";

fn find(request: &Request) -> Option<Vec<PathBuf>> {
    let path = request.place()?;
    if path.is_dir() { Some(files(&path).ok()?).filter(|f| !f.is_empty()) } else { path.is_file().then(|| vec![path]) }
}

/// Whether a name begins with a dot, as what macOS leaves beside a file does.
fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

/// The files of arrays in a folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|e| Error::io(folder.display(), e))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|e| e.path()).filter(|p| array_file::holds_arrays(p) && !is_hidden(p)).collect();
    // torchvision leaves what it unpacked beside what it unpacked it to.
    let packed = |path: &Path| path.extension().is_some_and(|end| end.eq_ignore_ascii_case("gz"));
    files.retain(|path| !(packed(path) && path.with_extension("").is_file()));
    files.sort();
    Ok(files)
}

fn open(request: &Request) -> Result<Opened> {
    let (Some(name), Some(place)) = (request.path, request.place()) else {
        return Err(Error::damaged(NAME, "say which: arrays:PATH"));
    };
    let wrong = || match place.exists() {
        true => "is neither a .npz, .npy or idx file nor a folder of them; folders in it are not looked into".to_owned(),
        false => request.absent("; name a .npz, .npy or idx file, or a folder of them"),
    };
    let path = place.display().to_string();
    let files = find(request).ok_or_else(|| Error::damaged(&path, wrong()))?;
    let mut there = Vec::new();
    for file in &files {
        let mut arrays = array_file::arrays(&Place::Path(file.clone()))?;
        // In a folder, a file's name says what its arrays are: `train-images.npy`, `train-images.npz` with `arr_0`.
        if files.len() > 1 {
            let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let alone = arrays.len() == 1;
            for array in &mut arrays {
                array.name = if alone { stem.clone() } else { format!("{stem}/{}", array.name) };
            }
        }
        there.extend(arrays);
    }
    let roles = Roles::of(&path, &there)?;
    let mut notes = Vec::new();
    if !roles.rest.is_empty() {
        notes.push(format!("passed over as neither images nor classes: {}", roles.rest.join(", ")));
    }
    let mut sets: BTreeMap<Option<Split>, Stack> = BTreeMap::new();
    for (split, (images, labels)) in roles.splits {
        sets.insert(split, stack(images, labels)?);
    }
    let brightest = sets.values().filter_map(|set| set.pixels.iter().max()).max();
    if let Some(level) = brightest.filter(|level| (1..=DARK).contains(*level)) {
        let way = format!("save (array * (255 / {level})).round().astype(\"uint8\") of images with {level} as white");
        notes.push(format!("no pixel is above {level} of 255, which is dark: {way}"));
    }
    let Pixels { range, .. } = request.settings.read()?;
    let (rule, splits) = divided(&path, sets)?;
    let classes = splits.iter().flat_map(|(_, set)| &set.labels).max().map_or(1, |&l| l as usize + 1);
    let opened = Opened::new(request, &format!("{NAME}:{name}"), range, classes, rule, splits, (files, Vec::new()))?;
    Ok(Opened { notes, ..opened })
}

/// What the arrays are, by their shapes and names.
struct Roles<'a> {
    splits: BTreeMap<Option<Split>, (&'a Array, Option<&'a Array>)>,
    rest: Vec<String>,
}

impl<'a> Roles<'a> {
    fn of(path: &str, arrays: &'a [Array]) -> Result<Self> {
        let (mut images, mut labels, mut others) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        let twice = |what: &str, split: Option<Split>, a: &Array, b: &Array| {
            let split = split.map_or(String::new(), |s| format!(" to {s}"));
            let way = if may_be_images(a) { SEVERAL } else { "leave one out" };
            Error::damaged(path, format!("holds two arrays of {what}{split}: {} and {}; {way}", a.words(), b.words()))
        };
        let count = |array: &Array| array.header.shape.first().copied();
        let sets: BTreeMap<_, _> =
            arrays.iter().filter(|array| may_be_images(array)).map(|array| (split(&array.name), count(array))).collect();
        // By its name an array of another length is a mistake, and one of a split without images too.
        let may_be_classes = |array: &Array| {
            let of_each = sets.get(&split(&array.name)).is_none_or(|images| *images == count(array));
            array.header.dtype.width().is_some() && (of_each || names_classes(&array.name))
        };
        for array in arrays {
            let split = split(&array.name);
            let (what, kind) = match array.header.shape.as_slice() {
                _ if may_be_images(array) => ("images", &mut images),
                [_] | [_, 1] if may_be_classes(array) => ("classes", &mut labels),
                [_, each] if *each > 1 && names_classes(&array.name) => {
                    let way = "of rows with a one, save array.argmax(axis=1); leave out what is more than one class an image";
                    return Err(array.refused(&format!("its name says classes; those are one number an image, [N] or [N, 1]: {way}")));
                }
                _ => {
                    others.push(array);
                    continue;
                }
            };
            if let Some(other) = kind.insert(split, array) {
                return Err(twice(what, split, other, array));
            }
        }
        if images.is_empty() {
            let problem = format!("holds no array [N, H, W] or [N, H, W, C] of images; there are: {}{}", listed(arrays), flat(arrays));
            return Err(Error::damaged(path, problem));
        }
        if let Some(array) = images.get(&None).filter(|_| images.len() > 1) {
            let way = "say train, val or test in its name (x_train), or leave it out";
            return Err(Error::damaged(path, format!("holds images of no split beside others: {}; {way}", array.words())));
        }
        let mut splits = BTreeMap::new();
        for (split, array) in &images {
            splits.insert(*split, (*array, labels.remove(split)));
        }
        for (part, (images, _)) in splits.iter().filter(|(_, (_, labels))| labels.is_none()) {
            refuse_words(*part, images, &others)?;
        }
        let labelled = splits.values().filter(|(_, labels)| labels.is_some()).count();
        if let Some(alone) = labels.values().next().filter(|_| labelled > 0 || images.len() > 1) {
            return Err(Error::damaged(path, format!("holds the classes {} without images of that split", alone.words())));
        }
        let rest = others.iter().copied().chain(labels.into_values()).map(Array::words).collect();
        if let Some((array, _)) = splits.values().find(|(_, labels)| labels.is_none()).filter(|_| labelled > 0) {
            return Err(Error::damaged(path, format!("holds the images {} without classes, others with", array.words())));
        }
        Ok(Self { splits, rest })
    }
}

/// Refuses classes of `images` that are no numbers: passed over, they would leave one class, and nobody would see it.
fn refuse_words(part: Option<Split>, images: &Array, others: &[&Array]) -> Result<()> {
    let count = images.header.shape.first();
    let of_each = |array: &Array| matches!(array.header.shape.as_slice(), [n] | [n, 1] if Some(n) == count);
    match others.iter().find(|array| split(&array.name) == part && names_classes(&array.name) && of_each(array)) {
        Some(array) => {
            let way = "save numpy.unique(array, return_inverse=True)[1], of all splits at once, or leave it out";
            Err(array.refused(&format!("its name says classes; those are whole numbers: {way}")))
        }
        None => Ok(()),
    }
}

/// The split that the name of an array says.
fn split(name: &str) -> Option<Split> {
    let text = name.to_ascii_lowercase();
    let words = || text.split(|c: char| !c.is_ascii_alphanumeric());
    if text.contains("train") {
        Some(Split::Train)
    } else if text.contains("test") || text.contains("t10k") {
        Some(Split::Test)
    } else if text.contains("valid") || words().any(|w| matches!(w, "val" | "dev" | "xval" | "yval" | "valx" | "valy")) {
        Some(Split::Validation)
    } else {
        None
    }
}

fn names_classes(name: &str) -> bool {
    let text = name.to_ascii_lowercase();
    text.contains("label") || text.contains("target") || text.split(|c: char| !c.is_ascii_alphanumeric()).any(|w| w == "y")
}

/// Images with their classes; all of class 0 without.
///
/// # Errors
/// As [`ImageArray::open`]; [`Error::Damaged`] where there are not as many classes as images, or no whole numbers.
pub(crate) fn stack(images: &Array, labels: Option<&Array>) -> Result<Stack> {
    let images = ImageArray::of(images.clone())?;
    let labels = match labels {
        None => vec![0; images.len()],
        Some(array) => {
            let class = |&n: &f64| (n.fract() == 0.0 && (0.0..CLASSES).contains(&n)).then_some(n as u32);
            let classes: Option<Vec<u32>> = array.numbers()?.iter().map(class).collect();
            let classes = classes.ok_or_else(|| array.refused("classes are whole numbers from 0 to 65 535"))?;
            if classes.len() != images.len() {
                return Err(Error::damaged(
                    array.file(),
                    format!("has {} labels for the {} images of {}", classes.len(), images.len(), images.name()),
                ));
            }
            classes
        }
    };
    Ok(Stack { shape: images.shape(), pixels: images.read()?, labels })
}

/// The splits by their names, or by the rule for one set; and the rule in words.
///
/// # Errors
/// [`Error::Damaged`] for sets without one to train or to test on, and for classes that are not trained on.
pub(crate) fn divided(path: &str, mut sets: BTreeMap<Option<Split>, Stack>) -> Result<(&'static str, Vec<(Split, Stack)>)> {
    if sets.len() == 1 {
        let Some((_, all)) = sets.pop_first() else { return Ok(("", Vec::new())) };
        let (train, test) = tenth_apart(path, &all)?;
        return Ok(("every tenth of a class, in order, tests", vec![(Split::Train, train), (Split::Test, test)]));
    }
    let (Some(train), Some(test)) = (sets.get(&Some(Split::Train)), sets.get(&Some(Split::Test))) else {
        let names: Vec<String> = sets.keys().map(|s| s.map_or("no split".into(), |s| s.to_string())).collect();
        let way = if sets.contains_key(&Some(Split::Test)) { "" } else { ": call those to test on test (x_test)" };
        return Err(Error::damaged(path, format!("holds images of {}; one set, or train and test, are wanted{way}", names.join(", "))));
    };
    if let Some((_, all)) = sets.first_key_value().filter(|(split, _)| split.is_none()) {
        return Err(Error::damaged(path, format!("holds {} images of no split beside those to train and to test", all.len())));
    }
    if test.shape != train.shape {
        return Err(Error::damaged(path, format!("holds images of {} to train and of {} to test", train.shape, test.shape)));
    }
    let trained: std::collections::BTreeSet<u32> = train.labels.iter().copied().collect();
    for (split, set) in &sets {
        if let (Some(split), Some(label)) = (split, set.labels.iter().find(|l| !trained.contains(l))) {
            return Err(Error::damaged(path, format!("class {label} is in {split} and not in train")));
        }
    }
    let splits = sets.into_iter().filter_map(|(split, set)| Some((split?, set))).collect();
    Ok(("by name", splits))
}

/// The images but every tenth of each class, and these.
///
/// # Errors
/// [`Error::Damaged`] where no class has ten.
pub(crate) fn tenth_apart(path: &str, all: &Stack) -> Result<(Stack, Stack)> {
    let (test, train) = tenths(&all.labels);
    if test.is_empty() {
        let problem = format!("holds {} images and no split: of {TENTH} of a class, one tests", all.len());
        return Err(Error::damaged(path, problem));
    }
    Ok((all.select(&train)?, all.select(&test)?))
}

/// The places of every tenth image of each class, and of the others.
fn tenths(labels: &[u32]) -> (Vec<usize>, Vec<usize>) {
    let mut seen = BTreeMap::new();
    (0..labels.len()).partition(|&i| {
        let count: &mut usize = seen.entry(labels.get(i)).or_default();
        *count += 1;
        count.is_multiple_of(TENTH)
    })
}
