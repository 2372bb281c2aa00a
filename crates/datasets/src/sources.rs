//! Where on this machine the files of data sets are looked for.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// Folders that may hold the files of data sets, and how strictly they are read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// The folder that the user named with `--data-dir`. Files are looked for in `DIR/<name>`, in other folders of it
    /// whose names begin with the data set's (`DIR/mnist-idx`), in `DIR`, and in a Hub cache at `DIR` or `DIR/hub`.
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

    /// The Hub cache where `HF_HUB_CACHE`, `HF_HOME`, `XDG_CACHE_HOME` or `HOME` put it, and `cache_dir`.
    pub fn from_env(data_dir: Option<PathBuf>, cache_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir,
            hub_cache: hub_cache(|name| env::var_os(name).map(PathBuf::from)),
            cache_dir: Some(cache_dir.into()),
            skip_broken: false,
        }
    }

    /// The folders in which the files of data set `name` may be, the most specific first.
    pub fn folders(&self, name: &str) -> Vec<PathBuf> {
        let mut folders = Vec::new();
        if let Some(dir) = &self.data_dir {
            let begins = |p: &PathBuf| p.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with(name));
            let mut similar: Vec<PathBuf> = fs::read_dir(dir).into_iter().flatten().flatten().map(|e| e.path()).filter(begins).collect();
            similar.retain(|p| p.is_dir());
            similar.sort();
            folders.extend(similar);
            folders.push(dir.clone());
        }
        folders.extend(self.cache_dir.as_ref().map(|dir| dir.join(name)));
        folders
    }

    /// The first of [`Sources::folders`] that holds all of `files`, as paths.
    pub fn all_in_one(&self, name: &str, files: &[&str]) -> Option<Vec<PathBuf>> {
        self.folders(name).into_iter().find_map(|folder| {
            let paths: Vec<PathBuf> = files.iter().map(|f| folder.join(f)).collect();
            paths.iter().all(|p| p.exists()).then_some(paths)
        })
    }

    /// Files of the Hub's data set repository `repo` (`owner/name`): beside others in the folders of data set `name`,
    /// under their path in the repository or their file name, or in a Hub cache.
    pub fn hub(&self, name: &str, repo: &str, files: &[&str]) -> Option<Vec<PathBuf>> {
        let short: Vec<&str> = files.iter().map(|f| f.rsplit('/').next().unwrap_or(f)).collect();
        let own = |folder: &PathBuf| folder.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with(name));
        let beside = self.all_in_one(name, files).or_else(|| {
            // File names like `train-00000-of-00001.parquet` say nothing: only in a folder of the data set's name.
            self.folders(name).into_iter().filter(own).find_map(|folder| {
                let paths: Vec<PathBuf> = short.iter().map(|f| folder.join(f)).collect();
                paths.iter().all(|p| p.is_file()).then_some(paths)
            })
        });
        let caches = self.data_dir.iter().flat_map(|dir| [dir.clone(), dir.join("hub")]).chain(self.hub_cache.clone());
        beside.or_else(|| caches.into_iter().find_map(|cache| cached(&cache, repo, files)))
    }

    /// All places that [`Sources::hub`] and [`Sources::folders`] look in, for messages.
    pub fn looked(&self, name: &str) -> Vec<PathBuf> {
        self.folders(name).into_iter().chain(self.hub_cache.clone()).collect()
    }
}

/// Files of one snapshot of a Hub cache: the one that `refs/main` names, or else any that has all.
fn cached(cache: &Path, repo: &str, files: &[&str]) -> Option<Vec<PathBuf>> {
    let folder = cache.join(format!("datasets--{}", repo.replace('/', "--")));
    let main = fs::read_to_string(folder.join("refs/main")).ok().map(|sha| sha.trim().to_owned());
    let main = main.filter(|sha| !sha.is_empty() && sha.bytes().all(|b| b.is_ascii_alphanumeric()));
    let mut snapshots: Vec<PathBuf> = fs::read_dir(folder.join("snapshots")).into_iter().flatten().flatten().map(|e| e.path()).collect();
    snapshots.sort();
    main.map(|sha| folder.join("snapshots").join(sha)).into_iter().chain(snapshots).find_map(|snapshot| {
        let paths: Vec<PathBuf> = files.iter().map(|f| snapshot.join(f)).collect();
        paths.iter().all(|p| p.is_file()).then_some(paths)
    })
}

/// Where the Hub's programs keep their cache, from environment variables.
fn hub_cache(var: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let home = || var("HF_HOME").or_else(|| var("XDG_CACHE_HOME").map(|d| d.join("huggingface")));
    let home = || home().or_else(|| var("HOME").map(|d| d.join(".cache/huggingface")));
    var("HF_HUB_CACHE").or_else(|| home().map(|d| d.join("hub")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hub_cache_is_where_hugging_face_programs_put_it() {
        let with = |vars: &'static [(&str, &str)]| hub_cache(move |n| vars.iter().find(|(k, _)| *k == n).map(|(_, v)| v.into()));
        assert_eq!(with(&[("HOME", "/h")]), Some("/h/.cache/huggingface/hub".into()));
        assert_eq!(with(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/x")]), Some("/x/huggingface/hub".into()));
        assert_eq!(with(&[("HF_HOME", "/f"), ("XDG_CACHE_HOME", "/x")]), Some("/f/hub".into()));
        assert_eq!(with(&[("HF_HUB_CACHE", "/c"), ("HF_HOME", "/f")]), Some("/c".into()));
        assert_eq!(with(&[]), None);
    }

    #[test]
    fn a_snapshot_is_found_through_its_reference() {
        let dir = tempfile::tempdir().unwrap();
        let repo = dir.path().join("datasets--o--n");
        for sha in ["aa", "bb"] {
            fs::create_dir_all(repo.join("snapshots").join(sha).join("d")).unwrap();
            fs::write(repo.join("snapshots").join(sha).join("d/f"), sha).unwrap();
        }
        let find = || cached(dir.path(), "o/n", &["d/f"]).map(|p| fs::read_to_string(&p[0]).unwrap());
        assert_eq!(find().unwrap(), "aa");
        fs::create_dir(repo.join("refs")).unwrap();
        fs::write(repo.join("refs/main"), "bb\n").unwrap();
        assert_eq!(find().unwrap(), "bb");
        fs::write(repo.join("refs/main"), "../../..").unwrap();
        assert_eq!(find().unwrap(), "aa");
        assert_eq!(cached(dir.path(), "o/n", &["d/g"]), None);
    }

    #[test]
    fn folders_of_the_data_set_come_before_the_data_folder() {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["mnist-idx", "mnist", "omniglot"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        let sources = Sources { cache_dir: Some("/c".into()), ..Sources::in_dir(dir.path()) };
        let names: Vec<PathBuf> = ["mnist", "mnist-idx", ""].iter().map(|n| dir.path().join(n)).collect();
        assert_eq!(sources.folders("mnist")[..2], names[..2]);
        assert_eq!(sources.folders("mnist")[2..], [dir.path().to_path_buf(), "/c/mnist".into()]);
    }
}
