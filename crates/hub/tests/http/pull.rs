//! What a Hub may send back that is not what was published.

use std::{collections::BTreeMap, fs, path::Path};

use vimae_hub::{Error, Options, Pretrained, Publish, Pulled, RunFiles, from_pretrained_with, pull, push, read_weights};

use crate::{
    REPO, TOKEN,
    local_hub::{LocalHub, Trouble, store::Stored},
    options, sample,
};

struct Published {
    hub: LocalHub,
    folder: tempfile::TempDir,
    run: RunFiles,
    options: Options,
}

/// A Hub with one published run, and a cache that has none of it.
fn published() -> Published {
    let (hub, folder) = (LocalHub::start(TOKEN), tempfile::tempdir().unwrap());
    let options = options(&hub, &folder.path().join("cache"));
    let run = sample::run(&folder.path().join("run"), 1);
    push(&sample::package(&run, REPO), &Publish::default(), &options, &mut |_| ()).unwrap();
    Published { hub, folder, run, options }
}

impl Published {
    fn pull(&self) -> Result<Pulled, Error> {
        let mut told = String::new();
        let result = pull(&REPO.parse().unwrap(), None, &self.options, &mut |event| told += &format!("{event:?}"));
        let shown = format!("{told}{result:?}{}", result.as_ref().map_or_else(ToString::to_string, |_| String::new()));
        assert!(!shown.contains(TOKEN) && !shown.contains("Signature"), "{shown}");
        result
    }

    /// Changes a JSON file of the repository.
    fn edit(&self, file: &str, change: impl FnOnce(&mut serde_json::Value)) {
        self.hub.state().alter(REPO, |files| {
            let mut value = serde_json::from_slice(files[file].content()).unwrap();
            change(&mut value);
            files.insert(file.into(), Stored::Inline(serde_json::to_vec(&value).unwrap()));
        });
    }
}

#[test]
fn refusals_and_broken_connections_are_said_and_leave_no_half_files() {
    let here = published();
    let requests = [("GET", "/api/models/"), ("HEAD", "/config.json"), ("HEAD", "/model.safetensors"), ("GET", "/store/")];
    let troubles = [
        (Trouble::Status(401), "HF_TOKEN"),
        (Trouble::Status(403), ""),
        (Trouble::Status(409), "409"),
        (Trouble::Status(413), "413"),
        (Trouble::Status(429), "wait 7 s"),
        (Trouble::Status(500), "500"),
        (Trouble::Cut, ""),
    ];
    for (method, fragment) in requests {
        for (trouble, expected) in troubles {
            here.hub.trouble(method, fragment, 2, trouble);
            let error = here.pull().unwrap_err();
            assert!(error.to_string().contains(expected), "{fragment} {trouble:?}: {error}");
            here.hub.calm();
            assert!(matches!(
                pull(&REPO.parse().unwrap(), None, &Options { offline: true, ..here.options.clone() }, &mut |_| ()),
                Err(Error::Offline { .. })
            ));
        }
    }
    // A connection that breaks in the middle of the weights goes on where it stopped.
    here.hub.trouble("GET", "/store/", 1, Trouble::Part(100_000));
    let pulled = here.pull().unwrap();
    assert_eq!(fs::read(pulled.folder.join("model.safetensors")).unwrap(), fs::read(here.run.folder.join("model.safetensors")).unwrap());
    let state = here.hub.state();
    assert!(state.seen.iter().any(|s| s.path.starts_with("/store/") && s.range.as_deref() == Some("bytes=100000-")));
    // The token goes to the Hub alone, and what is in the cache holds none.
    drop(state);
    assert!(!holds(&here.options.cache, TOKEN));
}

fn holds(folder: &Path, word: &str) -> bool {
    fs::read_dir(folder).unwrap().flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() { holds(&path, word) } else { fs::read(&path).is_ok_and(|b| b.windows(word.len()).any(|w| w == word.as_bytes())) }
    })
}

