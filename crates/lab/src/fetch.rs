//! Data sets brought onto this machine: the card says which files, the hub brings them.

use std::path::PathBuf;

use vimae_datasets::{Card, hub_command, inventory};
use vimae_hub::{Fetched, Options, Place, Wanted};

use crate::{Error, Result, Sources};

/// What happens while a data set is brought.
#[derive(Debug, Clone)]
pub struct Fetching<'a> {
    /// The file, as its publisher names it.
    pub file: &'a str,
    /// What happens to it.
    pub event: vimae_hub::Event,
}

/// The card of the data set `name`, whose files can be brought as far as it has them.
///
/// # Errors
/// [`Error::NothingToFetch`] for a repository of the Hub, with the command that brings it; as [`inventory::card`].
pub(crate) fn published(name: &str) -> Result<Card> {
    match hub_command(name) {
        Some(command) => {
            let reason =
                format!("no card says what is in a repository of the Hub; `{command}` brings it into the cache, where it is found");
            Err(Error::NothingToFetch { name: name.into(), reason })
        }
        None => Ok(inventory::card(name)?),
    }
}

/// Brings every published file of the data set `name` that is not here yet, and gives where they are.
///
/// # Errors
/// [`Error::Licence`] where the data set's terms must be accepted first and `accept` is false;
/// [`Error::NothingToFetch`] where no address is known; whatever the transfer reports. Files that came whole stay.
pub fn fetch(name: &str, sources: &Sources, options: &Options, accept: bool, tell: &mut dyn FnMut(Fetching<'_>)) -> Result<Vec<Fetched>> {
    let card = published(name)?;
    if card.accept && !accept {
        return Err(Error::Licence { name: name.into(), terms: card.notice.unwrap_or(card.licence) });
    }
    let files = wanted(name, &card, sources);
    if files.is_empty() {
        let reason = if card.embedded { "it is part of this program".into() } else { format!("put {}", card.place) };
        return Err(Error::NothingToFetch { name: name.into(), reason });
    }
    files
        .into_iter()
        .map(|(file, wanted)| Ok(vimae_hub::fetch(&wanted, options, &mut |event| tell(Fetching { file: &file, event }))?))
        .collect()
}

/// The files to bring, by name.
fn wanted(name: &str, card: &Card, sources: &Sources) -> Vec<(String, Wanted)> {
    let folder = sources.data_dir.clone().or_else(|| sources.cache_dir.clone()).unwrap_or_else(|| PathBuf::from("."));
    card.files
        .iter()
        .filter(|file| file.fetch)
        .filter_map(|file| {
            let place = match (&file.hub, &file.url) {
                (Some(repo), _) => Place::Hub { repo: repo.clone(), path: file.name.clone(), revision: None },
                (None, Some(url)) => Place::Web { url: url.clone(), to: folder.join(name).join(&file.name) },
                (None, None) => return None,
            };
            Some((file.name.clone(), Wanted { place, sha256: file.sha256.clone(), md5: file.md5.clone() }))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_of_the_hub_names_the_command_that_brings_it() {
        let error = published("table:some/body").unwrap_err();
        assert!(matches!(error, Error::NothingToFetch { .. }) && error.to_string().contains("`hf download --repo-type dataset some/body`"));
        assert!(published("mnist").is_ok());
    }
}
