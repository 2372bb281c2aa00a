//! Data sets brought onto this machine: the card says which files, or the names of those that a repository of the Hub has; the hub brings
//! them.

use std::path::PathBuf;

use vimae_datasets::{Card, TableFiles, hub_repository, inventory, parted};
use vimae_hub::{DatasetFiles, Fetched, Options, Place, RepoName, Wanted};

use crate::{Error, Result, Sources};

/// What happens while a data set is brought.
#[derive(Debug, Clone)]
pub enum Fetching<'a> {
    /// What people should know of the files that are brought.
    Note(&'a str),
    /// Something happens to a file.
    File {
        /// The file, as its publisher names it.
        file: &'a str,
        /// What happens to it.
        event: vimae_hub::Event,
    },
}

/// Where the data set `name` comes from and under which licence, in one line.
///
/// # Errors
/// As [`card`].
pub(crate) fn origin(name: &str, options: &Options) -> Result<String> {
    if let Some(repo) = hub_repository(name) {
        return Ok(format!("{name}: {}/datasets/{repo}; licence: see its page", options.endpoint));
    }
    let card = card(name)?;
    Ok(format!("{name}: {}; licence: {}", card.source, card.notice.as_ref().unwrap_or(&card.licence)))
}

/// The card of the data set `name`, which is no repository of the Hub.
///
/// # Errors
/// [`Error::NothingToFetch`] for a path; as [`inventory::card`].
fn card(name: &str) -> Result<Card> {
    if parted(name).1.is_some() {
        let reason = "it names files of yours; table:OWNER/NAME is a repository of the Hub, where nothing here is called so".into();
        return Err(Error::NothingToFetch { name: name.into(), reason });
    }
    Ok(inventory::card(name)?)
}

/// Brings every published file of the data set `name` that is not here yet, and gives where they are. Of a repository of the Hub,
/// `table:OWNER/NAME`, these are the parquet files that its reader takes.
///
/// # Errors
/// [`Error::Licence`] where the data set's terms must be accepted first and `accept` is false;
/// [`Error::NothingToFetch`] where no address is known, and for a repository without such files; whatever the transfer reports. Files
/// that came whole stay.
pub fn fetch(name: &str, sources: &Sources, options: &Options, accept: bool, tell: &mut dyn FnMut(Fetching<'_>)) -> Result<Vec<Fetched>> {
    if let Some(repo) = hub_repository(name) {
        let repo: RepoName = repo.parse()?;
        return tables(name, &repo, options, tell);
    }
    let card = card(name)?;
    if card.accept && !accept {
        return Err(Error::Licence { name: name.into(), terms: card.notice.unwrap_or(card.licence) });
    }
    let files = wanted(name, &card, sources);
    if files.is_empty() {
        let reason = match (card.embedded, card.files.is_empty()) {
            (true, _) => "it is part of this program".into(),
            (false, true) => card.place,
            (false, false) => format!("put {}", card.place),
        };
        return Err(Error::NothingToFetch { name: name.into(), reason });
    }
    files
        .into_iter()
        .map(|(file, wanted)| Ok(vimae_hub::fetch(&wanted, options, &mut |event| tell(Fetching::File { file: &file, event }))?))
        .collect()
}

/// Brings the tables of a repository of the Hub.
fn tables(name: &str, repo: &RepoName, options: &Options, tell: &mut dyn FnMut(Fetching<'_>)) -> Result<Vec<Fetched>> {
    let main = DatasetFiles::main(repo, options)?;
    let (files, chosen) = match TableFiles::among(main.names(), main.branch()) {
        Ok(chosen) => (main, chosen),
        Err(problem) => {
            let (converted, chosen) = converted(name, repo, options, &problem)?;
            tell(Fetching::Note(&format!("{problem}; what the Hub has converted to parquet ({}) is brought", converted.branch())));
            (converted, chosen)
        }
    };
    if let Some(note) = chosen.note() {
        tell(Fetching::Note(&note));
    }
    let mut file = String::new();
    let fetched = files.fetch(&chosen.names, options, &mut |event| {
        if let vimae_hub::Event::File { name } = &event {
            file.clone_from(name);
        }
        tell(Fetching::File { file: &file, event });
    })?;
    Ok(fetched)
}

/// The tables into which the Hub has converted a repository whose main branch has the `problem` that it holds none.
fn converted(name: &str, repo: &RepoName, options: &Options, problem: &vimae_datasets::Error) -> Result<(DatasetFiles, TableFiles)> {
    let reason = match DatasetFiles::converted(repo, options)? {
        Some(files) => match TableFiles::among(files.names(), files.branch()) {
            Ok(chosen) => return Ok((files, chosen)),
            Err(other) => format!("{problem}; {other}"),
        },
        None => format!("{problem}; nor has the Hub converted it to parquet"),
    };
    Err(Error::NothingToFetch { name: name.into(), reason })
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

    /// What a call without the network says of a data set.
    fn refused(name: &str) -> Error {
        let options = Options { offline: true, ..Options::new("https://hub", "nowhere") };
        fetch(name, &Sources::default(), &options, false, &mut |_| ()).unwrap_err()
    }

    #[test]
    fn a_repository_of_the_hub_is_asked_for_its_files_and_a_path_is_not() {
        let error = refused("table:some/body");
        assert!(matches!(error, Error::Hub(vimae_hub::Error::Offline { .. })) && error.to_string().contains("some/body"), "{error}");
        for (name, expected) in [
            ("table:/data/faces", "it names files of yours; table:OWNER/NAME is a repository of the Hub"),
            ("folder:some/body", "it names files of yours"),
            ("table", "nothing to fetch for table: name it table:PATH or table:OWNER/NAME"),
            ("digits", "it is part of this program"),
        ] {
            let error = refused(name);
            assert!(matches!(error, Error::NothingToFetch { .. }) && error.to_string().contains(expected), "{error}");
        }
    }

    #[test]
    fn the_origin_of_a_repository_is_its_page() {
        let origin = |name: &str| origin(name, &Options::new("https://hub/", "nowhere"));
        assert_eq!(origin("table:some/body").unwrap(), "table:some/body: https://hub/datasets/some/body; licence: see its page");
        assert!(origin("mnist").unwrap().starts_with("mnist: "));
        assert!(origin("mnits").is_err());
    }
}
