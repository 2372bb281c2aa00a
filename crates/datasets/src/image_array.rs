//! Images in an array of NumPy's: `[N, H, W]`, `[N, H, W, C]` or `[N, C, H, W]`, of one or three channels.
//!
//! uint8 is taken as it is. Other whole numbers and floats are taken where every value is exactly one of 256 levels:
//! whole numbers from 0 to 255, or floats in \[0, 1\] that are multiples of 1/255. Everything else is refused by name:
//! what its values mean nothing says.

use std::path::Path;

use vimae_core::ImageShape;

use crate::{
    Error, Result,
    array_file::{self, Array, LIMIT, Place},
};

/// What values of 0 and 1 alone are refused with.
const ZERO_AND_ONE: &str = "0 and 1 alone, of which nothing says how bright they are; save (array * 255).astype(\"uint8\")";
/// The fewest numbers in a row that may be pixels.
const ROW: usize = 8;
/// Numbers that are looked at, at once.
const PIECE: usize = 1 << 20;
/// How far from a multiple of 1/255 a float may be, in levels: what one division in single precision rounds away.
const ROUNDING: f64 = 1e-4;
/// The same of half precision, whose numbers below 1 stand up to 2^-11 apart.
const ROUNDING_HALF: f64 = 0.13;

/// An array of images in a `.npy`, `.npz` or idx file. Nothing but its header is in memory.
///
/// ```
/// # fn main() -> vimae_datasets::Result<()> {
/// # let dir = tempfile::tempdir().unwrap();
/// # let path = dir.path().join("samples.npy");
/// # let head = format!("{:117}\n", "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 1, 2, 3), }");
/// # let file = [b"\x93NUMPY\x01\x00\x76\x00", head.as_bytes(), &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]].concat();
/// # std::fs::write(&path, file).unwrap();
/// let images = vimae_datasets::ImageArray::open(&path)?;
/// assert_eq!((images.len(), images.shape().to_string()), (2, "1x2x3".to_owned()));
/// // A batch is [n, C, H, W]: the two red values of the first image come first.
/// images.batches(1, &mut |batch| {
///     println!("{batch:?}"); // [1, 4, 2, 5, 3, 6], then [7, 10, 8, 11, 9, 12]
///     Ok(())
/// })?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ImageArray {
    array: Array,
    count: usize,
    shape: ImageShape,
    channels_first: bool,
    levels: Levels,
}

/// How numbers become levels from 0 to 255.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Levels {
    /// They are.
    Bytes,
    /// They are, as whole numbers or floats.
    Whole,
    /// Times 255.
    Unit,
}

impl ImageArray {
    /// The images of a file that holds one array of images, beside others perhaps.
    ///
    /// # Errors
    /// [`Error::Damaged`] for another format, and where there is no such array or more than one, with all that there
    /// are; [`Error::Refused`] for values that are no levels; [`Error::Io`].
    pub fn open(path: &Path) -> Result<Self> {
        Self::only(&Place::Path(path.into()))
    }

    /// [`ImageArray::open`] of the array called `name`.
    ///
    /// # Errors
    /// As [`ImageArray::open`].
    pub fn named(path: &Path, name: &str) -> Result<Self> {
        let arrays = array_file::arrays(&Place::Path(path.into()))?;
        match arrays.iter().find(|a| a.name == name) {
            Some(array) => Self::of(array.clone()),
            None => Err(Error::damaged(path.display(), format!("holds no array {name:?}; there are: {}", listed(&arrays)))),
        }
    }

    /// Whether a file of that name holds arrays: `.npz`, or `.npy` or idx (`t10k-images-idx3-ubyte`), packed with gzip or not.
    pub fn is_file_of_arrays(path: &Path) -> bool {
        array_file::holds_arrays(path)
    }

    pub(crate) fn only(place: &Place) -> Result<Self> {
        let arrays = array_file::arrays(place)?;
        let images: Vec<&Array> = arrays.iter().filter(|a| may_be_images(a)).collect();
        match images.as_slice() {
            [array] => Self::of((*array).clone()),
            [first, ..] => {
                let problem = format!("holds {} arrays of images ({}); which one? FILE.npz:NAME", images.len(), listed(&arrays));
                Err(Error::damaged(outside(first), problem))
            }
            [] => {
                let file = arrays.first().map(outside).unwrap_or_default();
                let problem = format!(
                    "holds no array [N, H, W] or [N, H, W, C] of images, and no mu and sigma of features; there are: {}{}",
                    listed(&arrays),
                    flat(&arrays)
                );
                Err(Error::damaged(file, problem))
            }
        }
    }

