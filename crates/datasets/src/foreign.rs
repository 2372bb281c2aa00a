//! Formats that others keep images in: what a file is by its first bytes, and the way to what is read here.

use crate::member::Member;

/// Bytes of a file that say what it is: the first lines of a text are among them.
pub(crate) const START: usize = 4096;

/// What is said of PyTorch's files.
pub(crate) const PYTORCH: &str =
    "is a file of PyTorch, a pickle, and not read: save numpy.savez(\"images.npz\", images=tensor.numpy()) of what torch.load gives";
const PICKLE: &str = "is a pickle of Python, a program, and not read: save its arrays by numpy.savez";
const ARROW: &str =
    "is of Arrow, as the library datasets caches, and not read: dataset.to_parquet(\"train.parquet\") writes what table:PATH reads";
const IMAGE: &str = "is one image: name the folder that it is in";

/// What begins with these bytes, in words that follow the file's name.
const KNOWN: [(&[u8], &str); 15] = [
    (b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46", PYTORCH),
    (b"\x80\x02", PICKLE),
    (b"\x80\x03", PICKLE),
    (b"\x80\x04", PICKLE),
    (b"\x80\x05", PICKLE),
    (b"ARROW1", ARROW),
    (b"\xff\xff\xff\xff", ARROW),
    (
        b"MATLAB",
        "is a file of MATLAB and not read: save the arrays of scipy.io.loadmat by numpy.savez, [N, H, W, C] (numpy.moveaxis(X, -1, 0))",
    ),
    (b"\x89HDF", "is HDF5 and not read: save the arrays of h5py by numpy.savez"),
    (b"\x93NUMPY", "is an array of NumPy: arrays:PATH reads it"),
    (b"PAR1", "is a parquet file: table:PATH reads it"),
    (b"PK\x03\x04", "is a zip by its content: call it .zip if it holds image files; arrays:PATH reads one of arrays"),
    (b"\x89PNG", IMAGE),
    (b"\xff\xd8\xff", IMAGE),
    (b"GIF8", IMAGE),
];
const TEXT: &str = "is text: of a table of pixels, save numpy.loadtxt(FILE, delimiter=\",\", skiprows=1, dtype=\"uint8\") by numpy.savez, its \
                    classes apart, its pixels as .reshape(-1, H, W)";

const LABELS: &str = "is text that names image files, and not read: put the images of each class into a directory of its own and give the \
                      directory above (folder:PATH), or write images and labels into a parquet table (table:PATH)";

/// What a file is that begins with `start`, at most [`START`] bytes, and what reads it or makes of it what is read; none where
/// nothing is known, nor of fewer than eight bytes of text.
pub(crate) fn described(start: &[u8]) -> Option<&'static str> {
    known(start).or_else(|| start.first_chunk::<8>().is_some_and(|eight| is_printed(eight)).then(|| text(start)))
}

/// What is said of a file of another format that begins with `start`; none of a text.
pub(crate) fn known(start: &[u8]) -> Option<&'static str> {
    KNOWN.iter().find(|(begin, _)| start.starts_with(begin)).map(|(_, what)| *what)
}

/// What a whole file is, however short, as [`described`].
pub(crate) fn whole(file: &[u8]) -> Option<&'static str> {
    described(file).or_else(|| (!file.is_empty() && is_printed(file)).then(|| text(file)))
}

fn is_printed(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n'))
}

/// What is said of a text.
fn text(text: &[u8]) -> &'static str {
    if names_images(text) { LABELS } else { TEXT }
}

/// Whether a line of the text has a cell that is the name of an image file.
fn names_images(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    text.split([',', ';', '\t', ' ', '"', '\r', '\n']).any(|cell| Member::of(cell).is_image())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_their_first_bytes() {
        for (start, word) in [
            (&b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46"[..], "PyTorch"),
            (b"\x80\x04\x95\0\0\0\0\0", "numpy.savez"),
            (b"\xff\xff\xff\xff\x10\0\0\0", "to_parquet"),
            (b"MATLAB 5", "scipy.io.loadmat"),
            (b"\x89HDF\r\n\x1a\n", "h5py"),
            (b"label,pi", "numpy.loadtxt"),
            (b"PAR1\x15\0\0\0", "table:PATH"),
        ] {
            assert!(described(start).is_some_and(|what| what.contains(word)), "{start:?}: {:?}", described(start));
        }
        for text in ["file,label\n000.png,cat\n", "train/a.JPG 3\n", "\"x/1.jpeg\";\"dog\"\r\n", "label\tfile\n0\tb.tiff"] {
            assert_eq!(described(text.as_bytes()), Some(LABELS), "{text}");
        }
        assert_eq!(described(b"label,pixel0,pixel1\n0.5,1.25,png\n"), Some(TEXT));
        for start in [&b""[..], b"\x01", b"short", b"\0\0\x08\x03\0\0\0\0", b"\x1f\x8b\x08\0\0\0\0\0"] {
            assert_eq!(described(start), None, "{start:?}");
        }
        for (file, what) in
            [(&b""[..], None), (b"\x01\n", None), (b"1,2\n", Some(TEXT)), (b"a.png\n", Some(LABELS)), (b"GIF89a", Some(IMAGE))]
        {
            assert_eq!(whole(file), what, "{file:?}");
        }
    }
}