#[test]
fn other_content_than_was_published_is_refused() {
    let here = published();
    here.hub.trouble("GET", "/store/", 1, Trouble::Garbled);
    let error = here.pull().unwrap_err();
    assert!(matches!(error, Error::Digest { algorithm: "sha256", .. }), "{error}");
    // Other weights under the name, with a digest of their own on the Hub.
    let other = sample::run(&here.folder.path().join("other"), 2);
    let content = fs::read(other.folder.join("model.safetensors")).unwrap();
    let oid = other.record.weights_sha256.clone();
    here.hub.state().alter(REPO, |files| drop(files.insert("model.safetensors".into(), Stored::Large { oid, content })));
    let error = here.pull().unwrap_err();
    assert!(matches!(&error, Error::Digest { expected, .. } if *expected == here.run.record.weights_sha256), "{error}");
    // A record that was changed, and a configuration that agrees with the change: the specification's digest tells.
    let here = published();
    here.edit("record.json", |record| record["spec"]["seed"] = 9.into());
    let changed = here.hub.state().commit(REPO, "main").unwrap().files["record.json"].content().to_vec();
    let sha256 = vimae_spec::sha256_hex(&changed);
    here.edit("config.json", |config| config["files"]["record.json"] = serde_json::json!({ "sha256": sha256, "bytes": changed.len() }));
    let error = from_pretrained_with(REPO, &here.options, &mut |_| ()).unwrap_err();
    assert!(matches!(&error, Error::Damaged { file, .. } if file.ends_with("record.json")), "{error}");
    // A file of the cache that changed after it was brought.
    let here = published();
    let pulled = here.pull().unwrap();
    let log = fs::canonicalize(pulled.folder.join("log.jsonl")).unwrap();
    fs::write(&log, "changed").unwrap();
    let error = here.pull().unwrap_err();
    assert!(matches!(&error, Error::Damaged { file, .. } if *file == log.display().to_string()), "{error}");
    assert!(error.to_string().ends_with("delete it, and the next call brings it again"), "{error}");
    fs::remove_file(&log).unwrap();
    here.pull().unwrap();
    // No call brings a file of a directory.
    let copy = here.folder.path().join("copy");
    pulled.copy_to(&copy).unwrap();
    fs::write(copy.join("log.jsonl"), "changed").unwrap();
    let error = Pretrained::open(&copy).unwrap_err().to_string();
    assert!(error.ends_with("take it again from where the directory comes from"), "{error}");
}

#[test]
fn a_configuration_or_card_other_than_was_published_is_deleted_and_told() {
    for (file, fragment) in [("config.json", "/config.json"), ("README.md", "/README.md")] {
        let here = published();
        here.hub.trouble("GET", fragment, 1, Trouble::Garbled);
        let error = here.pull().unwrap_err();
        assert!(matches!(&error, Error::Digest { algorithm: "git sha1", .. }), "{file}: {error}");
        assert!(error.to_string().ends_with("the file was deleted"), "{file}: {error}");
        let pulled = here.pull().unwrap();
        let content = here.hub.state().commit(REPO, "main").unwrap().files[file].content().to_vec();
        assert_eq!(fs::read(pulled.folder.join(file)).unwrap(), content, "{file}");
        // Changed in the cache after it was brought.
        let blob = fs::canonicalize(pulled.folder.join(file)).unwrap();
        fs::write(&blob, [&content[..], b" "].concat()).unwrap();
        let error = here.pull().unwrap_err();
        assert!(matches!(&error, Error::Damaged { file, .. } if *file == blob.display().to_string()), "{file}: {error}");
        fs::remove_file(&blob).unwrap();
        here.pull().unwrap();
    }
}

#[test]
fn pickles_are_refused_whatever_they_are_called() {
    let here = published();
    here.hub.state().alter(REPO, |files| drop(files.insert("pytorch_model.bin".into(), Stored::Inline(b"PK\x03\x04".to_vec()))));
    let error = here.pull().unwrap_err();
    assert!(matches!(&error, Error::Pickle { file, .. } if file == "pytorch_model.bin"), "{error}");
    assert!(!here.hub.state().seen.iter().any(|s| s.path.contains("pytorch_model.bin")), "it was brought");
    // Renamed, with every digest made to fit.
    let here = published();
    let pickle = b"\x80\x02ccollections\nOrderedDict\nq\x00)Rq\x01.".to_vec();
    let sha256 = vimae_spec::sha256_hex(&pickle);
    let digest = serde_json::json!({ "sha256": sha256, "bytes": pickle.len() });
    here.hub
        .state()
        .alter(REPO, |files| drop(files.insert("model.safetensors".into(), Stored::Large { oid: sha256.clone(), content: pickle })));
    here.edit("config.json", |config| config["files"]["model.safetensors"] = digest);
    let error = from_pretrained_with(REPO, &here.options, &mut |_| ()).unwrap_err();
    assert!(matches!(&error, Error::Pickle { file, .. } if file == "model.safetensors"), "{error}");
}

