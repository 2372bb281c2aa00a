//! The errors of this crate.

use std::path::PathBuf;

/// The result of a function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of a checkpoint or of its directory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or directory cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file or directory.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The file is not a checkpoint, is truncated, or has changed since it was written.
    #[error("{}: is damaged: {problem}; remove it, and the command that began the run makes it again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A newer version wrote the checkpoint.
    #[error("{}: format {found} is newer than {known}, which this version reads", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format known here.
        known: u32,
    },
    /// The checkpoint belongs to another run.
    #[error("{}: belongs to another spec, other data or another version of the code (digest {}, expected {}); start over with --fresh", path.display(), short(.found), short(.expected))]
    OtherSpec {
        /// The file.
        path: PathBuf,
        /// The digest in the file.
        found: String,
        /// The digest of the run that wants it.
        expected: String,
    },
    /// Another process works on the run.
    #[error("{}: another process works on this run ({owner}); wait for it or stop it", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// Who holds it, as far as known.
        owner: String,
    },
    /// The file system has no locks.
    #[error(
        "{}: this file system has no file locks (flock: {source}); mount it with them (Lustre: -o flock, NFS: -o local_lock=flock), \
         give --out on another file system, or set VIMAE_NO_LOCK=1 and see to it yourself that no second process works there",
        path.display()
    )]
    NoLocks {
        /// The lock file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A failure of a tensor operation.
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
}

/// The first digits of a digest, which tell it from others.
fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

impl Error {
    pub(crate) fn file(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source: told(source) }
    }

    pub(crate) fn damaged(path: &std::path::Path, problem: impl ToString) -> Self {
        Self::Damaged { path: path.into(), problem: problem.to_string() }
    }
}

/// What the system said, in words that tell what to do where a file and a directory were taken for one another.
fn told(source: std::io::Error) -> std::io::Error {
    use std::io::ErrorKind;
    let words = match source.kind() {
        // Files are replaced: this is of directories alone.
        ErrorKind::AlreadyExists => "is a file, and a directory is needed there; give another place",
        ErrorKind::NotADirectory => "lies below a file, where no directory can be; give another place",
        ErrorKind::IsADirectory => "is a directory, and a file is needed there; give another place",
        _ => return source,
    };
    std::io::Error::new(source.kind(), words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_shown_by_their_first_digits() {
        let [found, expected] = ["ab", "cd"].map(|digits| digits.repeat(32));
        let message = Error::OtherSpec { path: "x".into(), found, expected }.to_string();
        assert!(message.contains("(digest abababababab, expected cdcdcdcdcdcd)"), "{message}");
    }
}
