//! What is brought, and from where.

use std::path::PathBuf;

/// Where a file is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a data set repository of the Hub; it goes into the Hub cache.
    Hub {
        /// `owner/name`.
        repo: String,
        /// The path in the repository.
        path: String,
        /// A commit, branch or tag; `main` where there is none.
        revision: Option<String>,
    },
    /// In a model repository of the Hub; it goes into the Hub cache.
    Model {
        /// `owner/name`.
        repo: String,
        /// The path in the repository.
        path: String,
        /// A commit, branch or tag.
        revision: String,
    },
    /// Anywhere else; it goes into a folder.
    Web {
        /// Its address.
        url: String,
        /// Where it goes, its name included.
        to: PathBuf,
    },
}

/// A file that is wanted, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Where it is published.
    pub place: Place,
    /// Its SHA-256, in hex.
    pub sha256: Option<String>,
    /// Its MD5, in hex.
    pub md5: Option<String>,
}

/// A file that is on this machine now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Where.
    pub path: PathBuf,
    /// Whether it was there already: nothing was transferred.
    pub present: bool,
}
