//! Runs published to a Hub on this machine and brought back.

use std::{collections::BTreeMap, fs};

use vimae_hub::{Error, Event, Left, Options, Pretrained, Publish, RunFiles, from_pretrained_with, pull, push};

use crate::{
    REPO, TOKEN,
    local_hub::{LocalHub, Trouble, store::Stored},
    options, sample,
};

fn publish(run: &RunFiles, how: &Publish, options: &Options) -> Result<vimae_hub::Pushed, Error> {
    let mut told = Vec::new();
    let result = push(&sample::package(run, REPO), how, options, &mut |event| told.push(format!("{event:?}")));
    for text in told.iter().cloned().chain([format!("{result:?}"), result.as_ref().map_or_else(ToString::to_string, |p| p.url.clone())]) {
        assert!(!text.contains(TOKEN) && !text.contains("xet_secret") && !text.contains("Signature"), "{text}");
    }
    result
}

#[test]
fn what_is_published_comes_back_bit_by_bit() {
    let (hub, folder) = (LocalHub::start(TOKEN), tempfile::tempdir().unwrap());
    let options = options(&hub, &folder.path().join("cache"));
    let run = sample::run(&folder.path().join("run"), 1);
    let mut steps = Vec::new();
    let pushed = push(&sample::package(&run, REPO), &Publish::default(), &options, &mut |event| steps.push(event)).unwrap();
    assert!(pushed.created && pushed.private && pushed.removed.is_empty(), "{pushed:?}");
    assert_eq!(pushed.url, format!("{}/{REPO}", hub.address));
    assert!(steps.contains(&Event::Step { what: "committing" }), "{steps:?}");
    {
        let state = hub.state();
        let repository = &state.repositories[REPO];
        assert!(repository.private);
        let commits = &repository.branches["main"];
        assert_eq!((commits.len(), commits[1].oid.as_str()), (2, pushed.commit.as_str()));
        assert!(commits[1].title.starts_with("vae on digits"), "{}", commits[1].title);
        let names: Vec<&str> = commits[1].files.keys().map(String::as_str).collect();
        let expected = [
            ".gitattributes",
            "README.md",
            "codes.json",
            "config.json",
            "log.jsonl",
            "model.safetensors",
            "record.json",
            "results.json",
            "samples.png",
            "spec.json",
        ];
        assert_eq!(names, expected);
        // Large files never go into the commit itself.
        assert!(matches!(&commits[1].files["model.safetensors"], Stored::Large { oid, .. } if *oid == run.record.weights_sha256));
    }
    assert_eq!(hub.commit_bodies().len(), 1);
    assert!(hub.commit_bodies()[0].len() < 100_000);

    let name = REPO.parse().unwrap();
    let mut events = Vec::new();
    let pulled = pull(&name, None, &options, &mut |event| events.push(format!("{event:?}"))).unwrap();
    assert_eq!(pulled.commit, pushed.commit);
    for (file, path) in &run.files {
        assert_eq!(fs::read(pulled.folder.join(file)).unwrap(), fs::read(path).unwrap(), "{file}");
    }
    assert!(events.iter().all(|e| !e.contains(TOKEN)), "{events:?}");
    let out = folder.path().join("pulled");
    pulled.copy_to(&out).unwrap();
    let again = RunFiles::open(&out).unwrap();
    assert_eq!(again.record, run.record);
    assert!(matches!(pulled.copy_to(&out), Err(Error::Exists { .. })));

    let pretrained = from_pretrained_with(REPO, &options, &mut |_| ()).unwrap();
    assert_eq!(pretrained.commit.as_deref(), Some(pushed.commit.as_str()));
    assert_eq!((&pretrained.record, pretrained.spec()), (&run.record, &run.record.spec));
    assert_eq!(pretrained.config.network, sample::description().network);
    for (name, tensor) in &run.weights.0 {
        let theirs = &pretrained.weights[name];
        assert_eq!(theirs.flatten_all().unwrap().to_vec1::<f32>().unwrap(), tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap());
        assert_eq!(theirs.dims(), tensor.dims());
    }
    // Without the network, from the cache.
    let asked = hub.state().seen.len();
    let offline = Options { offline: true, ..options.clone() };
    assert_eq!(from_pretrained_with(REPO, &offline, &mut |_| ()).unwrap().record, run.record);
    assert_eq!(from_pretrained_with(&format!("{REPO}@{}", pushed.commit), &offline, &mut |_| ()).unwrap().record, run.record);
    assert!(matches!(from_pretrained_with("some-lab/other", &offline, &mut |_| ()), Err(Error::Offline { .. })));
    assert_eq!(hub.state().seen.len(), asked);
    // Private: not for everybody.
    let stranger = Options { token: None, ..Options::new(&hub.address, folder.path().join("other-cache")) };
    assert!(matches!(from_pretrained_with(REPO, &stranger, &mut |_| ()), Err(Error::NoModel { .. })));
}