    /// The images that `array` is.
    ///
    /// # Errors
    /// As [`ImageArray::open`].
    pub(crate) fn of(array: Array) -> Result<Self> {
        let (count, shape, channels_first) = layout(&array)?;
        array.width()?;
        let levels = if array.header.dtype.is_byte() { bytes(&array)? } else { levels(&array)? };
        Ok(Self { array, count, shape, channels_first, levels })
    }

    /// Its name in the file, or the file's without its ending.
    pub fn name(&self) -> &str {
        &self.array.name
    }

    /// How many images there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The shape of every image.
    pub fn shape(&self) -> ImageShape {
        self.shape
    }

    /// Calls `visit` with the levels of up to `size` images at once, `[n, C, H, W]`, in the order of the array. No more
    /// than these are in memory, but for an array in Fortran's order, whose images lie scattered.
    ///
    /// # Errors
    /// [`Error::Damaged`] for a file that ends early or goes on; whatever `visit` returns.
    pub fn batches(&self, size: usize, visit: &mut dyn FnMut(Vec<u8>) -> Result<()>) -> Result<()> {
        let (image, width) = (self.shape.len(), self.array.width()?);
        let mut whole = |bytes: &[u8]| {
            let levels: Vec<u8> = match self.levels {
                Levels::Bytes => bytes.to_vec(),
                Levels::Whole => bytes.chunks_exact(width).map(|b| self.array.header.dtype.number(b) as u8).collect(),
                Levels::Unit => bytes.chunks_exact(width).map(|b| (self.array.header.dtype.number(b) * 255.0).round() as u8).collect(),
            };
            visit(if self.channels_first || self.shape.channels == 1 { levels } else { self.planes(&levels) })
        };
        let size = size.max(1);
        if self.array.header.fortran {
            return self.array.bytes()?.chunks(size.saturating_mul(image * width)).try_for_each(whole);
        }
        self.array.pieces(size.saturating_mul(image), &mut |bytes| whole(&bytes))
    }

    /// All levels, `[N, C, H, W]`.
    ///
    /// # Errors
    /// As [`ImageArray::batches`]; [`Error::TooLarge`] beyond 16 GiB.
    pub fn read(&self) -> Result<Vec<u8>> {
        let size = self.count.checked_mul(self.shape.len()).map_or(0, |size| size as u64);
        if size > array_file::LIMIT {
            return Err(Error::TooLarge { file: self.array.file(), what: "an array", unit: "bytes", size, limit: array_file::LIMIT });
        }
        let mut all = Vec::new();
        self.batches((4 << 20) / self.shape.len().max(1), &mut |batch| {
            crate::stream::grow(&mut all, batch.len());
            all.extend_from_slice(&batch);
            Ok(())
        })?;
        Ok(all)
    }

    /// Channels first, image by image.
    fn planes(&self, levels: &[u8]) -> Vec<u8> {
        let channels = self.shape.channels;
        let mut out = Vec::with_capacity(levels.len());
        for image in levels.chunks_exact(self.shape.len()) {
            for channel in 0..channels {
                out.extend(image.iter().skip(channel).step_by(channels));
            }
        }
        out
    }
}

/// Whether an array has as many dimensions as images have.
pub(crate) fn may_be_images(array: &Array) -> bool {
    matches!(array.header.shape.len(), 3 | 4)
}

/// All arrays, in words.
pub(crate) fn listed(arrays: &[Array]) -> String {
    let words: Vec<String> = arrays.iter().take(20).map(Array::words).collect();
    if arrays.len() > 20 { format!("{} and {} more", words.join(", "), arrays.len() - 20) } else { words.join(", ") }
}

/// What to do where images lie in rows of pixels, or each in an array of its own; nothing where it is not that.
pub(crate) fn flat(arrays: &[Array]) -> &'static str {
    let rows = |array: &Array| matches!(array.header.shape.as_slice(), [_, pixels] if *pixels >= ROW);
    if arrays.iter().any(rows) {
        "; rows of pixels want their shape, array.reshape(-1, H, W) or (-1, C, H, W); images of one array each become one by numpy.stack"
    } else {
        ""
    }
}

/// The file that holds an array.
fn outside(array: &Array) -> String {
    array.file().trim_end_matches(&format!("!{}", array.name)).to_owned()
}

