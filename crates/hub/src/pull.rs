//! A published run from the Hub, into the cache that all Hugging Face programs share, every file against its digest.

use std::{
    fs,
    path::{Path, PathBuf},
};

use vimae_checkpoint::atomic;

use crate::{
    Config, Error, Event, Options, Place, RepoName, Result, Wanted,
    cache::{commit_of, reference},
    check_revision,
    config::CONFIG,
    digest::{CACHED, check},
    fetch,
    name::is_commit,
    network,
    package::{CARD, write_folder},
};

/// A published run on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// The commit.
    pub commit: String,
    /// The folder with its files, in the Hub cache.
    pub folder: PathBuf,
    /// Its files.
    pub files: Vec<String>,
}

/// Brings a published run, at `revision` or at its main branch, into the Hub cache, and checks every file against the
/// digest that it was published with. Without the network, what an earlier call brought is taken.
///
/// # Errors
/// [`Error::Revision`]; [`Error::NoModel`] for a repository that holds none of ours; [`Error::Pickle`] for one that holds a
/// pickle; [`Error::Format`]; [`Error::Digest`] and [`Error::Damaged`] for files other than were published; whatever
/// [`fetch`](crate::fetch()) reports.
pub fn pull(repo: &RepoName, revision: Option<&str>, options: &Options, tell: &mut dyn FnMut(Event)) -> Result<Pulled> {
    let revision = revision.unwrap_or("main");
    check_revision(revision)?;
    let name = repo.to_string();
    let reference = reference(true, &name, revision, options);
    let known = || commit_of(&reference);
    let commit = if is_commit(revision) && options.offline {
        revision.to_owned()
    } else if options.offline {
        known().ok_or_else(|| Error::Offline { file: format!("{repo} at {revision}") })?
    } else {
        tell(Event::Step { what: "looking at the repository" });
        network::listed(repo, revision, options)?
    };

    let mut bring = |file: &str, sha256: Option<&str>| {
        tell(Event::File { name: file.to_owned() });
        let place = Place::Model { repo: name.clone(), path: file.to_owned(), revision: commit.clone() };
        fetch(&Wanted { place, sha256: sha256.map(str::to_owned), md5: None }, options, &mut *tell)
    };
    let config_path = bring(CONFIG, None)?.path;
    network::check_name(&config_path)?;
    let config = Config::published(&config_path)?;
    let mut files = vec![CONFIG.to_owned()];
    for (file, digest) in &config.files {
        let path = bring(file, Some(&digest.sha256))?.path;
        check(&path, &digest.sha256, CACHED)?;
        files.push(file.clone());
    }
    // The card is for people: a repository without one is as good, but not one with another than was published.
    match bring(CARD, None) {
        Ok(card) => {
            network::check_name(&card.path)?;
            files.push(CARD.to_owned());
        }
        Err(error @ Error::Digest { .. }) => return Err(error),
        Err(_) => {}
    }
    if !options.offline && !is_commit(revision) && known().as_ref() != Some(&commit) {
        // It serves calls without the network. A cache that cannot be written has served this one.
        drop(atomic::write(&reference, commit.as_bytes()));
    }
    files.sort();
    let folder = config_path.parent().map(Path::to_owned).unwrap_or_default();
    Ok(Pulled { commit, folder, files })
}

impl Pulled {
    /// Copies the files into `folder`, which must not exist: whole or not at all. It is then a run's folder as training
    /// leaves it, which can be measured again, and published.
    ///
    /// # Errors
    /// [`Error::Exists`]; [`Error::Io`].
    pub fn copy_to(&self, folder: &Path) -> Result<()> {
        let files = self.files.iter().map(|name| {
            let path = self.folder.join(name);
            Ok((name.clone(), fs::read(&path).map_err(|e| Error::io(&path, e))?))
        });
        write_folder(folder, files)
    }
}
