//! What can go wrong between this machine and the network. No message carries a token or a signed address.

use std::{fmt, io, path::Path};

/// The result of a transfer.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of a transfer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused.
    #[error("{file}: {source}")]
    Io {
        /// The file or folder.
        file: String,
        /// What it said.
        source: io::Error,
    },
    /// There is no network, or its use is forbidden, and the file is not in the cache.
    #[error("{file} is not on this machine, and HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE) forbids the network")]
    Offline {
        /// The file.
        file: String,
    },
    /// The file is not in the cache, and this program was built without the feature `network`.
    #[error(
        "{file} is not on this machine, and this program was built without the network; build it with the feature `network` of vimae-hub"
    )]
    NoNetwork {
        /// What was asked for.
        file: String,
    },
    /// The server wants a token, or another one.
    #[error("{url}: {status}: it is private or gated, or its name is misspelt; log in with `hf auth login`, or set HF_TOKEN")]
    Forbidden {
        /// The address, without its query.
        url: String,
        /// The status of the answer.
        status: u16,
    },
    /// There is no such file.
    #[error("{url}: 404: there is no such file")]
    NotFound {
        /// The address, without its query.
        url: String,
    },
    /// There is no such data set repository, or none that this token may see.
    #[error(
        "{url}: there is no such data set, or it is private: look at its name; log in with `hf auth login`, or set HF_TOKEN, for a private one"
    )]
    NoDataset {
        /// The address of its page.
        url: String,
    },
    /// The server asks to wait longer than allowed.
    #[error("{url}: the server asks to wait {seconds} s; run the command again after that")]
    Busy {
        /// The address, without its query.
        url: String,
        /// How long it asks to wait.
        seconds: u64,
    },
    /// A transfer that failed so often without a byte that it was given up. What has come is kept: the next call
    /// goes on from there.
    #[error("{url}: {problem}; {have} bytes are here, run the command again to go on from there")]
    Interrupted {
        /// The address, without its query.
        url: String,
        /// The last failure.
        problem: String,
        /// Bytes that are here.
        have: u64,
    },
    /// An answer that makes no sense.
    #[error("{url}: {problem}")]
    Protocol {
        /// The address, without its query.
        url: String,
        /// What is wrong.
        problem: String,
    },
    /// Content other than the one that was published. It was deleted.
    #[error("{file}: wrong digest: expected {algorithm} {expected}, found {found}; the file was deleted")]
    Digest {
        /// The file.
        file: String,
        /// `sha256`, `md5` or `git sha1`, the digest by which git names content.
        algorithm: &'static str,
        /// The digest that was published.
        expected: String,
        /// The digest of what came.
        found: String,
    },
    /// The Hub's own library failed.
    #[error("{file}: {problem}")]
    Hub {
        /// The file.
        file: String,
        /// What it said, without queries of addresses.
        problem: String,
    },
    /// A repository's name that the Hub does not allow.
    #[error("repository {given:?}: {problem}; it is named OWNER/NAME, of letters, digits and single . _ - within")]
    Name {
        /// The name as given.
        given: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A branch, tag or commit that cannot exist.
    #[error("revision {given:?}: {problem}; give a branch, a tag or a commit, {example} for instance")]
    Revision {
        /// The revision as given.
        given: String,
        /// What is wrong with it.
        problem: &'static str,
        /// One that could exist.
        example: &'static str,
    },
    /// A licence that is none of the Hub's identifiers.
    #[error("licence {given:?} is none of the Hub's identifiers{}; some of them: mit, apache-2.0, cc-by-4.0, cc0-1.0", meant(*.nearest))]
    License {
        /// The licence as given.
        given: String,
        /// The identifier that is probably meant, where one is similar.
        nearest: Option<&'static str>,
    },
    /// An address of the code that a card cannot link. It may hold a password and is not repeated.
    #[error("address of the code: {problem}; it is one that people open, https://example.org/me/vimae for instance")]
    Address {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Publishing without a token.
    #[error("{repo}: publishing needs a token with write access; log in with `hf auth login`, or set HF_TOKEN")]
    NoToken {
        /// The repository.
        repo: String,
    },
    /// A repository whose visibility is not the one asked for.
    #[error("{repo} exists and is {}, {} was asked for; change it in its settings, or leave the flag out", visibility(*.private), visibility(!*.private))]
    Visibility {
        /// The repository.
        repo: String,
        /// Whether it is private.
        private: bool,
    },
    /// Publishing that the Hub refused or that broke.
    #[error("{repo}: {step}: {problem}; {left}")]
    Push {
        /// The repository.
        repo: String,
        /// What was being done.
        step: &'static str,
        /// The status of the answer, where there was one.
        status: Option<u16>,
        /// What is wrong, and what would be right.
        problem: String,
        /// What is on the Hub now.
        left: Left,
    },
    /// A pickle, which runs whatever it holds when it is loaded.
    #[error("{place}: {file} is a pickle, which runs code when it is loaded; weights are read from safetensors alone")]
    Pickle {
        /// The repository or folder.
        place: String,
        /// The file.
        file: String,
    },
    /// A repository or folder that is no published run.
    #[error("{place}: {problem}")]
    NoModel {
        /// The repository or folder.
        place: String,
        /// What is missing, and what would be right.
        problem: String,
    },
    /// A file of another form.
    #[error("{file}: format {found} is not {known}, which this version reads; use the version of vimae that wrote it, or train again")]
    Format {
        /// The file.
        file: String,
        /// Its format.
        found: u64,
        /// The format known here.
        known: u32,
    },
    /// A file that is damaged, or does not belong to those beside it.
    #[error("{file}: {problem}")]
    Damaged {
        /// The file.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// A folder to write that is there already.
    #[error("{folder} exists already; give another folder or remove it")]
    Exists {
        /// The folder.
        folder: String,
    },
    /// A file that cannot be read or written.
    #[error(transparent)]
    Checkpoint(#[from] vimae_checkpoint::Error),
}

/// What a push that failed has left on the Hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Left {
    /// What was there before.
    Unchanged,
    /// Nothing: the repository that this push made was deleted again.
    Nothing,
    /// An empty repository or branch that could not be deleted again.
    Empty,
    /// Unknown: the Hub no longer answers.
    Unknown,
    /// A commit whose content is not what was sent.
    WrongContent,
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unchanged => "nothing was changed on the Hub",
            Self::Nothing => "what this push had made on the Hub was deleted again",
            Self::Empty => "an empty repository or branch is left on the Hub: delete it there, or push again",
            Self::Unknown => "the Hub could not be asked what it holds now: look at it before pushing again",
            Self::WrongContent => "do not use that commit: push again",
        })
    }
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!(" (did you mean {nearest}?)"))
}

fn visibility(private: bool) -> &'static str {
    if private { "private" } else { "public" }
}

impl Error {
    pub(crate) fn io(file: &Path, source: io::Error) -> Self {
        Self::Io { file: file.display().to_string(), source }
    }

    pub(crate) fn damaged(file: &Path, problem: impl ToString) -> Self {
        Self::Damaged { file: file.display().to_string(), problem: problem.to_string() }
    }

    pub(crate) fn no_model(place: impl ToString, problem: impl Into<String>) -> Self {
        Self::NoModel { place: place.to_string(), problem: problem.into() }
    }
}