#[test]
fn a_second_push_is_one_commit_and_revisions_are_kept_apart() {
    let (hub, folder) = (LocalHub::start(TOKEN), tempfile::tempdir().unwrap());
    let options = options(&hub, &folder.path().join("cache"));
    let first = sample::run(&folder.path().join("1"), 1);
    let second = sample::run(&folder.path().join("2"), 2);
    let public = Publish { private: Some(false), message: Some("first".into()), ..Publish::default() };
    let one = publish(&first, &public, &options).unwrap();
    assert!(one.created && !one.private);
    hub.state().alter(REPO, |files| {
        files.insert("projection.json".into(), Stored::Inline(b"of an earlier form".to_vec()));
        files.insert("mine.txt".into(), Stored::Inline(b"put there by hand".to_vec()));
    });
    let two = publish(&second, &Publish { message: Some("second".into()), ..Publish::default() }, &options).unwrap();
    assert!(!two.created && !two.private && two.removed == ["projection.json"], "{two:?}");
    let branch = Publish { revision: Some("seed-1".into()), ..Publish::default() };
    let three = publish(&first, &branch, &options).unwrap();
    {
        let state = hub.state();
        let branches = &state.repositories[REPO].branches;
        let titles = |name: &str| branches[name].iter().map(|c| c.title.clone()).collect::<Vec<_>>();
        assert_eq!(titles("main"), ["initial commit", "first", "second"]);
        assert_eq!(branches["main"][2].oid, two.commit);
        assert!(branches["main"][2].files.contains_key("mine.txt") && !branches["main"][2].files.contains_key("projection.json"));
        assert_eq!(branches["seed-1"].last().unwrap().oid, three.commit);
    }
    let of = |name: &str| from_pretrained_with(name, &options, &mut |_| ()).unwrap().record.weights_sha256;
    assert_eq!(of(REPO), second.record.weights_sha256);
    assert_eq!(of(&format!("{REPO}@seed-1")), first.record.weights_sha256);
    assert_eq!(of(&format!("{REPO}@{}", two.commit)), second.record.weights_sha256);
    // A visibility that is not the repository's is not silently another's.
    let error = publish(&first, &Publish { private: Some(true), ..Publish::default() }, &options).unwrap_err();
    assert!(matches!(error, Error::Visibility { private: false, .. }), "{error}");
}

