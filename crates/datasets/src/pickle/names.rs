//! The names that a pickle may use, and the opcodes that are refused by theirs.

/// What the names stand for that a pickle may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Global {
    /// An array yet without content.
    Reconstruct,
    /// One number.
    Scalar,
    /// An array over bytes.
    FromBuffer,
    /// A dtype.
    Dtype,
    /// The class that [`Global::Reconstruct`] takes.
    Array,
    /// Bytes that Python 3 writes as text in protocol 2.
    Encode,
    /// Bytes.
    Bytes,
}

/// Every name that is understood, with the modules that versions of NumPy and Python keep it in.
pub(super) const GLOBALS: [(&str, [&str; 2], Global); 8] = [
    ("_reconstruct", ["numpy.core.multiarray", "numpy._core.multiarray"], Global::Reconstruct),
    ("scalar", ["numpy.core.multiarray", "numpy._core.multiarray"], Global::Scalar),
    ("_frombuffer", ["numpy.core.numeric", "numpy._core.numeric"], Global::FromBuffer),
    ("dtype", ["numpy", "numpy"], Global::Dtype),
    ("ndarray", ["numpy", "numpy"], Global::Array),
    ("encode", ["_codecs", "_codecs"], Global::Encode),
    ("bytes", ["__builtin__", "builtins"], Global::Bytes),
    ("bytearray", ["__builtin__", "builtins"], Global::Bytes),
];

/// The opcodes that are refused, by their names.
pub(super) const REFUSED: [(u8, &str); 28] = [
    (b'2', "DUP"),
    (b'F', "FLOAT"),
    (b'I', "INT"),
    (b'L', "LONG"),
    (b'P', "PERSID"),
    (b'Q', "BINPERSID"),
    (b'S', "STRING"),
    (b'V', "UNICODE"),
    (b'd', "DICT"),
    (b'g', "GET"),
    (b'i', "INST"),
    (b'l', "LIST"),
    (b'o', "OBJ"),
    (b'p', "PUT"),
    (0x81, "NEWOBJ"),
    (0x82, "EXT1"),
    (0x83, "EXT2"),
    (0x84, "EXT4"),
    (0x8b, "LONG4"),
    (0x8f, "EMPTY_SET"),
    (0x90, "ADDITEMS"),
    (0x91, "FROZENSET"),
    (0x92, "NEWOBJ_EX"),
    (0x97, "NEXT_BUFFER"),
    (0x98, "READONLY_BUFFER"),
    (b'0', "POP"),
    (b'1', "POP_MARK"),
    (b'G', "BINFLOAT"),
];
