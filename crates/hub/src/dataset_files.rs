//! A data set repository of the Hub that is not here: which files it has, and those of them that somebody chooses, into the Hub cache.

use std::path::{Component, Path};

use vimae_checkpoint::atomic;

use crate::{
    Error, Event, Fetched, Options, Place, RepoName, Result, Wanted,
    cache::{Source, commit_of, here, reference},
    fetch, network,
};

/// The branch of a repository's own files.
const MAIN: &str = "main";
/// The branch into which the Hub converts data sets of other formats.
const CONVERTED: &str = "refs/convert/parquet";

/// The files of a data set repository at one commit, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetFiles {
    repo: String,
    page: String,
    branch: &'static str,
    commit: String,
    names: Vec<String>,
}

impl DatasetFiles {
    /// Asks the Hub for those of the main branch.
    ///
    /// # Errors
    /// [`Error::Offline`] and [`Error::NoNetwork`] before anything is asked; [`Error::NoDataset`] where there is no such repository, or
    /// none that the token may see; [`Error::Forbidden`]; [`Error::Hub`] for whatever else the Hub answers.
    pub fn main(repo: &RepoName, options: &Options) -> Result<Self> {
        Self::of(repo, MAIN, options)?.ok_or_else(|| Error::NoDataset { url: page(repo, options) })
    }

    /// Asks the Hub for those into which it has converted the main branch, in parquet; none where it has not.
    ///
    /// # Errors
    /// As [`DatasetFiles::main`], but for `NoDataset`.
    pub fn converted(repo: &RepoName, options: &Options) -> Result<Option<Self>> {
        Self::of(repo, CONVERTED, options)
    }

    fn of(repo: &RepoName, branch: &'static str, options: &Options) -> Result<Option<Self>> {
        network::check_network(options, &format!("the list of files of {repo}"))?;
        let found = network::dataset(repo, branch, options)?;
        Ok(found.map(|(commit, names)| Self { repo: repo.to_string(), page: page(repo, options), branch, commit, names }))
    }

    /// The branch that has them.
    pub fn branch(&self) -> &str {
        self.branch
    }

    /// The names of all files.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Brings the files of these names that are not here yet into the Hub cache, in the snapshot of their commit, and has the cache's
    /// reference name that. No name is in the snapshot before all content is here, so that nobody takes a part of the files for the
    /// whole; a call that broke is taken up where it stopped.
    ///
    /// `tell` hears of files, bytes and waits.
    ///
    /// # Errors
    /// [`Error::Protocol`] for a name that leads out of the snapshot, before anything is brought; as [`fetch`](crate::fetch()).
    pub fn fetch(&self, names: &[String], options: &Options, tell: &mut dyn FnMut(Event)) -> Result<Vec<Fetched>> {
        let all = names.iter().map(|name| self.wanted(name)).collect::<Result<Vec<_>>>()?;
        for (name, wanted) in names.iter().zip(&all) {
            let source = Source { model: false, repo: &self.repo, path: name, revision: &self.commit };
            if here(&source, options).is_none() {
                tell(Event::File { name: name.clone() });
                network::content(wanted, &source, options, &mut *tell)?;
            }
        }
        let fetched = all.iter().map(|wanted| fetch(wanted, options, &mut *tell)).collect::<Result<Vec<_>>>()?;
        let reference = reference(false, &self.repo, self.branch, options);
        if commit_of(&reference).as_ref() != Some(&self.commit) {
            atomic::write(&reference, self.commit.as_bytes())?;
        }
        Ok(fetched)
    }

    fn wanted(&self, name: &str) -> Result<Wanted> {
        if !stays_below(name) {
            let problem = format!("names a file {name:?}, which would not lie in the directory of its files");
            return Err(Error::Protocol { url: self.page.clone(), problem });
        }
        let place = Place::Hub { repo: self.repo.clone(), path: name.into(), revision: Some(self.commit.clone()) };
        Ok(Wanted { place, sha256: None, md5: None })
    }
}

fn page(repo: &RepoName, options: &Options) -> String {
    format!("{}/datasets/{repo}", options.endpoint)
}

/// Whether a file of that name lies below the directory that the name is joined to.
fn stays_below(name: &str) -> bool {
    !name.is_empty() && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_leads_elsewhere_is_told() {
        for name in ["train.parquet", "data/train-00000-of-00001.parquet", "a b/c#d%.parquet", "..x/x..", "a..b"] {
            assert!(stays_below(name), "{name}");
        }
        for name in ["", "/", "/etc/x.parquet", "..", "../x.parquet", "a/../x.parquet", "a/../../x.parquet", "./x.parquet", "a/.."] {
            assert!(!stays_below(name), "{name}");
        }
    }
}
