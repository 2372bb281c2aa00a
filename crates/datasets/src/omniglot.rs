//! # Omniglot
//! Drawings of characters of many alphabets, Lake et al. 2015, read from the zip archives without unpacking them, or
//! from unpacked folders: the full pair (background and evaluation), or one or both small archives; as the repository
//! keeps them in `python`, where the archives of strokes beside them are passed over.
//!
//! **Shapes**: 28 x 28 x 1 in \[0, 1\], strokes bright: 105 x 105 resized by Lanczos and inverted. A class is a
//! character; each of its 20 drawings comes turned by 0, 90, 180 and 270 degrees: 80 images. **Split**
//! (docs/protocols.md): background alphabets train, evaluation alphabets test; without the evaluation archive the first
//! three fifths of the alphabets, by name, train.
//!
//! The small archives overlap: Latin and Greek, 50 characters, are in both with the same drawings. Characters count
//! once an archive by default (136 + 156 = 292), all of one alphabet on the same side of the split;
//! `repeats = "drop"` keeps the 242 distinct ones.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use vimae_core::{Entry, Group, ImageShape, PixelRange, Split, settings::Schema};

use crate::{
    BuildDataset, Card, Container, Error, Image, Opened, PassedOver, Request, Result,
    fewer::FewerOfFiles,
    gather::{Broken, Gather},
    member::Member,
    open::Parts,
    published,
    sources::{file_in, folder_name, subfolders},
    stack::Stack,
};

/// The entry of the catalogue.
pub const ENTRY: Entry<BuildDataset> = Entry {
    name: NAME,
    summary: "drawings of the characters of up to 50 alphabets; 28 x 28 grayscale",
    source: "Lake, Salakhutdinov, Tenenbaum 2015; images_background.zip and images_evaluation.zip, or the small archives",
    settings: Schema::of::<Drawings>,
    build: BuildDataset { card: include_str!("../cards/omniglot.toml"), find, open },
};

vimae_core::settings! {
    /// Which drawings are taken.
    struct Drawings {
        /// four: every drawing rotated by 0, 90, 180 and 270 degrees, same class
        rotations: Rotations = Rotations::Four;
        /// characters that occur in several archives: keep counts them once per archive, drop once
        repeats: Repeats = Repeats::Keep;
        #[serde(flatten)]
        fewer: FewerOfFiles = FewerOfFiles::default();
    }
}

vimae_core::settings! {
    enum Rotations { Four, None }
}

vimae_core::settings! {
    enum Repeats { Keep, Drop }
}

const NAME: &str = "omniglot";
const FULL: [&str; 2] = ["images_background", "images_evaluation"];
const SMALL: [&str; 2] = ["images_background_small1", "images_background_small2"];
const SIDE: usize = 28;
const SHAPE: ImageShape = ImageShape { channels: 1, height: SIDE, width: SIDE };

/// A drawing, in the order of the data set: by alphabet, archive, character and file.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Drawing {
    alphabet: String,
    archive: usize,
    character: String,
    file: String,
    bytes: Vec<u8>,
}

fn find(request: &Request) -> Option<Vec<PathBuf>> {
    request.sources.folders(NAME).into_iter().find_map(|folder| {
        let place = |name: &&str| {
            let unpacked = subfolders(&folder).into_iter().find(|p| folder_name(p).eq_ignore_ascii_case(name));
            file_in(&folder, &[&format!("{name}.zip")]).or(unpacked)
        };
        let full: Vec<PathBuf> = FULL.iter().filter_map(place).collect();
        let small = || SMALL.iter().filter_map(place).collect::<Vec<_>>();
        match full.len() {
            2 => Some(full),
            _ => Some(small()).filter(|s| !s.is_empty()).or_else(|| place(&FULL[0]).map(|p| vec![p])),
        }
    })
}

