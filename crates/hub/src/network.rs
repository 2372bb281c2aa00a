//! What asks the network: all that a build without the feature `network` leaves out.

mod bring;
mod git;
mod listed;
mod part;
mod publish;
mod remote;
mod transfer;
mod words;

use crate::{Error, Options, Result};

pub(crate) use bring::{content, to_cache, to_file};
pub(crate) use git::check_name;
pub(crate) use listed::{dataset, listed};
pub(crate) use publish::publish;

/// Checks that the network may be used for `what`.
///
/// # Errors
/// [`Error::Offline`] where its use is forbidden, and [`Error::NoNetwork`] in a build without the feature `network`.
pub fn check_network(options: &Options, what: &str) -> Result<()> {
    if options.offline { Err(Error::Offline { file: what.into() }) } else { Ok(()) }
}
