//! A package to the Hub: one commit, all of it or nothing.

use crate::{Error, Event, Options, Package, Publish, Pushed, Result, check_revision, name::is_commit, network};

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
