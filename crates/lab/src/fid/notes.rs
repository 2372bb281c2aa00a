//! What a reader should know beside the numbers of a comparison.

use vimae_metrics::{features::Features, fid::is_undetermined, images::Census};
use vimae_spec::Doubt;

use super::side::{Content, Side};

/// Notes on how many images there are. Of as few as `features` or fewer, the distance itself says it.
pub(super) fn counts(notes: &mut Vec<String>, real: &Side, generated: &Side, features: usize) {
    let (m, n) = (real.count(), generated.count());
    if m.into_iter().chain(n).min().is_some_and(|fewest| fewest < 10_000 && !is_undetermined(fewest, features)) {
        let images = |count: Option<usize>| count.map_or("an unknown number of".into(), |n| n.to_string());
        notes.push(format!("FID grows as images get fewer: compare it only with values of {} and {} images", images(n), images(m)));
    }
    if let (Some(m), Some(n)) = (m, n)
        && m != n
    {
        notes.push(format!("the sets have different sizes: {m} images in the reference, {n} generated"));
    }
}

/// A note on statistics that are saved of as few images as `features` or fewer: every distance to them will be doubtful.
pub(super) fn saved(notes: &mut Vec<String>, count: Option<usize>, features: usize) {
    if let Some(n) = count.filter(|n| is_undetermined(*n, features)) {
        notes.push(format!(
            "the saved covariance of {features} features is of {n} images and lacks its full rank; do not rely on a FID by it: {}",
            Doubt::Undetermined
        ));
    }
}

/// Notes on what a file of statistics lacks.
pub(super) fn statistics(notes: &mut Vec<String>, [real, generated]: [&Side; 2]) {
    if let (Content::Statistics(_), Content::Images(_)) = (&real.content, &generated.content) {
        notes.push("the standard error of the FID is over the generated images alone: the reference is a mean and a covariance".into());
    }
    for side in [real, generated] {
        let Content::Statistics(found) = &side.content else { continue };
        if found.origin.is_none() {
            notes.push(format!(
                "{} says neither how many images it was made of nor by which features and resizing: both are taken as given, and FID means \
                 something only if they are the same on both sides",
                side.place
            ));
        }
        notes.push(format!(
            "{} holds a mean and a covariance alone: KID, precision, recall, density and coverage need the features of every image, and are \
             not there",
            side.place
        ));
    }
}

/// Notes on images that are in a set twice or in both, and on grayscale ones; `sees`: the channels that the network sees.
pub(super) fn images(notes: &mut Vec<String>, real: &Side, generated: &Side, inception: bool, sees: Option<usize>) {
    let sides = [("reference", real), ("generated", generated)];
    let census = |side: &'_ Side| side.images().map(|set| set.images.census().clone());
    for (name, side) in sides {
        let Some(census) = census(side) else { continue };
        let (count, distinct) = (census.images().len(), census.distinct());
        if distinct < count {
            notes.push(format!("{name}: {distinct} of {count} images are distinct, the others are copies to the byte"));
        }
        let colours = count - census.grayscale();
        if sees == Some(1) && colours > 0 {
            notes.push(format!("{name}: {colours} of {count} images have colours; the classifier sees their brightness alone"));
        }
        let rgb = census.grayscale_as_rgb();
        if rgb > 0 && census.grayscale() == count {
            notes.push(format!(
                "{name}: {rgb} of {count} grayscale images are saved as RGB with three equal channels, and are read as one channel"
            ));
        }
    }
    if let (Some(a), Some(b)) = (real.images_sha256(), generated.images_sha256())
        && a == b
    {
        notes.push(SAME.into());
    }
    let (Some(a), Some(b)) = (census(real), census(generated)) else { return };
    let (shared, count) = (a.shared(&b), b.images().len());
    if shared > 0 && a.sha256() != b.sha256() {
        notes.push(format!("{shared} of {count} generated images are reference images, byte for byte: all numbers look better for it"));
    }
    let all = |census: &Census| census.grayscale() == census.images().len();
    if all(&a) != all(&b) {
        let (grey, colour) = if all(&a) { ("reference", "generated") } else { ("generated", "reference") };
        notes.push(format!("every {grey} image is grayscale, and {colour} ones have colours"));
    }
    if inception && (all(&a) || all(&b)) {
        notes.push("grayscale images: channels were repeated, and the number means little".into());
    }
}

const SAME: &str = "both sets are the same images (equal digests), so nothing is measured: FID is 0 by construction; precision, recall \
                    and coverage are 1; density counts every image in its own ball; KID falls below 0, since its unbiased estimate \
                    pairs an image with itself between the sets but not within one";

/// Whether features were found by the FID Inception network.
pub(super) fn by_inception(features: &Features) -> bool {
    features.source().network().starts_with("inception")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_of_no_more_images_than_features_are_saved_with_a_word() {
        let said = |count: Option<usize>| {
            let mut notes = Vec::new();
            saved(&mut notes, count, 64);
            notes
        };
        assert!(said(Some(65)).is_empty() && said(None).is_empty());
        for few in [20, 64] {
            let notes = said(Some(few));
            assert!(notes.len() == 1 && notes[0].contains(&format!("of {few} images and lacks its full rank")), "{notes:?}");
        }
    }
}
