//! Images on their way out: a folder of PNG files, an array, or one PNG with all of them.

use std::collections::BTreeMap;

use vimae_checkpoint::atomic;
use vimae_core::ImageShape;
use vimae_datasets::{ArrayWriter, Element};
use vimae_report::{grid_png, image_png};

use super::place::{Out, WholeFolder};
use crate::Result;

/// Where images go, in their order, whatever order they come in.
pub(super) struct Sink<'a> {
    out: Out<'a>,
    shape: ImageShape,
    columns: usize,
    target: Target,
    /// The place of the next image.
    next: usize,
    /// Images that came before their turn.
    early: BTreeMap<usize, Vec<u8>>,
}

enum Target {
    /// Files by name.
    Folder(WholeFolder),
    Array(ArrayWriter),
    /// All bytes, for one PNG.
    Grid(Vec<u8>),
}

impl<'a> Sink<'a> {
    /// Begins with `count` images of `shape`; in one PNG, `columns` of them stand in a row.
    ///
    /// # Errors
    /// [`Error::Exists`](crate::Error::Exists); [`Error::Output`](crate::Error::Output) for an ending that names no such
    /// file, and where nothing can be written.
    pub(super) fn create(out: Out<'a>, shape: ImageShape, count: usize, columns: usize) -> Result<Self> {
        out.check()?;
        if count == 0 {
            return Err(out.wrong("no images to write"));
        }
        let target = match out.ending().as_str() {
            "npz" | "npy" => {
                let sizes = [count, shape.height, shape.width, shape.channels];
                Target::Array(ArrayWriter::create(out.path, "images", Element::Byte, &sizes)?)
            }
            "png" => Target::Grid(Vec::with_capacity(count * shape.len())),
            "" => Target::Folder(WholeFolder::create(&out)?),
            _ => return Err(out.wrong("what it ends in names no kind of output; give a folder, FILE.npz, FILE.npy or FILE.png")),
        };
        Ok(Self { out, shape, columns, target, next: 0, early: BTreeMap::new() })
    }

    /// Whether names of images matter.
    pub(super) fn is_folder(&self) -> bool {
        matches!(self.target, Target::Folder(_))
    }

    /// Takes the image at `place`, `[C, H, W]` in bytes, under `name` in a folder.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(super) fn add(&mut self, place: usize, name: &str, bytes: Vec<u8>) -> Result<()> {
        if let Target::Folder(folder) = &self.target {
            let ImageShape { channels, height, width } = self.shape;
            let origin = concat!("vimae ", env!("CARGO_PKG_VERSION"));
            return folder
                .write(&format!("{name}.png"), &image_png(&bytes, (channels, height, width), &format!("{origin}, image {name}"))?);
        }
        self.early.insert(place, bytes);
        while let Some(bytes) = self.early.remove(&self.next) {
            self.next += 1;
            match &mut self.target {
                Target::Array(array) => array.write(&channels_last(&bytes, self.shape))?,
                Target::Grid(all) => all.extend(bytes),
                Target::Folder(_) => {}
            }
        }
        Ok(())
    }

    /// Gives what was written its name.
    ///
    /// # Errors
    /// Where that cannot be done, or images are missing.
    pub(super) fn finish(self) -> Result<()> {
        match self.target {
            Target::Folder(folder) => folder.finish(),
            Target::Array(array) => Ok(array.finish()?),
            Target::Grid(bytes) => {
                let ImageShape { channels, height, width } = self.shape;
                Ok(atomic::write(self.out.path, &grid_png(&bytes, (channels, height, width), self.columns, 1, 1)?)?)
            }
        }
    }
}

/// `[C, H, W]` to `[H, W, C]`.
fn channels_last(bytes: &[u8], shape: ImageShape) -> Vec<u8> {
    let size = shape.height * shape.width;
    (0..size).flat_map(|at| (0..shape.channels).filter_map(move |channel| bytes.get(channel * size + at).copied())).collect()
}

#[cfg(test)]
mod tests {
    use vimae_datasets::ImageArray;

    use super::*;
    use crate::Error;

    const SHAPE: ImageShape = ImageShape { channels: 3, height: 1, width: 2 };

    #[test]
    fn images_stand_in_their_order_whatever_order_they_come_in() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npz");
        let mut sink = Sink::create(Out { path: &path, overwrite: false }, SHAPE, 3, 2).unwrap();
        for place in [2, 0, 1_u8] {
            sink.add(place.into(), "", vec![place, 10 + place, 20, 30, 40, 50]).unwrap();
        }
        sink.finish().unwrap();
        let array = ImageArray::open(&path).unwrap();
        assert_eq!((array.len(), array.shape()), (3, SHAPE));
        assert_eq!(array.read().unwrap().chunks(6).map(|image| image[0]).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(array.read().unwrap()[..6], [0, 10, 20, 30, 40, 50], "read back channels first");
    }

    #[test]
    fn missing_images_and_unknown_endings_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        let mut sink = Sink::create(Out { path: &path, overwrite: false }, SHAPE, 2, 2).unwrap();
        sink.add(1, "", vec![0; 6]).unwrap();
        assert!(sink.finish().is_err() && !path.exists());
        let path = folder.path().join("x.gif");
        let refused = Sink::create(Out { path: &path, overwrite: false }, SHAPE, 2, 2);
        assert!(matches!(refused, Err(Error::Output { path: named, .. }) if named == path));
    }
}
