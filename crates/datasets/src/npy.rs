//! NumPy's `.npy` format: a header in Python's notation, then numbers; nothing of it is ever evaluated. And the idx format
//! of MNIST and of those who followed it: a type, sizes, numbers.
//!
//! <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>, versions 1.0 to 3.0.

use std::io::Read;

use crate::{Error, Result, foreign, stream};

/// The most bytes of a header: NumPy itself reads 10 000 without being asked.
const HEADER: usize = 1 << 16;
/// The most dimensions (NumPy's own limit).
const DIMENSIONS: usize = 64;

/// What the numbers of an array are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Whole numbers from 0, of so many bytes.
    Unsigned(usize),
    /// Whole numbers, of so many bytes.
    Signed(usize),
    /// Floating point numbers of 2, 4 or 8 bytes.
    Float(usize),
    /// What is not read as numbers here: text, records, objects (which are pickles), booleans, complex numbers.
    Other,
}

/// How the numbers of an array are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dtype {
    /// As NumPy writes it: `|u1`, `<f4`.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    big_endian: bool,
}

impl Dtype {
    /// The dtype that NumPy calls `name`.
    pub(crate) fn parse(name: &str) -> Self {
        let (order, rest) = match name.as_bytes() {
            [order @ (b'<' | b'>' | b'|' | b'='), ..] => (*order, name.get(1..).unwrap_or_default()),
            _ => (b'<', name),
        };
        let width = rest.get(1..).and_then(|w| w.parse::<usize>().ok()).unwrap_or(0);
        let kind = match (rest.as_bytes().first(), width) {
            (Some(b'u'), 1 | 2 | 4 | 8) => Kind::Unsigned(width),
            (Some(b'i'), 1 | 2 | 4 | 8) => Kind::Signed(width),
            (Some(b'f'), 2 | 4 | 8) => Kind::Float(width),
            _ => Kind::Other,
        };
        Self { name: name.into(), kind, big_endian: order == b'>' }
    }

    /// The same numbers in the byte order that NumPy calls `order`.
    pub(crate) fn with_order(&self, order: &str) -> Self {
        Self { name: format!("{order}{}", self.name.trim_start_matches(['<', '>', '|', '='])), big_endian: order == ">", ..self.clone() }
    }

    /// Bytes of one number; none for what is not read as numbers.
    pub(crate) fn width(&self) -> Option<usize> {
        match self.kind {
            Kind::Unsigned(width) | Kind::Signed(width) | Kind::Float(width) => Some(width),
            Kind::Other => None,
        }
    }

    /// Whether every number is one byte from 0 to 255, to be taken as it is.
    pub(crate) fn is_byte(&self) -> bool {
        self.kind == Kind::Unsigned(1)
    }

    /// The number that is written as `bytes`: exact below 2^53, which is all that is asked of labels and pixels.
    pub(crate) fn number(&self, bytes: &[u8]) -> f64 {
        let mut word = [0; 8];
        let little = bytes.iter().copied();
        let fill = |word: &mut [u8; 8], bytes: &mut dyn Iterator<Item = u8>| word.iter_mut().zip(bytes).for_each(|(w, b)| *w = b);
        if self.big_endian {
            fill(&mut word, &mut little.rev())
        } else {
            fill(&mut word, &mut little.clone())
        }
        let bits = u64::from_le_bytes(word);
        match self.kind {
            Kind::Unsigned(_) => bits as f64,
            Kind::Signed(width) => {
                let unused = 64 - 8 * width as u32;
                ((bits << unused) as i64 >> unused) as f64
            }
            Kind::Float(2) => half(bits as u16),
            Kind::Float(4) => f32::from_bits(bits as u32).into(),
            Kind::Float(_) => f64::from_bits(bits),
            Kind::Other => f64::NAN,
        }
    }
}

/// A number of IEEE 754's binary16.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023) / 1024.0);
    sign * match exponent {
        0 => fraction * 2_f64.powi(-14),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction) * 2_f64.powi(exponent - 15),
    }
}

/// What stands before the numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) dtype: Dtype,
    /// Whether the first index moves fastest.
    pub(crate) fortran: bool,
    pub(crate) shape: Vec<usize>,
}

