//! Where on this machine the files of data sets are looked for.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Folders that may hold the files of data sets, and how strictly they are read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// The folder that the user named with `--data-dir`: see [`Sources::folders`]. It may also be a Hub cache, hold one
    /// in `hub`, or be the folder of one of its repositories or snapshots.
    pub data_dir: Option<PathBuf>,
    /// The Hub cache, as all Hugging Face programs share it (`$HF_HOME/hub`).
    pub hub_cache: Option<PathBuf>,
    /// The project's own folder: files that were fetched from elsewhere in `CACHE/<name>`, prepared images in
    /// `CACHE/prepared`. Without one, nothing is kept.
    pub cache_dir: Option<PathBuf>,
    /// Leave out images that cannot be decoded, and say which, instead of failing at the first.
    pub skip_broken: bool,
}

impl Sources {
    /// Looks in `dir` alone and keeps nothing.
    pub fn in_dir(dir: impl AsRef<Path>) -> Self {
        Self { data_dir: Some(dir.as_ref().into()), ..Self::default() }
    }

    /// The folders in which the files of data set `name` may be, the most specific first: those of the user's folder
    /// that are called like the data set (`mnist`, `MNIST`, `mnist-idx`), it itself, those in it that are called
    /// otherwise, each with the folders of these rules inside (`MNIST/raw`), and the project's cache. A folder that is
    /// called like another data set (`KMNIST`, `cifar-100-python`) is none of them.
    pub fn folders(&self, name: &str) -> Vec<PathBuf> {
        let mut folders = Vec::new();
        if let Some(dir) = &self.data_dir {
            walk(dir, name, DEPTH, true, &mut folders);
        }
        folders.extend(self.cache_dir.as_ref().map(|dir| dir.join(name)));
        folders
    }

    /// The snapshots of data set `name` in the Hub caches, the most specific first: of the repositories in `repos`
    /// (`owner/name`, or a short name without owner), then of others that are called like the data set. Whether it is
    /// one of `repos` stands beside each.
    pub(crate) fn snapshots(&self, name: &str, repos: &[&str]) -> Vec<(PathBuf, bool)> {
        let mut found = Vec::new();
        for cache in self.caches() {
            let named: Vec<PathBuf> = repos.iter().map(|repo| cache.join(repository(repo))).collect();
            let others = subfolders(&cache).into_iter().filter(|path| {
                let last = folder_name(path).strip_prefix("datasets--").and_then(|n| n.rsplit("--").next().map(plain));
                last == Some(plain(name)) && !named.contains(path)
            });
            let others: Vec<PathBuf> = others.collect();
            found.extend(named.iter().flat_map(|repo| versions(repo)).map(|path| (path, true)));
            found.extend(others.iter().flat_map(|repo| versions(repo)).map(|path| (path, false)));
        }
        // A repository's own folder of the cache.
        found.extend(self.data_dir.iter().flat_map(|dir| versions(dir)).map(|path| (path, true)));
        found
    }

    /// The snapshots of the repository `repo` (`owner/name`, or a short name) in the Hub caches.
    pub(crate) fn snapshots_of(&self, repo: &str) -> Vec<PathBuf> {
        self.caches().flat_map(|cache| versions(&cache.join(repository(repo)))).collect()
    }

    /// The Hub caches: the one in the user's folder, and that of all Hugging Face programs.
    pub(crate) fn caches(&self) -> impl Iterator<Item = PathBuf> {
        self.data_dir.iter().flat_map(|dir| [dir.clone(), dir.join("hub")]).chain(self.hub_cache.clone()).collect::<Vec<_>>().into_iter()
    }

    /// Where in the user's folder that lies which was at `path`, absolute, and is there no longer: what is called like it in that folder,
    /// or the folder itself.
    pub(crate) fn moved(&self, path: &Path) -> Option<PathBuf> {
        let dir = self.data_dir.as_ref().filter(|_| path.is_absolute() && !path.exists())?;
        let inside = dir.join(path.file_name()?);
        if inside.exists() { Some(inside) } else { Some(dir.clone()).filter(|dir| dir.file_name() == path.file_name()) }
    }

    /// What to say where the user's folder is none; may be empty.
    pub(crate) fn absent(&self) -> String {
        let dir = self.data_dir.as_ref().filter(|dir| !dir.is_dir());
        dir.map_or_else(String::new, |dir| format!("; DATA_DIR is {}, which is no directory", dir.display()))
    }

    /// All places that are looked in for the data set `name`, for messages.
    pub fn looked(&self, name: &str) -> Vec<PathBuf> {
        self.folders(name).into_iter().chain(self.data_dir.iter().map(|dir| dir.join("hub"))).chain(self.hub_cache.clone()).collect()
    }
}

