//! Arrays of numbers in NumPy's `.npz` files, by name: statistics that other programs made, and ours for them.

use std::{
    io::{Cursor, Write},
    path::Path,
};

use crate::{
    Error, Result,
    array_file::{self, Place},
};

/// An array of numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Numbers {
    /// Its name in the file.
    pub name: String,
    /// Its sizes; none for a single number.
    pub shape: Vec<usize>,
    /// The numbers, the last index fastest.
    pub values: Vec<f64>,
}

/// The names of all arrays in a `.npy` or `.npz` file, and their shapes; only headers are read.
///
/// # Errors
/// [`Error::Damaged`], [`Error::TooLarge`], [`Error::Io`].
pub fn names(path: &Path) -> Result<Vec<(String, Vec<usize>)>> {
    let arrays = array_file::arrays(&Place::Path(path.into()))?;
    Ok(arrays.into_iter().map(|array| (array.name, array.header.shape)).collect())
}

/// The array called `name`; none where the file has no such.
///
/// # Errors
/// [`Error::Refused`] for what is not read as numbers; [`Error::TooLarge`] for more than `most` numbers, before any is
/// read; as [`names`].
pub fn read(path: &Path, name: &str, most: usize) -> Result<Option<Numbers>> {
    let arrays = array_file::arrays(&Place::Path(path.into()))?;
    let Some(array) = arrays.into_iter().find(|array| array.name == name) else { return Ok(None) };
    let size = array.header.count().map_or(u64::MAX, |n| n as u64);
    if size > most as u64 {
        return Err(Error::TooLarge { file: array.file(), what: "an array", unit: "numbers", size, limit: most as u64 });
    }
    Ok(Some(Numbers { values: array.numbers()?, name: array.name, shape: array.header.shape }))
}

/// What stands in an array that is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Values<'a> {
    /// `<f8`
    Floats(&'a [f64]),
    /// `<f4`
    Singles(&'a [f32]),
    /// `<U...`, as wide as the longest.
    Text(&'a [String]),
    /// `<i8`
    Whole(&'a [i64]),
    /// `|u1`
    Bytes(&'a [u8]),
}

impl Values<'_> {
    /// The dtype as NumPy writes it, bytes of one number, and all bytes.
    fn encode(&self) -> (String, usize, Vec<u8>) {
        match self {
            Self::Floats(values) => ("<f8".into(), 8, values.iter().flat_map(|v| v.to_le_bytes()).collect()),
            Self::Singles(values) => ("<f4".into(), 4, values.iter().flat_map(|v| v.to_le_bytes()).collect()),
            Self::Whole(values) => ("<i8".into(), 8, values.iter().flat_map(|v| v.to_le_bytes()).collect()),
            Self::Bytes(values) => ("|u1".into(), 1, values.to_vec()),
            Self::Text(values) => {
                // NumPy pads with zeros, four bytes a character.
                let longest = values.iter().map(|text| text.chars().count()).max().unwrap_or(0).max(1);
                let padded = values.iter().flat_map(|text| text.chars().map(u32::from).chain(std::iter::repeat(0)).take(longest));
                (format!("<U{longest}"), 4 * longest, padded.flat_map(u32::to_le_bytes).collect())
            }
        }
    }
}

/// The content of a `.npz` file with these arrays: name, shape and numbers, the last index fastest. The same bytes for
/// the same arrays.
///
/// # Errors
/// [`Error::Damaged`] where a shape does not fit its numbers.
pub fn to_npz(arrays: &[(&str, &[usize], Values<'_>)]) -> Result<Vec<u8>> {
    let wrong = |name: &str, problem: &dyn std::fmt::Display| Error::damaged(format!("array {name}"), problem);
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    // Stored, as `numpy.savez` does; no clock time, which would change the bytes.
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default());
    for (name, shape, values) in arrays {
        let (descr, width, bytes) = values.encode();
        if shape.iter().try_fold(width, |n: usize, size| n.checked_mul(*size)) != Some(bytes.len()) {
            return Err(wrong(name, &format!("{} bytes of {descr} for the shape {shape:?}", bytes.len())));
        }
        writer.start_file(format!("{name}.npy"), options).map_err(|e| wrong(name, &e))?;
        writer.write_all(&header(&descr, shape)).and_then(|()| writer.write_all(&bytes)).map_err(|e| wrong(name, &e))?;
    }
    Ok(writer.finish().map_err(|e| wrong("", &e))?.into_inner())
}

/// What stands before the numbers of an array, in version 1.0 of the format.
pub(crate) fn header(descr: &str, shape: &[usize]) -> Vec<u8> {
    let sizes: String = shape.iter().map(|n| format!("{n}, ")).collect();
    let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({}), }}", sizes.trim_end_matches(' '));
    // Magic, version and length are 10 bytes; numbers begin at a multiple of 64, after a line's end.
    let size = (10 + text.len() + 1).next_multiple_of(64) - 10;
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend_from_slice(&(size as u16).to_le_bytes());
    bytes.extend_from_slice(format!("{text:<width$}\n", width = size - 1).as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_what_is_not_there_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.npz");
        let (floats, many): (Vec<f64>, Vec<f64>) = (vec![0.1, -2.0, 1e-300, f64::MAX, 0.5, 3.0], (0..300).map(f64::from).collect());
        let content = to_npz(&[
            ("m", &[2, 3], Values::Floats(&floats)),
            ("n", &[], Values::Whole(&[-7])),
            ("text", &[3], Values::Bytes(b"abc")),
            ("many", &[300], Values::Floats(&many)),
        ])
        .unwrap();
        std::fs::write(&file, &content).unwrap();
        let read = |name: &str| read(&file, name, 300).unwrap().map(|n| (n.shape, n.values));
        assert_eq!(read("m"), Some((vec![2, 3], floats)));
        assert_eq!((read("n"), read("text")), (Some((vec![], vec![-7.0])), Some((vec![3], vec![97.0, 98.0, 99.0]))));
        assert_eq!((read("many"), read("o")), (Some((vec![300], many.clone())), None));
        assert_eq!(names(&file).unwrap().iter().map(|(n, s)| (n.as_str(), s.len())).collect::<Vec<_>>()[..2], [("m", 2), ("n", 0)]);
        assert!(super::read(&file, "many", 299).unwrap_err().to_string().contains("300 numbers, more than the limit of 299"));
        assert_eq!(
            to_npz(&[("many", &[300], Values::Floats(&many))]).unwrap(),
            to_npz(&[("many", &[300], Values::Floats(&many))]).unwrap()
        );
        assert!(to_npz(&[("m", &[2], Values::Floats(&[1.0]))]).is_err());
    }

    #[test]
    fn headers_are_as_numpy_writes_them() {
        let text = |shape: &[usize]| String::from_utf8_lossy(&header("<f8", shape)[10..]).into_owned();
        assert!(text(&[2, 3]).starts_with("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3,), }"));
        assert!(text(&[]).starts_with("{'descr': '<f8', 'fortran_order': False, 'shape': (), }"));
        assert!(header("<f8", &[5]).len() == 128 && text(&[5]).ends_with(" \n"));
    }
}
