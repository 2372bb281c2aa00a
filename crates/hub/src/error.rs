//! What can go wrong between this machine and the network. No message carries a token or a signed address.

use std::{io, path::Path};

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
    #[error("{file} is not on this machine, and HF_HUB_OFFLINE or --offline forbids the network")]
    Offline {
        /// The file.
        file: String,
    },
    /// The server wants a token, or another one.
    #[error("{url}: {status}: the file is private or gated; log in with `hf auth login`, or set HF_TOKEN")]
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
        /// `sha256` or `md5`.
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
}

impl Error {
    pub(crate) fn io(file: &Path, source: io::Error) -> Self {
        Self::Io { file: file.display().to_string(), source }
    }
}

/// `text` without the queries of addresses in it: signed addresses are as good as a password while they last.
pub(crate) fn without_queries(text: &str) -> String {
    let words = text.split_inclusive(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"' | '\'' | ','));
    let clean = words.map(|word| match word.find("://").and_then(|at| word.get(at..)?.find('?').map(|q| at + q)) {
        Some(query) => {
            let end = word.chars().next_back().filter(|c| c.is_whitespace() || matches!(c, ')' | '"' | '\'' | ','));
            format!("{}{}", word.get(..query).unwrap_or_default(), end.map(String::from).unwrap_or_default())
        }
        None => word.to_owned(),
    });
    clean.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_cut_off_addresses() {
        let text = "error for url (https://cdn.example/x?Signature=abc&Key=1): timed out, why?";
        assert_eq!(without_queries(text), "error for url (https://cdn.example/x): timed out, why?");
    }
}