/// How many images of what shape an array holds, and whether channels come before rows.
fn layout(array: &Array) -> Result<(usize, ImageShape, bool)> {
    if array.header.count().is_none() {
        return Err(Error::damaged(array.file(), format!("{} are no array", array.header.words())));
    }
    let (count, shape, first) = match *array.header.shape.as_slice() {
        [_, _, channels @ 1..=4] => {
            let reason = format!("one image with {channels} channels, or many of {channels} columns; give [N, H, W] or [N, H, W, C]");
            return Err(array.refused(&reason));
        }
        [count, height, width] => (count, ImageShape { channels: 1, height, width }, true),
        [count, height, width, channels @ (1 | 3)] => (count, ImageShape { channels, height, width }, false),
        [count, channels @ (1 | 3), height, width] => (count, ImageShape { channels, height, width }, true),
        [_, _, _, 4] => return Err(array.refused("four channels; images have one or three: leave transparency out, array[..., :3]")),
        [_, 4, _, _] => return Err(array.refused("four channels; images have one or three: leave transparency out, array[:, :3]")),
        [_, _, _, channels] => {
            let way = "bring axes into that order by numpy.moveaxis";
            return Err(array.refused(&format!("{channels} channels; images have one or three, [N, H, W, C] or [N, C, H, W]: {way}")));
        }
        _ => return Err(array.refused("no images; those are [N, H, W] or [N, H, W, C]")),
    };
    if count == 0 || shape.is_empty() {
        return Err(array.refused("no images in it"));
    }
    Ok((count, shape, first))
}

/// How the numbers of an array become levels: all of them are looked at.
/// Bytes are levels, but where 0 and 1 are all that there is: nothing says how bright these are.
fn bytes(array: &Array) -> Result<Levels> {
    // What is too large is refused where it is read.
    if array.header.count().is_none_or(|count| count as u64 > LIMIT) {
        return Ok(Levels::Bytes);
    }
    let (mut highest, mut stop) = (0, false);
    let read = array.pieces(PIECE, &mut |bytes| {
        highest = highest.max(bytes.into_iter().max().unwrap_or(0));
        stop = highest > 1;
        // One look is enough for most.
        if stop { Err(Error::damaged("", "")) } else { Ok(()) }
    });
    match (stop, highest) {
        (true, _) => Ok(Levels::Bytes),
        (false, 1) => read.and_then(|()| Err(array.refused(ZERO_AND_ONE))),
        (false, _) => read.map(|()| Levels::Bytes),
    }
}

fn levels(array: &Array) -> Result<Levels> {
    let (dtype, width) = (&array.header.dtype, array.width()?);
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    let (mut whole, mut unit, mut number) = (true, true, true);
    let rounding = if width == 2 { ROUNDING_HALF } else { ROUNDING };
    array.pieces(PIECE, &mut |bytes| {
        for bytes in bytes.chunks_exact(width) {
            let value = dtype.number(bytes);
            number &= value.is_finite();
            (low, high) = (low.min(value), high.max(value));
            whole &= value.fract() == 0.0;
            unit &= (value * 255.0 - (value * 255.0).round()).abs() <= rounding;
        }
        Ok(())
    })?;
    let float = matches!(dtype.kind, crate::npy::Kind::Float(_));
    let between = format!("values from {low} to {high}");
    if !number {
        return Err(array.refused("a value that is no number"));
    }
    match (float, low >= 0.0 && high <= 1.0) {
        (true, true) if unit => Ok(Levels::Unit),
        (true, true) => {
            Err(array.refused(&format!("{between} that are no multiples of 1/255; round them: (array * 255).round().astype(\"uint8\")")))
        }
        (false, true) if high > 0.0 => Err(array.refused(ZERO_AND_ONE)),
        _ if low < 0.0 || high > 255.0 => {
            let way = match (low < 0.0, low >= -1.0 && high <= 1.0) {
                (true, true) => "(array * 127.5 + 127.5).round().astype(\"uint8\") of values from -1 to 1",
                (true, false) => "after what normalised them is undone",
                (false, _) => "(array // 256).astype(\"uint8\") of 16 bits",
            };
            Err(array.refused(&format!("{between}; levels are from 0 to 255: save uint8, {way}")))
        }
        _ if !whole => Err(array.refused(&format!("{between} that are no whole numbers; round them and save uint8"))),
        _ => Ok(Levels::Whole),
    }
}

#[cfg(test)]
#[path = "image_array_tests.rs"]
mod tests;