impl Header {
    /// Reads what stands before the numbers.
    ///
    /// # Errors
    /// [`Error::Damaged`] for another format.
    pub(crate) fn read(reader: &mut impl Read, file: &str) -> Result<Self> {
        let wrong = |problem: String| Error::damaged(file, format!("no .npy array: {problem}"));
        let mut start = Vec::new();
        reader.take(8).read_to_end(&mut start).map_err(|e| Error::damaged(file, e))?;
        if start.len() < 8 {
            let cut = || format!("is no .npz, .npy or idx file, or cut off: it ends after {} bytes", start.len());
            let other = foreign::whole(&start).filter(|_| !start.starts_with(b"\x93NUMPY"));
            return Err(Error::damaged(file, other.map_or_else(cut, String::from)));
        }
        if let Some(&[0, 0, kind, dimensions, a, b, c, d]) = start.first_chunk::<8>()
            && let Some(dtype) = idx_type(kind).filter(|_| (1..=DIMENSIONS).contains(&usize::from(dimensions)))
        {
            let (first, more) = ([a, b, c, d], stream::exactly(reader, 4 * (usize::from(dimensions) - 1), file)?);
            let sizes = std::iter::once(&first).chain(more.as_chunks::<4>().0);
            let shape = sizes.map(|size| u32::from_be_bytes(*size) as usize).collect();
            return Ok(Self { dtype: Dtype::parse(dtype), fortran: false, shape });
        }
        let Some(&[0x93, b'N', b'U', b'M', b'P', b'Y', version, _]) = start.first_chunk::<8>() else {
            let raw = "of raw bytes, numpy.save of numpy.fromfile(FILE, \"uint8\").reshape(-1, C, H, W) writes what is read";
            let unknown = || wrong(format!("begins with {:?}; {raw}", String::from_utf8_lossy(&start)));
            let mut more = start.clone();
            // What cannot be read says no more.
            let _ = reader.take(foreign::START as u64).read_to_end(&mut more);
            return Err(foreign::described(&more).map_or_else(unknown, |what| Error::damaged(file, what)));
        };
        let size = match version {
            1 => stream::exactly(reader, 2, file)?.iter().rev().fold(0, |n, &b| n << 8 | usize::from(b)),
            2 | 3 => stream::exactly(reader, 4, file)?.iter().rev().fold(0, |n, &b| n << 8 | usize::from(b)),
            _ => return Err(wrong(format!("version {version}; 1 to 3 are known"))),
        };
        if size > HEADER {
            return Err(wrong(format!("a header of {size} bytes, more than {HEADER}")));
        }
        let text = stream::exactly(reader, size, file)?;
        let text = String::from_utf8_lossy(&text);
        Self::parse(&text).map_err(|problem| wrong(format!("{problem} in its header {:?}", text.trim())))
    }

    fn parse(text: &str) -> std::result::Result<Self, String> {
        let (mut dtype, mut fortran, mut shape) = (None, None, None);
        let mut rest = text.trim().strip_prefix('{').ok_or("no dictionary")?.trim_start();
        while !rest.starts_with('}') {
            let (key, value) = quoted(rest)?;
            let value = value.trim_start().strip_prefix(':').ok_or("no colon")?.trim_start();
            rest = match key {
                "descr" => {
                    let (found, rest) = descr(value)?;
                    dtype = Some(Dtype::parse(found));
                    rest
                }
                "fortran_order" => {
                    let (word, rest) = if let Some(rest) = value.strip_prefix("True") {
                        (true, rest)
                    } else {
                        (false, value.strip_prefix("False").ok_or("an order that is neither True nor False")?)
                    };
                    fortran = Some(word);
                    rest
                }
                "shape" => {
                    let (inside, rest) = value.strip_prefix('(').and_then(|v| v.split_once(')')).ok_or("no shape")?;
                    let sizes = inside.split(',').map(|n| n.trim().trim_end_matches('L')).filter(|n| !n.is_empty());
                    let sizes: Vec<usize> =
                        sizes.map(|n| n.parse().map_err(|_| format!("a size of {n:?}"))).collect::<std::result::Result<_, _>>()?;
                    if sizes.len() > DIMENSIONS {
                        return Err(format!("{} dimensions", sizes.len()));
                    }
                    shape = Some(sizes);
                    rest
                }
                _ => return Err(format!("an unknown entry {key:?}")),
            };
            rest = rest.trim_start();
            rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
        }
        let (Some(dtype), Some(fortran), Some(shape)) = (dtype, fortran, shape) else {
            return Err("one of descr, fortran_order and shape is lacking".into());
        };
        Ok(Self { dtype, fortran, shape })
    }

    /// How many numbers there are; none where that is no number that a computer can hold.
    pub(crate) fn count(&self) -> Option<usize> {
        self.shape.iter().try_fold(1_usize, |count, &n| count.checked_mul(n))
    }

    /// The array in words: `images: uint8 [20, 28, 28]` without the name.
    pub(crate) fn words(&self) -> String {
        let sizes: Vec<String> = self.shape.iter().map(usize::to_string).collect();
        format!("{} [{}]", self.dtype.name, sizes.join(", "))
    }
}

/// What NumPy calls the numbers that the third byte of an idx file says; all are big-endian.
fn idx_type(kind: u8) -> Option<&'static str> {
    Some(match kind {
        0x08 => "|u1",
        0x09 => "|i1",
        0x0b => ">i2",
        0x0c => ">i4",
        0x0d => ">f4",
        0x0e => ">f8",
        _ => return None,
    })
}

