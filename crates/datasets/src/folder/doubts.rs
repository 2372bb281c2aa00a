//! What class folders may be in place of classes: a note, since their names alone do not decide it.

use vimae_core::Split;

use super::{
    part::Part,
    spelling::{is_images, listed, words},
};

/// Words of folders that hold a part each of one lot of images.
const PARTS: [&str; 12] = ["batch", "batches", "chunk", "chunks", "fold", "folds", "part", "parts", "shard", "shards", "vol", "volume"];
/// The fewest digits of a name that numbers such a part, and what the number of images in each is a multiple of: FFHQ's and StyleGAN's
/// folders 00000, 01000, ... hold 1 000.
const DIGITS: usize = 4;
const ROUND: usize = 100;

/// What is said of the class folders that are trained on; `base` is the path of the folder that the parts are in.
pub(super) fn doubts(parts: &[Part], base: &str) -> Vec<String> {
    let trained = || parts.iter().filter(|part| part.split == Split::Train);
    let nested = trained().find_map(|part| nested(part, base));
    nested.into_iter().chain(trained().find_map(lot)).collect()
}

/// Folders in a class folder that holds nothing else, as of alphabets with characters in them.
fn nested(part: &Part, base: &str) -> Option<String> {
    let (class, (one, _)) = part.branch.folders().find_map(|(name, class)| {
        let mut inside = class.folders();
        let first = inside.next().filter(|_| class.direct == 0)?;
        inside.next().map(|_| (name, first))
    })?;
    let path = if part.name.is_empty() { base.to_owned() } else { format!("{base}{}", part.path()) };
    Some(format!(
        "\"{one}\" and others in the class folder \"{class}\" make no classes of their own: where they do, move them up, or name \
         the folder that they are in (folder:PATH/{path}{class})"
    ))
}

/// Class folders that are alike but for their numbers, and called after parts or images alone.
fn lot(part: &Part) -> Option<String> {
    let (names, counts): (Vec<&str>, Vec<usize>) = part.branch.folders().map(|(name, class)| (name, class.total)).unzip();
    let first = names.first().filter(|_| names.len() > 1)?;
    let meaning = words(first);
    let numbered = |name: &&str| name.bytes().any(|byte| byte.is_ascii_digit()) && words(name) == meaning;
    let parts = is_images(first) || meaning.iter().any(|word| PARTS.contains(&word.as_str()));
    let (last, whole) = counts.split_last()?;
    let number = |name: &&str| name.len() >= DIGITS && name.len() == first.len() && name.bytes().all(|byte| byte.is_ascii_digit());
    let filled = whole.first().is_some_and(|full| full % ROUND == 0 && last <= full && whole.iter().all(|count| count == full));
    let of_parts = parts && names.iter().all(numbered);
    (of_parts || (filled && names.iter().all(number))).then(|| {
        format!("the class folders {} may be parts of one class by their names: classes = \"none\" in [dataset] joins them", listed(&names))
    })
}

#[cfg(test)]
mod tests {
    use super::super::branch::Branch;
    use super::*;

    fn said(folders: &[(&str, usize)]) -> Vec<String> {
        let images: Vec<String> =
            folders.iter().flat_map(|(folder, count)| (0..*count).map(move |i| format!("{folder}/{i}.png"))).collect();
        let images: Vec<&str> = images.iter().map(String::as_str).collect();
        doubts(&[Part::whole(&Branch::of(&images, std::iter::empty()))], "top/")
    }

    #[test]
    fn folders_in_class_folders_are_said_to_make_no_classes() {
        let notes = said(&[("Greek/character01", 2), ("Greek/character02", 2), ("Latin/character01", 2)]);
        let expected = "\"character01\" and others in the class folder \"Greek\" make no classes of their own: where they do, move them \
                        up, or name the folder that they are in (folder:PATH/top/Greek)";
        assert_eq!(notes, [expected]);
        for folders in [&[("n01/images", 2), ("n02/images", 2)][..], &[("cat", 2), ("cat/old", 2), ("cat/new", 2), ("dog", 2)]] {
            assert_eq!(said(folders), [""; 0], "{folders:?}");
        }
    }

    #[test]
    fn folders_that_count_are_said_to_be_parts_perhaps() {
        for folders in [
            &[("00000", 100), ("01000", 100), ("02000", 30)][..],
            &[("HAM10000_images_part_1", 5), ("HAM10000_images_part_2", 3)],
            &[("images_001", 5), ("images_002", 3)],
            &[("fold1", 5), ("fold2", 5)],
        ] {
            let notes = said(folders);
            assert!(notes.len() == 1 && notes[0].contains("may be parts of one class by their names: classes = \"none\""), "{folders:?}");
        }
        for folders in [
            &[("0", 100), ("1", 100)][..],
            // Of a traffic sign each.
            &[("00000", 210), ("00001", 220), ("00002", 225)],
            &[("00000", 100)],
            &[("part", 5), ("whole", 5)],
            &[("person1", 5), ("person2", 5)],
        ] {
            assert_eq!(said(folders), [""; 0], "{folders:?}");
        }
    }
}