fn open(request: &Request) -> Result<Opened> {
    let card = Card::parse(ENTRY.build.card, "datasets/omniglot.toml")?;
    let files = find(request).ok_or_else(|| request.missing(NAME, &card))?;
    let mut drawings = Vec::new();
    let mut passed_over = PassedOver::default();
    let mut skipped = Vec::new();
    for (archive, path) in files.iter().enumerate() {
        published::check(&card, path)?;
        passed_over.join(&read((path, archive), request.sources.skip_broken, &mut drawings, &mut skipped)?);
    }
    drawings.sort();
    let settings: Drawings = request.settings.read()?;
    if settings.repeats == Repeats::Drop {
        drop_repeats(&mut drawings);
    }
    let tests = tested(&drawings, files.iter().any(|f| stem(f).eq_ignore_ascii_case(FULL[1])));
    let turn = settings.rotations == Rotations::Four;
    let mut characters = Vec::new();
    let mut splits = Vec::new();
    for split in [Split::Train, Split::Test] {
        let side: Vec<&Drawing> = drawings.iter().filter(|d| tests.contains(&(d.alphabet.as_str())) == (split == Split::Test)).collect();
        let (set, broken) = decode(&side, &mut characters, &files, request.sources.skip_broken)?;
        skipped.extend(broken);
        splits.push((split, if turn { rotated(&set) } else { set }));
    }
    let rule = format!("alphabets that test: {}", tests.into_iter().collect::<Vec<_>>().join(", "));
    let rule = crate::image::decoded(&rule);
    let class_names = characters.iter().map(|(alphabet, character)| format!("{alphabet}/{character}")).collect();
    let (range, classes, groups) = (PixelRange::Unit, characters.len(), alphabets(&characters));
    let parts = Parts { name: NAME, range, classes, class_names, groups, rule: &rule, splits, advice: "" };
    Ok(Opened { files, skipped, passed_over, ..Opened::of(request, parts)? })
}

/// A class: its alphabet and its character.
type Character = (String, String);

/// The alphabets of classes, which come alphabet by alphabet.
fn alphabets(characters: &[Character]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (class, (alphabet, _)) in (0..).zip(characters) {
        match groups.last_mut().filter(|group| group.name == *alphabet) {
            Some(group) => group.classes.end = class + 1,
            None => groups.push(Group { name: alphabet.clone(), classes: class..class + 1 }),
        }
    }
    groups
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Reads the drawings of an archive or folder, and gives what was passed over. Those that cannot be read are `skipped`.
fn read((path, archive): (&Path, usize), skip_broken: bool, drawings: &mut Vec<Drawing>, skipped: &mut Vec<Broken>) -> Result<PassedOver> {
    let container = Container::open(path)?;
    // A name may be asked for twice.
    let others = RefCell::new(BTreeSet::new());
    let drawing = |name: &str| {
        let is_drawing = Member::of(name) == Member::Image && name.to_ascii_lowercase().ends_with(".png");
        if !is_drawing {
            others.borrow_mut().insert(name.to_owned());
        }
        is_drawing
    };
    let before = drawings.len();
    container.read(&drawing, &mut |name, bytes| {
        let mut parts = name.rsplit('/').map(String::from);
        let (Some(file), Some(character), Some(alphabet)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Error::damaged(path.display(), format!("holds {name}, not Alphabet/character/drawing.png")));
        };
        match bytes {
            Ok(bytes) => drawings.push(Drawing { alphabet, archive, character, file, bytes }),
            Err(error) => skipped.push(Broken::of(format!("{}!{name}", path.display()), error, skip_broken)?),
        }
        Ok(())
    })?;
    if drawings.len() == before {
        return Err(Error::damaged(path.display(), "holds no drawings"));
    }
    let mut passed_over = PassedOver::default();
    for name in others.borrow().iter() {
        if passed_over.admits(name) {
            passed_over.add("image that is no PNG", 1);
        }
    }
    Ok(passed_over)
}

/// Leaves each character of an alphabet to the first archive that has it.
fn drop_repeats(drawings: &mut Vec<Drawing>) {
    let mut owner = BTreeMap::new();
    for drawing in drawings.iter() {
        owner.entry((drawing.alphabet.clone(), drawing.character.clone())).or_insert(drawing.archive);
    }
    drawings.retain(|d| owner.get(&(d.alphabet.clone(), d.character.clone())) == Some(&d.archive));
}

/// The alphabets that test: those of the evaluation archive, or the last two fifths.
fn tested(drawings: &[Drawing], evaluation: bool) -> BTreeSet<&str> {
    if evaluation {
        return drawings.iter().filter(|d| d.archive == 1).map(|d| d.alphabet.as_str()).collect();
    }
    let alphabets: BTreeSet<&str> = drawings.iter().map(|d| d.alphabet.as_str()).collect();
    let train = (alphabets.len() * 3 + 2) / 5;
    alphabets.into_iter().skip(train).collect()
}

