//! Images beside what a model makes of them.

use std::{collections::BTreeMap, path::Path};

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
    input.visit(model, "reconstructions", progress, &mut |places, _, batch| {
        for (place, bytes) in places.iter().zip(model.bytes(&model.reconstruct(batch)?)?) {
            // In a folder the ending becomes another; two names that differ in it alone stay apart by their numbers.
            let name = if sink.is_folder() { file_name(&input, *place) } else { String::new() };
            sink.add(*place, &name, bytes)?;
        }
        Ok(())
    })?;
    sink.finish()?;
    Ok(input.notes())
}

/// The name of an image without its ending, with its number behind where another image has the same.
fn file_name(input: &Input, place: usize) -> String {
    let stem = |name: &str| Path::new(name).with_extension("").to_string_lossy().into_owned();
    let own = stem(&input.name(place));
    let neighbours = [place.checked_sub(1), place.checked_add(1).filter(|next| *next < input.len())];
    // Names are in order, so that those that differ in their endings alone are neighbours.
    let twice = neighbours.into_iter().flatten().any(|other| stem(&input.name(other)) == own);
    if twice { format!("{own}-{place}") } else { own }
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
