//! The ranges of sections against reading; the schema against the files in the repository.

use std::{
    ops::Bound::{Excluded, Included},
    path::{Path, PathBuf},
};

use vimae_core::settings::{Domain, Setting};
use vimae_spec::Experiment;

use super::*;

const BASE: &str = "version = 1\n[dataset]\nname = \"digits\"\n[model]\nname = \"mlp\"\n[methods.vae.objective]\nname = \"vae\"\n";

fn reads(section: &str, key: &str, value: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.toml");
    std::fs::write(&path, format!("{BASE}[{section}]\n{key} = {value}\n")).unwrap();
    Experiment::load(&path).is_ok()
}

#[test]
fn the_ends_of_every_range_are_read_and_what_lies_beyond_is_refused() {
    let sections =
        [("training", Schema::of::<Training>()), ("evaluation", Schema::of::<Evaluation>()), ("resources", Schema::of::<Resources>())];
    for (section, schema) in sections {
        for Setting { name, domain, .. } in schema.settings() {
            let good: Vec<String> = domain.ends().iter().map(Value::to_string).collect();
            let bad: Vec<String> = match &domain {
                Domain::Integer(0, max) => vec!["-1".into(), (max + 1).to_string()],
                Domain::Integer(min, max) => vec![(min - 1).to_string(), (max + 1).to_string()],
                Domain::Number(Excluded(min), Included(max)) => vec![format!("{min:?}"), format!("{:?}", max.next_up())],
                Domain::Number(Included(min), Excluded(max)) => vec![format!("{:?}", min.next_down()), format!("{max:?}")],
                Domain::Number(Included(min), Included(max)) => vec![format!("{:?}", min.next_down()), format!("{:?}", max.next_up())],
                Domain::Word(_) => vec!["\"\"".into(), "\"two words\"".into()],
                Domain::Switch => vec!["1".into()],
                Domain::List(_) | Domain::Choice(_) | Domain::Any => vec!["\"nothing_of_these\"".into()],
                Domain::Number(..) => panic!("{section}.{name}: {domain:?}"),
            };
            for value in good {
                assert!(reads(section, &name, &value), "{section}.{name} = {value} is refused");
            }
            for value in bad {
                assert!(!reads(section, &name, &value), "{section}.{name} = {value} is accepted");
            }
        }
    }
    assert!(reads("resources", "partition", "\"a-b_c.1,d\""));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().into()
}

/// Every experiment file, those to include too; the paper's numbers are none.
fn files() -> Vec<PathBuf> {
    let folders = std::fs::read_dir(root().join("experiments")).unwrap().map(|f| f.unwrap().path());
    let mut files: Vec<PathBuf> = folders
        .filter(|f| f.is_dir())
        .flat_map(|f| std::fs::read_dir(f).unwrap().map(|e| e.unwrap().path()))
        .filter(|f| f.extension().is_some_and(|e| e == "toml") && f.file_name().is_some_and(|n| n != "targets.toml"))
        .collect();
    files.sort();
    assert!(files.len() > 10, "{files:?}");
    files
}

#[test]
fn the_schema_in_the_repository_is_this_one_and_every_file_names_it() {
    let text = std::fs::read_to_string(root().join("experiments/schema.json")).unwrap();
    let found: Value = serde_json::from_str(&text).unwrap();
    assert!(found == schema(), "experiments/schema.json is old: cargo xtask spec schema > experiments/schema.json");
    for file in files() {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("#:schema ../schema.json\n"), "{} has no line #:schema ../schema.json", file.display());
    }
}

#[test]
fn a_data_set_is_named_alone_by_a_name_that_there_is_or_with_its_path() {
    let schema = schema();
    let any = schema["definitions"]["dataset"]["anyOf"].as_array().unwrap();
    assert!(any.iter().all(|one| one["type"] != "string" || one["pattern"] == "^(arrays|folder|table):."), "{any:?}");
    assert_eq!(any[0]["enum"], json!(["celeba", "cifar10", "digits", "mnist", "omniglot"]));
}

