//! Files that several tests make.

use std::{
    fs::{self, File},
    io::{Cursor, Write},
    path::Path,
};

use serde_json::{Map, Value};
use vimae_core::{Dataset, Split};
use vimae_datasets::{Sources, open};

/// The name and content of a file.
pub(crate) type Member = (String, Vec<u8>);

/// A valid file of `tests/seeds`.
pub(crate) fn seed(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/seeds").join(name)).unwrap()
}

/// A square grayscale PNG of one brightness.
pub(crate) fn png(side: u32, value: u8) -> Vec<u8> {
    png_of(side, side, value)
}

/// A grayscale PNG of one brightness.
pub(crate) fn png_of(width: u32, height: u32, value: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&vec![value; (width * height) as usize]).unwrap();
    writer.finish().unwrap();
    bytes
}

pub(crate) fn unpack(dir: &Path, members: &[Member]) {
    for (name, bytes) in members {
        fs::create_dir_all(dir.join(name).parent().unwrap()).unwrap();
        fs::write(dir.join(name), bytes).unwrap();
    }
}

pub(crate) fn zip(path: &Path, members: &[Member]) {
    let mut writer = zip::ZipWriter::new(File::create(path).unwrap());
    for (name, bytes) in members {
        writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap();
}

pub(crate) fn tar(path: &Path, members: &[Member]) {
    packed(File::create(path).unwrap(), members);
}

pub(crate) fn tar_gz(path: &Path, members: &[Member]) {
    let packer = flate2::write::GzEncoder::new(File::create(path).unwrap(), flate2::Compression::fast());
    packed(packer, members).finish().unwrap();
}

/// Bytes packed with gzip.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn packed<W: Write>(out: W, members: &[Member]) -> W {
    let mut builder = tar::Builder::new(out);
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        builder.append_data(&mut header, name, Cursor::new(bytes)).unwrap();
    }
    builder.into_inner().unwrap()
}

/// A table of settings.
pub(crate) fn settings(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// Images of training, validation and test; 0 where a split is not there.
pub(crate) fn counts(dataset: &dyn Dataset) -> [usize; 3] {
    [Split::Train, Split::Validation, Split::Test].map(|split| dataset.split(split).map_or(0, |set| set.len()))
}

/// What is wrong with a data set in a folder, which must be refused.
pub(crate) fn problem(name: &str, dir: &Path) -> String {
    open(name, &Map::new(), &Sources::in_dir(dir)).err().unwrap().to_string()
}

/// Writes a file with the folders above it.
pub(crate) fn put(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// A `.npy` file of bytes.
pub(crate) fn npy(shape: &[usize], numbers: &[u8]) -> Vec<u8> {
    typed("|u1", shape, numbers)
}

/// A `.npy` file of that dtype.
pub(crate) fn typed(descr: &str, shape: &[usize], numbers: &[u8]) -> Vec<u8> {
    let sizes: String = shape.iter().map(|n| format!("{n}, ")).collect();
    let head = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({sizes}), }}\n");
    [b"\x93NUMPY\x01\x00", &(head.len() as u16).to_le_bytes()[..], head.as_bytes(), numbers].concat()
}

/// A `.npz` file of these arrays, packed or not.
pub(crate) fn npz(path: &Path, packed: bool, arrays: &[(&str, Vec<u8>)]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let method = if packed { zip::CompressionMethod::Deflated } else { zip::CompressionMethod::Stored };
    let mut writer = zip::ZipWriter::new(File::create(path).unwrap());
    for (name, bytes) in arrays {
        writer.start_file(format!("{name}.npy"), zip::write::SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap();
}
