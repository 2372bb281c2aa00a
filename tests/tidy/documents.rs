//! Documents for users are true: their links lead somewhere, and the page on experiments has every key and working examples.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use candle_core::Device;
use serde_json::Value;
use vimae_lab::{Estimator, Shelf, Sources};
use vimae_tests::root;

const EXPERIMENTS: &str = "docs/experiments.md";

/// Every Markdown file at the top, in `docs` and beside a crate.
fn documents() -> Result<Vec<PathBuf>> {
    let mut folders = vec![root(), root().join("docs"), root().join("examples")];
    folders.extend(fs::read_dir(root().join("crates"))?.flatten().map(|entry| entry.path()));
    let mut found = Vec::new();
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        found.extend(fs::read_dir(folder)?.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "md")));
    }
    Ok(found)
}

/// The text without its blocks of code, and those blocks.
fn parts(text: &str) -> (String, Vec<&str>) {
    let pieces: Vec<&str> = text.split("```").collect();
    (pieces.iter().step_by(2).copied().collect(), pieces.into_iter().skip(1).step_by(2).collect())
}

#[test]
fn links_within_the_repository_lead_somewhere() -> Result<()> {
    let documents = documents()?;
    assert!(documents.len() > 10, "{documents:?}");
    for document in documents {
        let text = fs::read_to_string(&document)?;
        let (prose, _) = parts(&text);
        for link in prose.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next()) {
            let file = link.split('#').next().unwrap_or_default();
            let folder = document.parent().unwrap_or(Path::new(""));
            let outside = link.starts_with("http") || file.is_empty();
            assert!(outside || folder.join(file).exists(), "{}: {link} is not there", document.display());
        }
    }
    Ok(())
}

/// What the crates of the workspace depend on: each name with the rest of its line.
fn dependencies() -> Result<BTreeMap<String, String>> {
    let manifest = fs::read_to_string(root().join("Cargo.toml"))?;
    let table = manifest.split("[workspace.dependencies]\n").nth(1).context("the table of dependencies")?;
    let lines = table.lines().take_while(|line| !line.starts_with('['));
    Ok(lines.filter_map(|line| line.split_once(" = ")).map(|(name, rest)| (name.to_owned(), rest.to_owned())).collect())
}

/// Whether code has a path that begins with a crate.
fn takes(code: &str, crate_name: &str) -> bool {
    let begins = |at: usize| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
    code.match_indices(&format!("{crate_name}::")).any(|(at, _)| begins(at))
}

#[test]
fn what_a_readme_says_to_depend_on_is_what_its_examples_take() -> Result<()> {
    let dependencies = dependencies()?;
    let mut checked = 0;
    for readme in documents()?.into_iter().filter(|document| document.ends_with("README.md")) {
        let text = fs::read_to_string(&readme)?;
        let (_, blocks) = parts(&text);
        let Some(table) = blocks.iter().find_map(|block| block.strip_prefix("toml\n[dependencies]\n")) else { continue };
        checked += 1;
        let listed: BTreeMap<&str, &str> = table.lines().filter_map(|line| line.split_once(" = ")).collect();
        for (name, ours) in &dependencies {
            let taken = blocks.iter().any(|block| block.starts_with("rust") && takes(block, &name.replace('-', "_")));
            let theirs = listed.get(name.as_str());
            assert!(!taken || theirs.is_some(), "{}: an example takes {name}", readme.display());
            // Types of another version are other types. A crate of ours is a path.
            let same = theirs.is_none_or(|theirs| !theirs.starts_with('"') || ours.contains(*theirs));
            assert!(same, "{}: {name} is {theirs:?}, here {ours}", readme.display());
        }
    }
    assert!(checked >= 9, "{checked}");
    let candle = dependencies["candle-core"].split('"').nth(1).context("a version")?;
    let card = fs::read_to_string(root().join("crates/hub/src/card.rs"))?;
    assert!(card.contains(&format!("const CANDLE: &str = \"{candle}\";")), "the model card names another candle than {candle}");
    Ok(())
}

