//! A package to the Hub: one commit, all of it or nothing.

use crate::{Error, Event, Options, Package, Result, check_revision, name::is_commit, network};

/// How a run is published.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Publish {
    /// Whether a repository that is made is private; private where this says nothing. Where it says something, a repository
    /// that exists must agree.
    pub private: Option<bool>,
    /// The branch, made where it does not exist; the main branch where this says nothing.
    pub revision: Option<String>,
    /// The commit's message.
    pub message: Option<String>,
}

/// What was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The page of the repository.
    pub url: String,
    /// The commit.
    pub commit: String,
    /// Whether the repository was made.
    pub created: bool,
    /// Whether it is private.
    pub private: bool,
    /// Files of an earlier push that this one removed.
    pub removed: Vec<String>,
}

/// Publishes a package as one commit on top of what the repository holds. A repository and a branch that do not exist are
/// made, and deleted again where the commit fails. Files that an earlier push left and this one does not have are removed.
///
/// `tell` hears of steps and bytes.
///
/// # Errors
/// [`Error::NoToken`], [`Error::Offline`], [`Error::NoNetwork`], [`Error::Revision`] before anything is asked; [`Error::Visibility`] and
/// [`Error::Pickle`] for a repository that this should not be put into; [`Error::Push`] for everything that the Hub refuses
/// and every connection that breaks, with what is left there.
pub fn push(package: &Package, how: &Publish, options: &Options, tell: &mut dyn FnMut(Event)) -> Result<Pushed> {
    let repo = package.repo();
    network::check_network(options, &format!("{repo} on the Hub"))?;
    if options.token.is_none() {
        return Err(Error::NoToken { repo: repo.to_string() });
    }
    let revision = how.revision.as_deref();
    if let Some(revision) = revision {
        check_revision(revision)?;
        if is_commit(revision) {
            return Err(Error::Revision { given: revision.into(), problem: "is a commit, and a push goes to a branch", example: "seed-1" });
        }
    }
    network::publish(package, how, options, tell)
}