#[test]
fn repositories_of_others_and_of_later_versions_are_named() {
    let here = published();
    here.edit("config.json", |config| config["format"] = 2.into());
    let error = here.pull().unwrap_err();
    assert!(matches!(&error, Error::Format { file, found: 2, known: 1 } if file.ends_with("config.json")), "{error}");
    for hostile in ["../../.bashrc", "/etc/passwd", "a/b", ".hidden"] {
        let here = published();
        here.edit("config.json", |config| config["files"][hostile] = serde_json::json!({ "sha256": "0".repeat(64), "bytes": 1 }));
        let error = here.pull().unwrap_err();
        assert!(matches!(&error, Error::Damaged { file, .. } if file.ends_with("config.json")), "{hostile}: {error}");
    }
    let here = published();
    here.hub.state().alter(REPO, |files| drop(files.remove("config.json")));
    let error = here.pull().unwrap_err();
    assert!(matches!(error, Error::NoModel { .. }) && error.to_string().contains("hub push"), "{error}");
    let error = pull(&"some-lab/absent".parse().unwrap(), None, &here.options, &mut |_| ()).unwrap_err();
    assert!(matches!(&error, Error::NoModel { place, .. } if place.contains("some-lab/absent")), "{error}");
    let error = pull(&REPO.parse().unwrap(), Some("v9"), &here.options, &mut |_| ()).unwrap_err();
    assert!(error.to_string().contains("v9"), "{error}");
    assert!(matches!(from_pretrained_with("not a name", &here.options, &mut |_| ()), Err(Error::Name { .. })));
    assert!(matches!(from_pretrained_with(&format!("{REPO}@a b"), &here.options, &mut |_| ()), Err(Error::Revision { .. })));
}

#[test]
fn folders_that_are_no_finished_run_say_what_they_lack() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let open = |name: &str| RunFiles::open(&at(name)).unwrap_err().to_string();
    fs::create_dir(at("empty")).unwrap();
    assert!(open("empty").contains("give the folder of a finished run"), "{}", open("empty"));
    sample::run(&at("unfinished"), 1);
    fs::remove_file(at("unfinished").join("record.json")).unwrap();
    assert!(open("unfinished").contains("not finished"), "{}", open("unfinished"));
    sample::run(&at("swapped"), 1);
    sample::run(&at("other"), 2);
    fs::copy(at("other").join("model.safetensors"), at("swapped").join("model.safetensors")).unwrap();
    assert!(open("swapped").contains("the record beside it is of weights"), "{}", open("swapped"));
    sample::run(&at("later"), 1);
    let text = fs::read_to_string(at("later").join("record.json")).unwrap().replace("\"format\": 3", "\"format\": 7");
    fs::write(at("later").join("record.json"), text).unwrap();
    assert!(open("later").contains("format 7 is not 3"), "{}", open("later"));
    sample::run(&at("number"), 1);
    let text = fs::read_to_string(at("number").join("record.json")).unwrap().replace("88.0", "89.0");
    fs::write(at("number").join("record.json"), text).unwrap();
    assert!(open("number").contains("record.json: was changed"), "{}", open("number"));
    sample::run(&at("emptied"), 1);
    fs::write(at("emptied").join("log.jsonl"), "").unwrap();
    assert!(open("emptied").contains("log.jsonl: was changed or damaged"), "{}", open("emptied"));
    sample::run(&at("spec"), 1);
    fs::copy(at("other").join("spec.json"), at("spec").join("spec.json")).unwrap();
    assert!(open("spec").contains("spec.json: is not the specification of the record"), "{}", open("spec"));
    sample::run(&at("image"), 1);
    fs::remove_file(at("image").join("samples.png")).unwrap();
    assert!(open("image").contains("samples.png: is missing"), "{}", open("image"));
    sample::run(&at("path"), 1);
    let mut record = RunFiles::open(&at("path")).unwrap().record;
    record.figures[0].file = "../secret.png".into();
    sample::write_record(&at("path"), &record);
    assert!(open("path").contains("lies in the folder itself"), "{}", open("path"));
    assert!(Pretrained::open(&at("other")).is_ok(), "a run's own folder is a model");
    fs::remove_file(at("other").join("config.json")).unwrap();
    assert!(matches!(Pretrained::open(&at("other")), Err(Error::NoModel { .. })));
}

#[test]
fn weights_that_pytorch_wrote_are_read() {
    // Made by safetensors.torch.save_file of a small module with a batch norm, half of it in float16.
    let (weights, _) = read_weights(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pytorch.safetensors")).unwrap();
    let shapes: BTreeMap<&str, &[usize]> = weights.iter().map(|(name, t)| (name.as_str(), t.dims())).collect();
    let expected: BTreeMap<&str, &[usize]> = [
        ("encoder.bn0.bias", [3].as_slice()),
        ("encoder.bn0.running_mean", &[3]),
        ("encoder.bn0.running_var", &[3]),
        ("encoder.bn0.weight", &[3]),
        ("encoder.mean.bias", &[2]),
        ("encoder.mean.weight", &[2, 3]),
    ]
    .into();
    assert_eq!(shapes, expected);
    assert_eq!(weights["encoder.mean.weight"].to_vec2::<f32>().unwrap(), [[0.5, -1.0, 2.0], [0.25, 4.0, -8.0]]);
    assert_eq!(weights["encoder.bn0.running_var"].to_vec1::<f32>().unwrap(), [1.0, 1.0, 1.0]);
}