#[test]
fn every_experiment_passes_the_check() {
    let mut estimator = crate::Estimator::new(&candle_core::Device::Cpu);
    let mut shelf = crate::Shelf::new(crate::Sources::default());
    let paper = crate::paper(&root().join("experiments")).unwrap();
    for file in files().iter().filter(|f| !f.parent().unwrap().ends_with("base")) {
        let experiment = crate::check_experiment(file, &paper, &mut estimator, &mut shelf).unwrap();
        assert!(!experiment.runs(1).is_empty(), "{}", file.display());
    }
}

#[test]
fn the_schema_accepts_our_files_and_refuses_mistakes() {
    let python = vimae_testing::need!(vimae_testing::python(&["jsonschema"]));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("schema.json"), schema().to_string()).unwrap();
    let mut cases: Vec<(String, Value, bool)> = Vec::new();
    for file in files() {
        let table: toml::Table = toml::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        cases.push((file.display().to_string(), serde_json::to_value(table).unwrap(), true));
    }
    for (text, right) in [
        (format!("{BASE}[training]\nepocs = 1\n"), false),
        (format!("{BASE}[training]\nepochs = 0\n"), false),
        (format!("{BASE}[evaluation]\nmetrics = [\"nothing\"]\n"), false),
        (format!("{BASE}[evaluation.settings.ais]\nchains = 0\n"), false),
        (BASE.replace("name = \"mlp\"", "name = \"mlp\"\nwidht = 3"), false),
        (BASE.replace("name = \"mlp\"", "widht = 3"), false),
        (BASE.replace("name = \"mlp\"", "width = 3"), true),
        (BASE.replace("\"mlp\"", "\"cnn\""), false),
        (BASE.replace("\"digits\"", "\"folder:images\""), true),
        (BASE.replace("\"digits\"", "\"arrays:set.npz\""), true),
        (BASE.replace("\"digits\"", "\"table:owner/name\""), true),
        (BASE.replace("\"digits\"", "\"digits:set.npz\""), false),
        (BASE.replace("[dataset]\nname", "dataset"), true),
        (BASE.replace("[dataset]\nname = \"digits\"", "dataset = \"table:owner/name\""), true),
        (BASE.replace("[dataset]\nname = \"digits\"", "dataset = \"nope\""), false),
        (BASE.replace("[dataset]\nname = \"digits\"", "dataset = \"nope:images\""), false),
        (BASE.replace("version = 1", "version = 2"), false),
        (BASE.replace("version = 1", "version = 1\nexpect = [{ metric = \"rate\", below = 3.5 }]"), true),
        (BASE.replace("version = 1", "version = 1\nexpect = [{ metric = \"rate\" }]"), false),
        (format!("{BASE}[grid]\n\"objective.beta\" = [1, 2]\n"), true),
        (format!("{BASE}[grid]\n\"objectiv.beta\" = [1, 2]\n"), false),
    ] {
        let table: toml::Table = toml::from_str(&text).unwrap();
        cases.push((text, serde_json::to_value(table).unwrap(), right));
    }
    let documents: Vec<&Value> = cases.iter().map(|(_, document, _)| document).collect();
    std::fs::write(folder.path().join("cases.json"), serde_json::to_string(&documents).unwrap()).unwrap();
    let script = "import json, jsonschema\n\
                  schema = json.load(open('schema.json'))\n\
                  jsonschema.Draft7Validator.check_schema(schema)\n\
                  right = jsonschema.Draft7Validator(schema).is_valid\n\
                  print(json.dumps([right(case) for case in json.load(open('cases.json'))]))\n";
    let output = std::process::Command::new(&python).args(["-c", script]).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let verdicts: Vec<bool> = serde_json::from_slice(&output.stdout).unwrap();
    for ((name, _, right), verdict) in cases.iter().zip(verdicts) {
        assert_eq!(*right, verdict, "{name}");
    }
}