/// The drawings of one side of the split; `classes` gets theirs.
fn decode(drawings: &[&Drawing], classes: &mut Vec<Character>, files: &[PathBuf], skip_broken: bool) -> Result<(Stack, Vec<Broken>)> {
    let mut last = None;
    let mut labelled = Vec::with_capacity(drawings.len());
    for drawing in drawings {
        let character = (&drawing.alphabet, drawing.archive, &drawing.character);
        if last.replace(character) != Some(character) {
            classes.push((drawing.alphabet.clone(), drawing.character.clone()));
        }
        labelled.push((drawing.bytes.as_slice(), classes.len() as u32 - 1));
    }
    let mut gather = Gather::new(SHAPE, drawings.len(), skip_broken, &prepare);
    gather.add(&labelled, &|i| match drawings.get(i) {
        Some(Drawing { alphabet, archive, character, file, .. }) => {
            let path = files.get(*archive).map(|p| p.display().to_string()).unwrap_or_default();
            format!("{path}!{alphabet}/{character}/{file}")
        }
        None => String::new(),
    })?;
    Ok(gather.finish())
}

/// A drawing as networks see it: 28 x 28 by Lanczos, strokes bright.
///
/// # Errors
/// As [`Image::resize`].
pub fn prepare(drawing: Image) -> Result<Image> {
    let small = drawing.with_channels(1).resize(SIDE, SIDE)?;
    Image::new(SIDE, SIDE, 1, small.bytes().iter().map(|v| 255 - v).collect())
}

/// Every image turned counter-clockwise by 0, 90, 180 and 270 degrees, one after another.
fn rotated(set: &Stack) -> Stack {
    let mut pixels = Vec::with_capacity(4 * set.pixels.len());
    for image in set.pixels.chunks_exact(SIDE * SIDE) {
        let mut turned = image.to_vec();
        for _ in 0..4 {
            pixels.extend_from_slice(&turned);
            turned = (0..SIDE).flat_map(|row| turned.iter().skip(SIDE - 1 - row).step_by(SIDE).copied().collect::<Vec<_>>()).collect();
        }
    }
    Stack { shape: SHAPE, pixels, labels: set.labels.iter().flat_map(|&l| [l; 4]).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotations_are_counter_clockwise() {
        let image: Vec<u8> = (0..SIDE * SIDE).map(|i| (i % 251) as u8).collect();
        let turned = rotated(&Stack { shape: SHAPE, pixels: image.clone(), labels: vec![7] });
        assert_eq!(turned.labels, [7; 4]);
        let at = |turn: usize, row: usize, column: usize| turned.pixels[(turn * SIDE + row) * SIDE + column];
        // The top right corner goes to the top left, then to the bottom left, then to the bottom right.
        let corner = image[SIDE - 1];
        assert_eq!([at(0, 0, 27), at(1, 0, 0), at(2, 27, 0), at(3, 27, 27)], [corner; 4]);
        assert_eq!(turned.pixels[..SIDE * SIDE], image);
    }

    #[test]
    fn classes_belong_to_alphabets() {
        let characters = [("Greek", "1"), ("Greek", "2"), ("Latin", "2")].map(|(alphabet, character)| (alphabet.into(), character.into()));
        let groups = alphabets(&characters);
        assert_eq!(groups.iter().map(|g| (g.name.as_str(), g.classes.clone())).collect::<Vec<_>>(), [("Greek", 0..2), ("Latin", 2..3)]);
    }

    #[test]
    fn three_fifths_of_the_alphabets_train_unless_there_is_an_evaluation_archive() {
        let drawing = |alphabet: &str, archive| Drawing {
            alphabet: alphabet.into(),
            archive,
            character: "1".into(),
            file: "f".into(),
            bytes: vec![],
        };
        let drawings: Vec<Drawing> = ["a", "b", "c", "d", "e"].iter().map(|a| drawing(a, usize::from(*a == "a"))).collect();
        assert_eq!(tested(&drawings, false).into_iter().collect::<Vec<_>>(), ["d", "e"]);
        assert_eq!(tested(&drawings, true).into_iter().collect::<Vec<_>>(), ["a"]);
    }
}