#[test]
fn the_python_package_has_the_version_of_the_crates() -> Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    for (file, line) in
        [("pyproject.toml", format!("version = \"{version}\"")), ("vimae/__init__.py", format!("__version__ = \"{version}\""))]
    {
        let text = fs::read_to_string(root().join("python").join(file))?;
        assert!(text.lines().any(|found| found == line), "python/{file} has no line {line}");
    }
    Ok(())
}

/// The names of all properties below `schema`, and of the components that its sections choose among.
fn keys(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::Object(properties)) = object.get("properties") {
                found.extend(properties.keys().cloned());
                found.extend(properties.get("name").and_then(|name| name["const"].as_str()).map(str::to_owned));
            }
            object.values().for_each(|value| keys(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| keys(value, found)),
        _ => {}
    }
}

#[test]
fn the_page_on_experiments_has_every_key_and_component() -> Result<()> {
    let page = fs::read_to_string(root().join(EXPERIMENTS))?;
    let schema: Value = serde_json::from_str(&fs::read_to_string(root().join("experiments/schema.json"))?)?;
    let mut known = BTreeSet::new();
    keys(&schema, &mut known);
    assert!(known.len() > 100, "{known:?}");
    let missing: Vec<&String> = known.iter().filter(|key| !page.contains(&format!("`{key}`"))).collect();
    assert!(missing.is_empty(), "{EXPERIMENTS} does not have {missing:?}");
    Ok(())
}

#[test]
fn the_examples_on_that_page_are_experiments() -> Result<()> {
    let page = fs::read_to_string(root().join(EXPERIMENTS))?;
    let examples: Vec<&str> = parts(&page).1.into_iter().filter_map(|block| block.strip_prefix("toml\n")).collect();
    let whole: Vec<&&str> = examples.iter().filter(|text| text.starts_with("#:schema")).collect();
    assert!(whole.len() >= 3, "{examples:?}");
    // Includes are relative to the file, as in the repository.
    let folder = tempfile::tempdir()?;
    for name in ["base", "mine"] {
        fs::create_dir(folder.path().join(name))?;
    }
    for entry in fs::read_dir(root().join("experiments/base"))?.flatten() {
        fs::copy(entry.path(), folder.path().join("base").join(entry.file_name()))?;
    }
    let paper = vimae_lab::paper(&root().join("experiments"))?;
    let (mut estimator, mut shelf) = (Estimator::new(&Device::Cpu), Shelf::new(Sources::default()));
    for (number, text) in whole.iter().enumerate() {
        let file = folder.path().join(format!("mine/example{}.toml", number + 1));
        fs::write(&file, text)?;
        let experiment = vimae_lab::check_experiment(&file, &paper, &mut estimator, &mut shelf);
        let experiment = experiment.with_context(|| format!("{EXPERIMENTS}, example {}", number + 1))?;
        assert!(!experiment.runs(1).is_empty());
    }
    Ok(())
}

/// Folders of entries whose openings stand on the catalogue page.
const SHOWN: [&str; 13] = [
    "objectives/src",
    "objectives/src/noise",
    "objectives/src/divergence",
    "objectives/src/likelihood",
    "corruptions/src",
    "priors/src",
    "priors/src/sampler",
    "models/src",
    "continual/src/stream",
    "continual/src/strategy",
    "metrics/src",
    "metrics/src/accuracy/classifiers",
    "datasets/src",
];

#[test]
fn openings_on_the_catalogue_page_have_no_links_into_the_code() -> Result<()> {
    let mut checked = 0;
    for folder in SHOWN {
        for entry in fs::read_dir(root().join("crates").join(folder))? {
            let path = entry?.path();
            let text = if path.is_file() { fs::read_to_string(&path)? } else { continue };
            if text.contains("ENTRY") {
                let opening: String = text.lines().take_while(|line| line.starts_with("//!")).collect();
                assert!(!opening.contains("[`") && !opening.contains("]("), "{} links to code that a reader has not", path.display());
                checked += 1;
            }
        }
    }
    assert!(checked > 70, "{checked}");
    Ok(())
}
