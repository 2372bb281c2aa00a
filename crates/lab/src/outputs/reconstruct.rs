//! Images beside what a model makes of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use vimae_checkpoint::atomic;
use vimae_core::ImageShape;
use vimae_report::reconstruction_png;

use super::{
    input::{Images, Input},
    place::Out,
    sink::Sink,
};
use crate::{Model, Progress, Result, Shelf};

/// Images in a row of one PNG.
const COLUMNS: usize = 10;

/// Writes the images that the mean codes of images decode to: into a folder as PNG files under the same names, into one array
/// (`.npz`, `.npy`, `[N, H, W, C]` in bytes), or into one PNG, each original above its reconstruction. Gives what a reader should
/// know.
///
/// # Errors
/// As [`encode`](super::encode()).
pub fn reconstruct(model: &Model, images: &Images, out: Out<'_>, shelf: &mut Shelf, progress: &dyn Progress) -> Result<Vec<String>> {
    out.check()?;
    let input = Input::open(images, model, shelf)?;
    if out.ending() == "png" {
        pairs(model, &input, out.path, progress)?;
        return Ok(input.notes());
    }
    let mut sink = Sink::create(out, model.network().image_shape(), input.len(), COLUMNS)?;
    let files = if sink.is_folder() { file_names((0..input.len()).map(|place| input.name(place))) } else { Vec::new() };
    input.visit(model, "reconstructions", progress, &mut |places, _, batch| {
        for (place, bytes) in places.iter().zip(model.bytes(&model.reconstruct(batch)?)?) {
            sink.add(*place, files.get(*place).map_or("", String::as_str), bytes)?;
        }
        Ok(())
    })?;
    sink.finish()?;
    Ok(input.notes())
}

/// The names of images without their endings, in whose place another comes. Those that differ in it alone have their number behind,
/// as often as keeps them apart from all others.
fn file_names(names: impl Iterator<Item = String>) -> Vec<String> {
    let stems: Vec<String> = names.map(|name| Path::new(&name).with_extension("").to_string_lossy().into_owned()).collect();
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    stems.iter().for_each(|stem| *count.entry(stem).or_default() += 1);
    let is_alone = |stem: &str| count.get(stem) == Some(&1);
    let mut taken: BTreeSet<String> = stems.iter().filter(|stem| is_alone(stem)).cloned().collect();
    let named = |(place, stem): (usize, &String)| {
        let mut name = stem.clone();
        if !is_alone(stem) {
            name += &format!("-{place}");
            while !taken.insert(name.clone()) {
                name += &format!("-{place}");
            }
        }
        name
    };
    stems.iter().enumerate().map(named).collect()
}

/// One PNG: every original above its reconstruction.
fn pairs(model: &Model, input: &Input, path: &Path, progress: &dyn Progress) -> Result<()> {
    let mut all: BTreeMap<usize, (Vec<u8>, Vec<u8>)> = BTreeMap::new();
    input.visit(model, "reconstructions", progress, &mut |places, originals, batch| {
        let reconstructed = model.bytes(&model.reconstruct(batch)?)?;
        all.extend(places.iter().copied().zip(originals.iter().cloned().zip(reconstructed)));
        Ok(())
    })?;
    let (originals, reconstructions): (Vec<Vec<u8>>, Vec<Vec<u8>>) = all.into_values().unzip();
    let ImageShape { channels, height, width } = model.network().image_shape();
    let png = reconstruction_png(&originals.concat(), &reconstructions.concat(), (channels, height, width), COLUMNS, 1)?;
    Ok(atomic::write(path, &png)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_images_get_the_same_file() {
        let names = |names: &[&str]| file_names(names.iter().map(|name| (*name).to_owned()));
        assert_eq!(names(&["a.png", "b/a.png", "b/c.d.png", "00003"]), ["a", "b/a", "b/c.d", "00003"]);
        // Not neighbours, and with a number that is another's name.
        assert_eq!(
            names(&["a-1.png", "a.bmp", "a.png", "photo.bmp", "photo.large.png", "photo.png"]),
            ["a-1", "a-1-1", "a-2", "photo-3", "photo.large", "photo-5"]
        );
        assert_eq!(names(&["a-1-1.bmp", "a-1.bmp", "a.bmp", "a.png", "a-1.png"]), ["a-1-1", "a-1-1-1", "a-2", "a-3", "a-1-4"]);
        let all = names(&["x-1.bmp", "x-1.png", "x.bmp", "x.png", "x-1-1.bmp", "x-1-1.png"]);
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{all:?}");
    }
}