/// Folders within one another that are looked into.
const DEPTH: usize = 3;
/// The most folders that are looked into, and the most files of one that are.
const FOLDERS: usize = 500;
const FILES: usize = 10_000;
/// Folders that hold a data set's own files under names that say nothing.
const INSIDE: [&str; 5] = ["raw", "python", "data", "datasets", "archive"];
/// Entries of the catalogue whose names are no names of published files.
const YOURS: [&str; 4] = ["arrays", "digits", "folder", "table"];

/// Letters and digits alone, all small: `CIFAR-10` is `cifar10`.
pub(crate) fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect()
}

pub(crate) fn folder_name(path: &Path) -> &str {
    path.file_name().and_then(|n| n.to_str()).unwrap_or_default()
}

/// Whether a folder is called like the data set `name`: `cifar-10-batches-py` like `cifar10`, `cifar-100` not.
pub(crate) fn called(folder: &Path, name: &str) -> bool {
    let folder = plain(folder_name(folder));
    folder.strip_prefix(&plain(name)).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Whether a folder is called like a data set other than `name`: `FashionMNIST`, `cifar-100-python`.
pub(crate) fn called_otherwise(folder: &Path, name: &str) -> bool {
    let names = || crate::DATASETS.names().filter(|n| !YOURS.contains(n));
    !called(folder, name) && names().any(|n| plain(folder_name(folder)).contains(&plain(n)))
}

/// The folders in a folder that are not hidden, in the order of their names.
pub(crate) fn subfolders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().take(FILES);
    // Links are followed, and only they are asked of the disk.
    let is_folder = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|t| t.is_dir() || t.is_symlink() && entry.path().is_dir());
    let mut folders: Vec<PathBuf> = entries.filter(is_folder).map(|entry| entry.path()).collect();
    folders.retain(|path| !folder_name(path).starts_with('.'));
    folders.sort();
    folders
}

/// A file in `folder` of one of these names, the first first; in letters of another case where none is there.
pub(crate) fn file_in(folder: &Path, names: &[&str]) -> Option<PathBuf> {
    names.iter().map(|name| folder.join(name)).find(|path| path.is_file()).or_else(|| {
        let entries = fs::read_dir(folder).ok()?.flatten().take(FILES).map(|entry| entry.path());
        let mut there: Vec<(usize, PathBuf)> = entries
            .filter_map(|path| Some((names.iter().position(|name| folder_name(&path).eq_ignore_ascii_case(name))?, path)))
            .filter(|(_, path)| path.is_file())
            .collect();
        there.sort();
        there.into_iter().map(|(_, path)| path).next()
    })
}

/// `folder` between the folders in it that are called like data set `name`, and others.
fn walk(folder: &Path, name: &str, depth: usize, others: bool, found: &mut Vec<PathBuf>) {
    if found.len() >= FOLDERS {
        return;
    }
    let inside = if depth == 0 { Vec::new() } else { subfolders(folder) };
    let exactly = |path: &PathBuf| folder_name(path) != name;
    let (mut own, rest): (Vec<PathBuf>, Vec<PathBuf>) = inside.into_iter().partition(|path| called(path, name));
    own.sort_by_key(exactly);
    own.iter().for_each(|path| walk(path, name, depth - 1, others, found));
    found.push(folder.into());
    for path in rest.iter().filter(|path| !called_otherwise(path, name)) {
        let known = INSIDE.contains(&plain(folder_name(path)).as_str());
        if known || others {
            walk(path, name, depth - 1, others && known, found);
        }
    }
}

/// The folder of a data set repository in a Hub cache.
fn repository(repo: &str) -> String {
    format!("datasets--{}", repo.replace('/', "--"))
}

/// Whether a path may be the name of a repository, and not that of a table.
pub(crate) fn may_be_repository(path: &str) -> bool {
    vimae_core::repository(path).is_ok() && !path.ends_with(".parquet")
}

/// The references of a repository in a Hub cache whose snapshots come before others: its main branch, and the one into which the Hub
/// converts data sets of other formats.
const REFERENCES: [&str; 2] = ["refs/main", "refs/refs/convert/parquet"];

