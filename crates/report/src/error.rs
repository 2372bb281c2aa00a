//! What can be wrong with an image, a plot or a file of the report.

use std::path::PathBuf;

/// The result of drawing or writing a part of the report.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of the report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A size that must not be zero.
    #[error("{what} is zero")]
    Zero {
        /// The size.
        what: &'static str,
    },
    /// A number of channels that no image has.
    #[error("images of {got} channels cannot be drawn; 1 (grayscale) and 3 (RGB) can")]
    Channels {
        /// The number given.
        got: usize,
    },
    /// Bytes or values that do not fill the shape they are said to have.
    #[error("{what}: expected {expected}, got {got}")]
    Length {
        /// What was counted.
        what: &'static str,
        /// What its length must be, in words.
        expected: String,
        /// Its length.
        got: usize,
    },
    /// An image larger than any reader would open.
    #[error("an image of {width} x {height} pixels is too large; the limit is {limit} in all")]
    TooLarge {
        /// Pixels from left to right.
        width: u128,
        /// Pixels from top to bottom.
        height: u128,
        /// Most pixels allowed.
        limit: u128,
    },
    /// Nothing finite to draw.
    #[error("{what}: there is no finite value to draw")]
    Empty {
        /// The plot.
        what: &'static str,
    },
    /// The PNG encoder failed.
    #[error("a PNG cannot be written: {0}")]
    Png(#[from] png::EncodingError),
    /// The plotting library failed.
    #[error("a plot cannot be drawn: {problem}")]
    Plot {
        /// What it said.
        problem: String,
    },
    /// A file that cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file with other content than the record says.
    #[error("{}: {problem}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

impl Error {
    pub(crate) fn file(path: &std::path::Path, source: std::io::Error) -> Self {
        Self::File { path: path.into(), source }
    }

    pub(crate) fn form(path: &std::path::Path, problem: impl ToString) -> Self {
        Self::Form { path: path.into(), problem: problem.to_string() }
    }
}