/// The text in quotes that `text` begins with, and what follows.
fn quoted(text: &str) -> std::result::Result<(&str, &str), String> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"')).ok_or("no text in quotes")?;
    text.get(1..).and_then(|t| t.split_once(quote)).ok_or_else(|| "a text without an end".into())
}

/// A dtype, or the list that stands for records.
fn descr(text: &str) -> std::result::Result<(&str, &str), String> {
    if !text.starts_with('[') {
        return quoted(text);
    }
    let mut depth = 0_usize;
    for (at, letter) in text.char_indices() {
        match letter {
            '[' | '(' => depth += 1,
            ']' | ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Ok(("records", text.get(at + 1..).unwrap_or_default()));
        }
    }
    Err("records without an end".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> std::result::Result<Header, String> {
        Header::parse(text)
    }

    #[test]
    fn headers_of_every_numpy_are_read() {
        let header = parse("{'descr': '|u1', 'fortran_order': False, 'shape': (20, 28, 28, 1), }   \n").unwrap();
        assert_eq!((header.shape.as_slice(), header.fortran, header.dtype.is_byte()), (&[20, 28, 28, 1][..], false, true));
        // Python 2 wrote long numbers so, and other writers their entries in another order.
        let header = parse("{\"shape\": (5L,), 'fortran_order': True, 'descr': '>i8'}").unwrap();
        assert_eq!((header.shape, header.fortran, header.dtype.kind), (vec![5], true, Kind::Signed(8)));
        let header = parse("{'descr': [('a', '<f4'), ('b', 'u1', (2, 2))], 'fortran_order': False, 'shape': ()}").unwrap();
        assert_eq!((header.count(), header.dtype.kind), (Some(1), Kind::Other));
        for (text, problem) in [
            ("", "no dictionary"),
            ("{'descr': '|u1'}", "one of descr, fortran_order and shape is lacking"),
            ("{'descr': '|u1', 'fortran_order': 0", "an order that is neither True nor False"),
            ("{'shape': (1, -2)}", "a size of \"-2\""),
            ("{'descr': __import__('os')}", "no text in quotes"),
            ("{'other': 1}", "an unknown entry \"other\""),
            ("{'descr': [((", "records without an end"),
        ] {
            assert_eq!(parse(text).unwrap_err(), problem, "{text}");
        }
    }

    #[test]
    fn idx_files_say_type_and_sizes() {
        let read = |mut bytes: &[u8]| Header::read(&mut bytes, "file");
        let header = read(&[0, 0, 0x0d, 3, 0, 0, 0xea, 0x60, 0, 0, 0, 28, 0, 0, 0, 27, 9]).unwrap();
        assert_eq!((header.words().as_str(), header.fortran), (">f4 [60000, 28, 27]", false));
        assert_eq!(read(&[0, 0, 8, 1, 0, 0, 0, 7]).unwrap().words(), "|u1 [7]");
        // Cut short, of no dimension, of too many, of another type.
        for bytes in [&[0, 0, 8, 3, 0, 0, 0, 7][..], &[0, 0, 8, 0, 0, 0, 0, 7], &[0, 0, 8, 65, 0, 0, 0, 7], &[0, 0, 7, 1, 0, 0, 0, 7]] {
            assert!(matches!(read(bytes), Err(Error::Damaged { .. })), "{bytes:?}");
        }
    }

    #[test]
    fn numbers_are_read_in_either_order_of_bytes() {
        let number = |name: &str, bytes: &[u8]| Dtype::parse(name).number(bytes);
        assert_eq!(number("|u1", &[200]), 200.0);
        assert_eq!(number("|i1", &[0xff]), -1.0);
        assert_eq!((number("<i8", &(-5_i64).to_le_bytes()), number(">i8", &(-5_i64).to_be_bytes())), (-5.0, -5.0));
        assert_eq!((number("<u2", &[1, 2]), number(">u2", &[1, 2])), (513.0, 258.0));
        assert_eq!((number("<f4", &0.5_f32.to_le_bytes()), number(">f8", &0.1_f64.to_be_bytes())), (0.5, 0.1));
        // One, the least and the largest number of binary16, and what is none.
        assert_eq!((number("<f2", &[0, 0x3c]), number("<f2", &[1, 0]), number("<f2", &[0xff, 0x7b])), (1.0, 2_f64.powi(-24), 65_504.0));
        assert!(number("<f2", &[1, 0x7c]).is_nan() && number("<f2", &[0, 0xfc]).is_infinite());
        assert_eq!(
            [Dtype::parse("|b1").kind, Dtype::parse("<c8").kind, Dtype::parse("|O").kind, Dtype::parse("<U3").kind],
            [const { Kind::Other }; 4]
        );
    }
}