#[test]
fn every_refusal_is_clear_and_leaves_nothing_behind() {
    let (hub, folder) = (LocalHub::start(TOKEN), tempfile::tempdir().unwrap());
    let options = options(&hub, &folder.path().join("cache"));
    let run = sample::run(&folder.path().join("run"), 1);
    let requests = [
        ("GET", "/api/models/"),
        ("POST", "/api/repos/create"),
        ("POST", "/objects/batch"),
        ("POST", "/preupload/"),
        ("GET", "/xet-write-token/"),
        ("POST", "/commit/"),
    ];
    let troubles = [
        (Trouble::Status(401), "HF_TOKEN"),
        (Trouble::Status(403), "write access"),
        (Trouble::Status(409), "somebody else"),
        (Trouble::Status(413), "large"),
        (Trouble::Status(429), "wait 7 s"),
        (Trouble::Status(500), "500"),
        (Trouble::Cut, "connection"),
    ];
    for (method, fragment) in requests {
        for (trouble, expected) in troubles {
            // Every attempt fails, but the questions that come after the failure are answered.
            let times = if matches!(trouble, Trouble::Status(429 | 500..) | Trouble::Cut) { 2 } else { 1 };
            hub.trouble(method, fragment, times, trouble);
            let error = publish(&run, &Publish::default(), &options).unwrap_err();
            let text = error.to_string();
            let Error::Push { left, status, .. } = &error else { panic!("{fragment} {trouble:?}: {text}") };
            assert!(text.contains(expected) && text.contains(REPO), "{fragment} {trouble:?}: {text}");
            if let Trouble::Status(code) = trouble {
                assert_eq!(*status, Some(code), "{fragment} {trouble:?}: {text}");
            }
            assert!(matches!(left, Left::Unchanged | Left::Nothing), "{fragment} {trouble:?}: {text}");
            assert!(hub.state().repositories.is_empty(), "{fragment} {trouble:?} left a repository");
            hub.calm();
        }
    }
    // The same push, afterwards.
    publish(&run, &Publish::default(), &options).unwrap();
    // Into a repository that is there: it stays as it was, and a branch made for the push goes.
    let other = sample::run(&folder.path().join("other"), 2);
    for (trouble, _) in troubles {
        hub.trouble("POST", "/commit/", 2, trouble);
        let before = hub.state().repositories[REPO].branches.len();
        let error = publish(&other, &Publish { revision: Some("try".into()), ..Publish::default() }, &options).unwrap_err();
        assert!(matches!(error, Error::Push { left: Left::Nothing, .. }), "{trouble:?}: {error}");
        hub.calm();
        hub.trouble("POST", "/commit/", 2, trouble);
        let error = publish(&other, &Publish::default(), &options).unwrap_err();
        assert!(matches!(error, Error::Push { left: Left::Unchanged, .. }), "{trouble:?}: {error}");
        let state = hub.state();
        assert_eq!((state.repositories[REPO].branches.len(), state.repositories[REPO].branches["main"].len()), (before, 2));
        drop(state);
        hub.calm();
    }
}

#[test]
fn what_a_killed_push_left_is_finished_by_the_next() {
    let (hub, folder) = (LocalHub::start(TOKEN), tempfile::tempdir().unwrap());
    let options = options(&hub, &folder.path().join("cache"));
    let run = sample::run(&folder.path().join("run"), 1);
    // Killed after the repository was made, and after the branch was: both hold no run yet.
    for branch in ["main", "try"] {
        hub.state().put(REPO, branch, "initial commit", BTreeMap::new());
    }
    for revision in [None, Some("try".to_owned())] {
        let pushed = publish(&run, &Publish { revision: revision.clone(), ..Publish::default() }, &options).unwrap();
        let branch = revision.as_deref().unwrap_or("main");
        let state = hub.state();
        let commits = &state.repositories[REPO].branches[branch];
        assert_eq!((commits.len(), commits[1].oid.as_str()), (2, pushed.commit.as_str()), "{branch}");
        assert!(commits[1].files.contains_key("model.safetensors"), "{branch}");
    }
}

#[test]
fn an_answer_that_is_lost_is_not_taken_for_a_failure() {
    let (hub, folder) = (LocalHub::start(TOKEN), tempfile::tempdir().unwrap());
    let options = options(&hub, &folder.path().join("cache"));
    let run = sample::run(&folder.path().join("run"), 1);
    hub.trouble("POST", "/commit/", 1, Trouble::CutAfter);
    let pushed = publish(&run, &Publish::default(), &options).unwrap();
    let state = hub.state();
    let commits = &state.repositories[REPO].branches["main"];
    assert_eq!((commits.len(), commits[1].oid.as_str()), (2, pushed.commit.as_str()));
}

