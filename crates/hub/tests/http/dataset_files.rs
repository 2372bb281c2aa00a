//! The files of a data set repository that somebody chooses, from a Hub on this machine.

use std::{fs, path::Path};

use vimae_hub::{DatasetFiles, Error, Event, Fetched, Options, RepoName};

use crate::{
    TOKEN,
    local_hub::{LocalHub, Trouble, store::sha256},
    options,
};

const DATA: &str = "some/body";
/// Two shards to train on and one to test on, and what nobody chooses.
const SHARDS: [(&str, &[u8]); 4] = [
    ("README.md", b"# Body"),
    ("data/train-00000-of-00002.parquet", b"the first shard"),
    ("data/train-00001-of-00002.parquet", b"the second shard"),
    ("data/test-00000-of-00001.parquet", b"tests"),
];

fn name() -> RepoName {
    DATA.parse().unwrap()
}

fn parquet(files: &DatasetFiles) -> Vec<String> {
    files.names().iter().filter(|file| file.ends_with(".parquet")).cloned().collect()
}

fn quietly(files: &DatasetFiles, names: &[String], options: &Options) -> Result<Vec<Fetched>, Error> {
    files.fetch(names, options, &mut |_| ())
}

/// The requests of the content of files so far.
fn contents(hub: &LocalHub) -> usize {
    hub.state().seen.iter().filter(|seen| seen.method == "GET" && seen.path.starts_with("/store/")).count()
}

#[test]
fn the_files_that_were_chosen_are_in_the_snapshot_of_the_main_branch() {
    let (hub, home) = (LocalHub::start(TOKEN), tempfile::tempdir().unwrap());
    let commit = hub.state().put_dataset(DATA, false, "main", &SHARDS);
    let options = Options { token: None, ..options(&hub, home.path()) };
    let files = DatasetFiles::main(&name(), &options).unwrap();
    assert_eq!((files.branch(), files.names().len()), ("main", 4));
    let mut told = Vec::new();
    let tell = &mut |event| {
        if let Event::File { name } = event {
            told.push(name);
        }
    };
    let (chosen, repo) = (parquet(&files), home.path().join("datasets--some--body"));
    let fetched = files.fetch(&chosen, &options, tell).unwrap();
    assert_eq!(told, chosen);
    let snapshot = repo.join("snapshots").join(&commit);
    for ((name, content), fetched) in SHARDS.iter().filter(|(name, _)| name.ends_with(".parquet")).zip(in_order(fetched)) {
        assert_eq!((fetched.path.as_path(), fetched.present), (snapshot.join(name).as_path(), false));
        assert_eq!(fs::read(&fetched.path).unwrap(), *content);
    }
    assert!(!snapshot.join("README.md").exists());
    assert_eq!(fs::read_to_string(repo.join("refs/main")).unwrap(), commit);
    // Again: the Hub is asked which files there are, and for none of them.
    let asked = hub.state().seen.len();
    let again = quietly(&DatasetFiles::main(&name(), &options).unwrap(), &chosen, &options).unwrap();
    assert!(again.iter().all(|file| file.present));
    assert_eq!(hub.state().seen.len(), asked + 1);
    let error = DatasetFiles::main(&name(), &Options { offline: true, ..options.clone() }).unwrap_err();
    assert!(matches!(error, Error::Offline { .. }), "{error}");
    // A later commit is another snapshot, and the one that readers take.
    let later = hub.state().put_dataset(DATA, false, "main", &SHARDS[1..]);
    let fetched = quietly(&DatasetFiles::main(&name(), &options).unwrap(), &chosen, &options).unwrap();
    assert!(later != commit && fetched.iter().all(|file| !file.present && file.path.starts_with(repo.join("snapshots").join(&later))));
    assert_eq!(fs::read_to_string(repo.join("refs/main")).unwrap(), later);
    assert_eq!(contents(&hub), 3, "content that is here was brought again");
}

/// As [`SHARDS`] stand: names are listed in their own order.
fn in_order(mut fetched: Vec<Fetched>) -> Vec<Fetched> {
    let place = |path: &Path| SHARDS.iter().position(|(name, _)| path.ends_with(name));
    fetched.sort_by_key(|file| place(&file.path));
    fetched
}

