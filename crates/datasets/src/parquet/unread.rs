//! Why a table is not read.

use crate::Error;

/// What keeps a table from being read.
#[derive(Debug)]
pub(super) enum Unread {
    /// This is wrong with the file.
    Broken(String),
    /// The file is sound, and holds something else than images with classes: what, and what to do.
    Other(String),
    /// A page is too large.
    Large { size: u64, limit: u64 },
}

impl From<String> for Unread {
    fn from(problem: String) -> Self {
        Self::Broken(problem)
    }
}

impl From<&str> for Unread {
    fn from(problem: &str) -> Self {
        Self::Broken(problem.into())
    }
}

impl Unread {
    /// The error of the file of that name.
    pub(super) fn of(self, file: &str) -> Error {
        match self {
            Self::Broken(problem) => Error::damaged(file, format!("broken parquet: {problem}")),
            Self::Other(problem) => Error::damaged(file, problem),
            Self::Large { size, limit } => {
                let way = "write the table again with fewer rows in a group (pyarrow and pandas: row_group_size=100)";
                Error::Refused { file: file.into(), reason: format!("a page of {size} bytes, more than the limit of {limit}: {way}") }
            }
        }
    }
}
