//! Names on the Hub: of repositories and of revisions.

use std::{fmt, str::FromStr};

use vimae_spec::repository;

use crate::{Error, Result};

/// The name of a repository: `owner/name`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RepoName {
    owner: String,
    name: String,
}

impl RepoName {
    /// Who owns it.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Its name without the owner.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for RepoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

impl FromStr for RepoName {
    type Err = Error;

    /// Reads `owner/name` by the Hub's rules.
    ///
    /// # Errors
    /// [`Error::Name`].
    fn from_str(given: &str) -> Result<Self> {
        let (owner, name) = repository(given).map_err(|problem| Error::Name { given: given.into(), problem })?;
        Ok(Self { owner: owner.into(), name: name.into() })
    }
}

/// Checks that `given` can name a branch, a tag or a commit.
///
/// # Errors
/// [`Error::Revision`].
pub fn check_revision(given: &str) -> Result<()> {
    let wrong = |problem| Err(Error::Revision { given: given.into(), problem, example: "main" });
    if given.is_empty() {
        return wrong("is empty");
    }
    if given.chars().any(|c| c.is_whitespace() || c.is_control() || "~^:?*[\\#%".contains(c)) {
        return wrong("has a character that is not allowed");
    }
    if given.contains("..") || given.contains("@{") || given.contains("//") {
        return wrong("holds .., // or @{");
    }
    let parts = given.split('/').any(|part| part.is_empty() || part.starts_with(['.', '-']) || part.ends_with(".lock"));
    if parts || given.ends_with('.') {
        return wrong("has a part that is empty, begins with . or -, or ends with . or .lock");
    }
    Ok(())
}

/// Whether `text` is a commit: 40 hexadecimal digits.
pub(crate) fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_hubs_rules() {
        let name: RepoName = "some-lab/VIMAE_n.digits-2".parse().unwrap();
        assert_eq!((name.owner(), name.name(), name.to_string().as_str()), ("some-lab", "VIMAE_n.digits-2", "some-lab/VIMAE_n.digits-2"));
        for wrong in ["", "name", "a/b/c", "o/na me", "o/a--b", "../x"] {
            let error = wrong.parse::<RepoName>().unwrap_err();
            assert!(matches!(error, Error::Name { .. }), "{wrong}: {error}");
        }
    }

    #[test]
    fn revisions_are_those_of_git() {
        for right in ["main", "v1.0", "refs/pr/1", "seed-3", "0123456789abcdef0123456789abcdef01234567"] {
            check_revision(right).unwrap();
        }
        for wrong in ["", "a b", "../x", "a..b", "-x", "x/", "/x", "x.lock", "a:b", "x?y", "x#y", "a//b", "x.", "%2e"] {
            assert!(check_revision(wrong).is_err(), "{wrong}");
        }
    }
}