#[test]
fn what_the_hub_has_converted_is_on_a_branch_of_its_own() {
    let (hub, home) = (LocalHub::start(TOKEN), tempfile::tempdir().unwrap());
    let options = options(&hub, home.path());
    hub.state().put_dataset(DATA, false, "main", &[("train.csv", b"1,2"), ("test.csv", b"3,4")]);
    assert_eq!(DatasetFiles::main(&name(), &options).unwrap().names(), ["test.csv", "train.csv"]);
    assert_eq!(DatasetFiles::converted(&name(), &options).unwrap(), None);
    let converted = [("default/train/0000.parquet", b"1 2".as_slice()), ("default/test/0000.parquet", b"3 4")];
    let commit = hub.state().put_dataset(DATA, false, "refs/convert/parquet", &converted);
    let files = DatasetFiles::converted(&name(), &options).unwrap().unwrap();
    assert_eq!((files.branch(), files.names().len()), ("refs/convert/parquet", 2));
    quietly(&files, files.names(), &options).unwrap();
    let repo = home.path().join("datasets--some--body");
    for (name, content) in converted {
        assert_eq!(fs::read(repo.join("snapshots").join(&commit).join(name)).unwrap(), content);
    }
    // As all programs of the Hub name a reference; that of the main branch is another's.
    assert_eq!(fs::read_to_string(repo.join("refs/refs/convert/parquet")).unwrap(), commit);
    assert!(!repo.join("refs/main").exists());
}

#[test]
fn private_and_absent_repositories_are_said_to_be_so() {
    let (hub, home) = (LocalHub::start(TOKEN), tempfile::tempdir().unwrap());
    let known = options(&hub, home.path());
    let anonymous = Options { token: None, ..known.clone() };
    let absent = DatasetFiles::main(&name(), &known).unwrap_err();
    assert!(matches!(&absent, Error::NoDataset { url } if url.ends_with("/datasets/some/body")), "{absent}");
    assert!(absent.to_string().contains("private") && absent.to_string().contains("name"), "{absent}");
    // Who is not known is not told the one from the other.
    for _ in 0..2 {
        let error = DatasetFiles::main(&name(), &anonymous).unwrap_err();
        assert!(matches!(error, Error::Forbidden { status: 401, .. }), "{error}");
        assert!(error.to_string().contains("private") && error.to_string().contains("misspelt"), "{error}");
        hub.state().put_dataset(DATA, true, "main", &SHARDS);
    }
    let files = DatasetFiles::main(&name(), &known).unwrap();
    let error = quietly(&files, &parquet(&files), &anonymous).unwrap_err();
    assert!(matches!(error, Error::Forbidden { status: 401, .. }), "{error}");
    assert_eq!(quietly(&files, &parquet(&files), &known).unwrap().len(), 3);
    hub.trouble("GET", "/api/datasets/", 2, Trouble::Status(500));
    let error = DatasetFiles::main(&name(), &known).unwrap_err();
    assert!(matches!(&error, Error::Hub { problem, .. } if problem.starts_with("500") && !problem.contains(TOKEN)), "{error}");
}

#[test]
fn a_name_that_leads_out_of_the_snapshot_is_refused_before_anything_is_brought() {
    for hostile in ["../train.parquet", "data/../../../../train.parquet", "/train.parquet"] {
        let (hub, home) = (LocalHub::start(TOKEN), tempfile::tempdir().unwrap());
        let options = options(&hub, &home.path().join("cache"));
        hub.state().put_dataset(DATA, false, "main", &[("test.parquet", b"tests"), (hostile, b"outside")]);
        let files = DatasetFiles::main(&name(), &options).unwrap();
        let error = quietly(&files, files.names(), &options).unwrap_err();
        assert!(matches!(&error, Error::Protocol { problem, .. } if problem.contains(hostile)), "{error}");
        assert!(!options.cache.exists() && !home.path().join("train.parquet").exists());
        assert_eq!(hub.state().seen.len(), 1);
    }
}

#[test]
fn a_call_that_broke_shows_no_part_and_is_taken_up_by_the_next() {
    let (hub, home) = (LocalHub::start(TOKEN), tempfile::tempdir().unwrap());
    let commit = hub.state().put_dataset(DATA, false, "main", &SHARDS);
    let options = options(&hub, home.path());
    let files = DatasetFiles::main(&name(), &options).unwrap();
    let chosen = parquet(&files);
    let mut begun = 0;
    let tell = &mut |event| {
        if matches!(event, Event::File { .. }) {
            begun += 1;
            if begun == 2 {
                hub.trouble("GET", "/store/", 1, Trouble::Part(7));
                hub.trouble("GET", "/store/", 2, Trouble::Status(500));
            }
        }
    };
    let error = files.fetch(&chosen, &options, tell).unwrap_err();
    assert!(matches!(error, Error::Interrupted { have: 7, .. }), "{error}");
    let repo = home.path().join("datasets--some--body");
    assert!(repo.join("blobs").join(sha256(SHARDS[3].1)).is_file() && !repo.join("snapshots").exists() && !repo.join("refs").exists());
    hub.calm();
    let before = contents(&hub);
    let fetched = quietly(&files, &chosen, &options).unwrap();
    assert!(fetched.len() == 3 && fetched.iter().all(|file| file.path.starts_with(repo.join("snapshots").join(&commit))));
    assert_eq!(contents(&hub), before + 2);
    let state = hub.state();
    let second = format!("/store/{}?", sha256(SHARDS[1].1));
    assert_eq!(state.seen.iter().rfind(|seen| seen.path.starts_with(&second)).unwrap().range.as_deref(), Some("bytes=7-"));
}
