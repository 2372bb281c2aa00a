//! What the local Hub holds: repositories, and the content-addressed store that xet writes to.

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
};

use sha1::Sha1;
use sha2::{Digest, Sha256};
use xet_core_structures::{
    merklehash::MerkleHash,
    metadata_shard::shard_file_handle::{MDBShardFile, new_shard_file_cache},
    xorb_object::XorbObject,
};

use super::{Rule, Seen, Trouble};

/// What stands before the names of data sets among those of models.
pub(crate) const DATASETS: &str = "datasets/";

/// A data set among the repositories.
pub(crate) fn dataset(owner: &str, name: &str) -> String {
    format!("{DATASETS}{owner}/{name}")
}

/// A file of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stored {
    /// It came in the commit itself.
    Inline(Vec<u8>),
    /// It came by xet; the content was put together from the store.
    Large { oid: String, content: Vec<u8> },
}

impl Stored {
    pub(crate) fn content(&self) -> &[u8] {
        match self {
            Self::Inline(content) | Self::Large { content, .. } => content,
        }
    }
}

/// One commit.
#[derive(Debug, Clone)]
pub(crate) struct Commit {
    pub(crate) oid: String,
    pub(crate) title: String,
    pub(crate) files: BTreeMap<String, Stored>,
}

/// One repository.
#[derive(Debug, Clone)]
pub(crate) struct Repository {
    pub(crate) private: bool,
    pub(crate) branches: BTreeMap<String, Vec<Commit>>,
}

/// Everything.
pub(crate) struct State {
    pub(crate) token: &'static str,
    pub(crate) address: String,
    pub(crate) cas: PathBuf,
    pub(crate) repositories: BTreeMap<String, Repository>,
    pub(crate) seen: Vec<Seen>,
    pub(crate) rules: Vec<Rule>,
}

impl State {
    pub(crate) fn new(token: &'static str, address: String, cas: PathBuf) -> Self {
        Self { token, address, cas, repositories: BTreeMap::new(), seen: Vec::new(), rules: Vec::new() }
    }

    /// The trouble that a request meets.
    pub(crate) fn trouble(&mut self, seen: &Seen) -> Option<Trouble> {
        let rule = self.rules.iter_mut().find(|r| r.times > 0 && r.method == seen.method && seen.path.contains(r.fragment))?;
        rule.times -= 1;
        Some(rule.trouble)
    }

    /// The commit that a branch or a commit names.
    pub(crate) fn commit(&self, repo: &str, revision: &str) -> Option<&Commit> {
        let repository = self.repositories.get(repo)?;
        let head = repository.branches.get(revision).and_then(|commits| commits.last());
        head.or_else(|| repository.branches.values().flatten().find(|commit| commit.oid == revision))
    }

    /// Puts a commit on a branch, whatever is in it.
    pub(crate) fn put(&mut self, repo: &str, branch: &str, title: &str, files: BTreeMap<String, Stored>) -> String {
        let number = self.repositories.values().flat_map(|r| r.branches.values()).map(Vec::len).sum::<usize>();
        let oid = sha256(format!("{repo} {branch} {title} {number}").as_bytes())[..40].to_owned();
        if let Some(repository) = self.repositories.get_mut(repo) {
            let commit = Commit { oid: oid.clone(), title: title.into(), files };
            repository.branches.entry(branch.into()).or_default().push(commit);
        }
        oid
    }

    /// Puts a data set with these files, each a large one, on a branch of the repository `owner/name`, and gives the commit.
    pub(crate) fn put_dataset(&mut self, repo: &str, private: bool, branch: &str, files: &[(&str, &[u8])]) -> String {
        let repo = format!("{DATASETS}{repo}");
        self.repositories.entry(repo.clone()).or_insert(Repository { private, branches: BTreeMap::new() });
        let large = |content: &[u8]| Stored::Large { oid: sha256(content), content: content.into() };
        self.put(&repo, branch, "files", files.iter().map(|(name, content)| ((*name).to_owned(), large(content))).collect())
    }

    /// Changes a file of the last commit of the main branch, as nobody should.
    pub(crate) fn alter(&mut self, repo: &str, change: impl FnOnce(&mut BTreeMap<String, Stored>)) {
        let head = self.repositories.get_mut(repo).and_then(|r| r.branches.get_mut("main")?.last_mut());
        let head = head.unwrap();
        change(&mut head.files);
        // Another commit, or a client would take what it has in its cache.
        head.oid = sha256(head.oid.as_bytes())[..40].to_owned();
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// As git names content.
pub(crate) fn git_sha1(bytes: &[u8]) -> String {
    let blob = [format!("blob {}\0", bytes.len()).as_bytes(), bytes].concat();
    Sha1::digest(&blob).iter().map(|b| format!("{b:02x}")).collect()
}

/// The content with that SHA-256, put together from the chunks that xet uploaded.
pub(crate) fn from_cas(cas: &Path, oid: &str) -> Option<Vec<u8>> {
    let wanted = MerkleHash::from_hex(oid).ok()?;
    // Where xet puts what it uploads to a folder.
    let cas = cas.join("xet/xorbs");
    // The store's shards carry no expiry, and so count as expired.
    let shards = MDBShardFile::load_managed_directory(cas.join("shards"), true, true, false, 0, &new_shard_file_cache()).ok()?;
    let files = shards.iter().filter_map(|shard| shard.read_all_file_info_sections().ok()).flatten();
    let file = files.into_iter().find(|file| file.metadata_ext.as_ref().is_some_and(|m| m.sha256 == wanted))?;
    let mut content = Vec::new();
    for segment in &file.segments {
        let mut xorb = File::open(cas.join("xorbs").join(format!("default.{:?}", segment.xorb_hash))).ok()?;
        let object = XorbObject::deserialize(&mut xorb).ok()?;
        content.extend(object.get_bytes_by_chunk_range(&mut xorb, segment.chunk_index_start, segment.chunk_index_end).ok()?);
    }
    (sha256(&content) == oid).then_some(content)
}