#[test]
fn weights_are_never_put_into_the_commit_itself() {
    let (hub, folder) = (LocalHub::start(TOKEN), tempfile::tempdir().unwrap());
    let options = options(&hub, &folder.path().join("cache"));
    let run = sample::run(&folder.path().join("run"), 1);
    hub.trouble("POST", "/objects/batch", 9, Trouble::Transfer("basic"));
    let error = publish(&run, &Publish::default(), &options).unwrap_err();
    assert!(matches!(&error, Error::Push { left: Left::Nothing, problem, .. } if problem.contains("basic")), "{error}");
    assert!(hub.commit_bodies().is_empty() && hub.state().repositories.is_empty());
}

#[test]
fn a_digest_that_is_not_ours_is_noticed_after_the_commit() {
    let (hub, folder) = (LocalHub::start(TOKEN), tempfile::tempdir().unwrap());
    let options = options(&hub, &folder.path().join("cache"));
    let run = sample::run(&folder.path().join("run"), 1);
    hub.trouble("HEAD", "/model.safetensors", 1, Trouble::Garbled);
    let error = publish(&run, &Publish::default(), &options).unwrap_err();
    assert!(matches!(error, Error::Push { left: Left::WrongContent, .. }), "{error}");
    assert!(error.to_string().contains(&run.record.weights_sha256), "{error}");
}

#[test]
fn what_cannot_be_published_is_refused_before_anything_is_asked() {
    let (hub, folder) = (LocalHub::start(TOKEN), tempfile::tempdir().unwrap());
    let options = options(&hub, &folder.path().join("cache"));
    let run = sample::run(&folder.path().join("run"), 1);
    let error = publish(&run, &Publish::default(), &Options { token: None, ..options.clone() }).unwrap_err();
    assert!(matches!(error, Error::NoToken { .. }) && error.to_string().contains("hf auth login"), "{error}");
    let error = publish(&run, &Publish::default(), &Options { offline: true, ..options.clone() }).unwrap_err();
    assert!(matches!(error, Error::Offline { .. }), "{error}");
    for wrong in ["a b", "../x", "0123456789abcdef0123456789abcdef01234567"] {
        let error = publish(&run, &Publish { revision: Some(wrong.into()), ..Publish::default() }, &options).unwrap_err();
        assert!(matches!(error, Error::Revision { .. }), "{error}");
    }
    assert!(hub.state().seen.is_empty());
    // A repository that a pull would refuse.
    publish(&run, &Publish::default(), &options).unwrap();
    hub.state().alter(REPO, |files| drop(files.insert("pytorch_model.bin".into(), Stored::Inline(b"PK\x03\x04".to_vec()))));
    let error = publish(&run, &Publish::default(), &options).unwrap_err();
    assert!(matches!(&error, Error::Pickle { file, .. } if file == "pytorch_model.bin"), "{error}");
    assert_eq!(hub.commit_bodies().len(), 1);
}

#[test]
fn a_dry_run_writes_what_a_push_sends() {
    let (hub, folder) = (LocalHub::start(TOKEN), tempfile::tempdir().unwrap());
    let options = options(&hub, &folder.path().join("cache"));
    let run = sample::run(&folder.path().join("run"), 1);
    let package = sample::package(&run, REPO);
    let dry = folder.path().join("dry");
    package.write(&dry).unwrap();
    assert!(matches!(package.write(&dry), Err(Error::Exists { .. })));
    assert!(hub.state().seen.is_empty());
    publish(&run, &Publish::default(), &options).unwrap();
    let state = hub.state();
    let files = &state.commit(REPO, "main").unwrap().files;
    assert_eq!(fs::read_dir(&dry).unwrap().count() + 1, files.len());
    for entry in fs::read_dir(&dry).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        assert_eq!(files[&name].content(), fs::read(entry.path()).unwrap(), "{name}");
    }
    assert_eq!(Pretrained::open(&dry).unwrap().record, run.record);
}