/// The snapshots of a repository's folder in a Hub cache: those that [`REFERENCES`] name first.
pub(crate) fn versions(repository: &Path) -> Vec<PathBuf> {
    let commits = REFERENCES.map(|reference| fs::read_to_string(repository.join(reference)).unwrap_or_default());
    let mut snapshots = subfolders(&repository.join("snapshots"));
    snapshots.sort_by_key(|path| commits.iter().position(|commit| commit.trim() == folder_name(path)).unwrap_or(commits.len()));
    snapshots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_of_the_repository_come_before_those_of_others() {
        let dir = tempfile::tempdir().unwrap();
        let repos = ["datasets--o--n", "datasets--n", "datasets--x--N", "datasets--x--nn", "models--o--n", "datasets--o--fashion_n"];
        for repo in repos {
            for sha in ["aa", "bb"] {
                fs::create_dir_all(dir.path().join(repo).join("snapshots").join(sha)).unwrap();
            }
        }
        let sources = Sources { hub_cache: Some(dir.path().into()), ..Sources::default() };
        let find = |sources: &Sources, under: &Path| {
            let found = sources.snapshots("n", &["o/n", "n"]).into_iter();
            found.map(|(p, own)| (p.strip_prefix(under).unwrap().display().to_string(), own)).collect::<Vec<_>>()
        };
        let path = |repo: &str, sha: &str, own: bool| (format!("{repo}/snapshots/{sha}"), own);
        let others = [path("datasets--x--N", "aa", false), path("datasets--x--N", "bb", false)];
        let short = [path("datasets--n", "aa", true), path("datasets--n", "bb", true)];
        let own = |first: &str, second: &str| [path("datasets--o--n", first, true), path("datasets--o--n", second, true)];
        assert_eq!(find(&sources, dir.path()), [&own("aa", "bb")[..], &short, &others].concat());
        fs::create_dir(dir.path().join("datasets--o--n/refs")).unwrap();
        fs::write(dir.path().join("datasets--o--n/refs/main"), "bb\n").unwrap();
        assert_eq!(find(&sources, dir.path())[..2], own("bb", "aa"));
        fs::write(dir.path().join("datasets--o--n/refs/main"), "../../..").unwrap();
        assert_eq!(find(&sources, dir.path())[..2], own("aa", "bb"));
        // What the Hub converted comes behind the main branch, and before what no reference names.
        fs::create_dir_all(dir.path().join("datasets--o--n/refs/refs/convert")).unwrap();
        fs::write(dir.path().join("datasets--o--n/refs/refs/convert/parquet"), "bb").unwrap();
        assert_eq!(find(&sources, dir.path())[..2], own("bb", "aa"));
        fs::write(dir.path().join("datasets--o--n/refs/main"), "aa").unwrap();
        assert_eq!(find(&sources, dir.path())[..2], own("aa", "bb"));
        let repo = dir.path().join("datasets--n");
        assert_eq!(find(&Sources::in_dir(&repo), &repo), [("snapshots/aa".to_owned(), true), ("snapshots/bb".to_owned(), true)]);
    }

    #[test]
    fn folders_of_the_data_set_come_before_the_data_folder_and_others() {
        let dir = tempfile::tempdir().unwrap();
        let there =
            ["mnist-idx", "mnist", "omniglot/python", "KMNIST/raw", "FashionMNIST/raw", "MNIST/raw", "mine/MNIST/raw", "mine/x", ".mnist"];
        for folder in there.into_iter().chain(["cifar-100-python", "CIFAR-10/cifar-10-batches-py"]) {
            fs::create_dir_all(dir.path().join(folder)).unwrap();
        }
        let sources = Sources { cache_dir: Some("/c".into()), ..Sources::in_dir(dir.path()) };
        let find = |name: &str| -> Vec<String> {
            let found = sources.folders(name).into_iter();
            found.map(|p| p.strip_prefix(dir.path()).unwrap_or(&p).display().to_string()).collect()
        };
        assert_eq!(find("mnist"), ["mnist", "MNIST", "MNIST/raw", "mnist-idx", "", "mine/MNIST", "mine/MNIST/raw", "mine", "/c/mnist"]);
        let cifar = find("cifar10");
        assert_eq!(cifar[..3], ["CIFAR-10/cifar-10-batches-py", "CIFAR-10", ""]);
        assert!(!cifar.iter().any(|f| f.contains("100") || f.contains("MNIST")), "{cifar:?}");
        assert_eq!(find("omniglot")[..2], ["omniglot", "omniglot/python"]);
    }

    #[test]
    fn a_file_is_found_in_letters_of_any_case() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["MNIST.NPZ", "b", "B"] {
            fs::write(dir.path().join(name), name).unwrap();
        }
        let find = |names: &[&str]| file_in(dir.path(), names).map(|p| folder_name(&p).to_owned());
        assert_eq!((find(&["a", "mnist.npz"]).unwrap(), find(&["b"]).unwrap(), find(&["a"])), ("MNIST.NPZ".into(), "b".into(), None));
    }
}
