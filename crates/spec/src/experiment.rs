//! Experiment files: include, override, methods, grid, seeds.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use toml::{
    Table, Value,
    de::{DeTable, Deserializer},
};

pub(crate) mod changes;
mod grid;
mod sections;

use crate::{
    Component, Error, Evaluation, Expectation, Resources, Result, RunSpec, Training,
    error::unread,
    expected::{in_words, of_file, whole},
    run::{CODE, SEEDS},
    section::{check_finite, check_range},
};

/// The version of the form that this code reads.
const VERSION: i64 = 1;
/// Files that may include one another before it must be a circle.
const MAX_INCLUDES: usize = 16;
/// Characters of a method's name at most.
const LONGEST_NAME: usize = 60;

/// An experiment: several methods on one data set, each to be run with several seeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Experiment {
    /// The file it came from.
    pub path: PathBuf,
    /// The file's name without ending.
    pub name: String,
    /// One line for the page.
    pub title: String,
    /// What a reader should know.
    pub about: String,
    /// Tables and figures of the paper that it gives cells for.
    pub targets: Vec<String>,
    /// The paper's data set that these cells are held against; the runs' own where absent.
    pub paper_dataset: Option<String>,
    /// Whether it is left out, with a word, where its data is not on this machine; otherwise that is an error.
    pub optional: bool,
    /// Seeds where the command line says nothing.
    pub seeds: u64,
    /// What a cluster should give each run.
    pub resources: Resources,
    /// What its author expects of its numbers.
    pub expect: Vec<Expectation>,
    /// What a reader should know of how it was read: keys that were skipped for a method.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// One run of each method and grid point, with seed 0.
    runs: Vec<RunSpec>,
}

/// What reading an experiment needs to know of the catalogues.
pub trait Catalogues {
    /// Whether the component of a run that a dotted key leads to (`objective.beta`) has that setting. `named` gives the name of the
    /// component in a section, where the run names one.
    fn takes(&self, named: &dyn Fn(&str) -> Option<String>, key: &str) -> bool;

    /// The name of a data set as it is written in a file in `folder`, good from everywhere.
    fn dataset(&self, name: &str, folder: &Path) -> String;
}

/// Nothing is known: all is taken as it is.
struct Unknown;

impl Catalogues for Unknown {
    fn takes(&self, _: &dyn Fn(&str) -> Option<String>, _: &str) -> bool {
        true
    }

    fn dataset(&self, name: &str, _: &Path) -> String {
        name.into()
    }
}

/// One file as written. Everything may be absent, since it may come from or go to another file; what
/// is there is checked here, where file and line are known. Components are checked by their catalogues.
#[derive(Debug, Deserialize)]
struct File {
    version: i64,
    #[serde(default)]
    title: String,
    #[serde(default)]
    about: String,
    #[serde(default)]
    include: Vec<PathBuf>,
    #[serde(default)]
    targets: Vec<String>,
    #[serde(default)]
    paper_dataset: Option<String>,
    #[serde(default)]
    optional: bool,
    #[serde(default = "one")]
    seeds: u64,
    #[serde(default)]
    resources: Resources,
    #[serde(default)]
    expect: Vec<Expectation>,
    #[serde(default)]
    methods: BTreeMap<String, Method>,
    #[serde(default)]
    training: Training,
    #[serde(default)]
    evaluation: Evaluation,
}

/// What one method sets differently.
#[derive(Debug, Deserialize)]
struct Method {
    #[serde(default)]
    training: Training,
    #[serde(default)]
    evaluation: Evaluation,
}

fn one() -> u64 {
    1
}

impl Experiment {
    /// Reads an experiment file and what it includes, checks it, and expands methods and grid.
    ///
    /// # Errors
    /// Naming the file, the key and what is allowed there.
    pub fn load(path: &Path) -> Result<Self> {
        Self::load_with(path, &[], &Unknown)
    }

    /// Reads an experiment file as [`load`](Self::load) does, with `changes`, each `KEY=VALUE` with a dotted key. A key of the grid
    /// or of a change that a method's component does not have is skipped for it, where another method's has it.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_with(path: &Path, changes: &[String], catalogues: &dyn Catalogues) -> Result<Self> {
        if path.is_dir() {
            return Err(Error::form(path, "is a directory; give an experiment file"));
        }
        let text = std::fs::read_to_string(path).map_err(|source| Error::File { path: path.into(), source })?;
        Self::parse(&text, path, changes, catalogues)
    }

    /// Reads the text of an experiment file that might stand at `path`, as [`load_with`](Self::load_with) does.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn parse(text: &str, path: &Path, changes: &[String], catalogues: &dyn Catalogues) -> Result<Self> {
        let mut table = read(text, path, 0, catalogues)?;
        let changes = changes::apply(changes, &mut table, path)?;
        check_finite(path, &table)?;
        check_finite(path, &changes.iter().cloned().collect())?;
        let head: File = table.clone().try_into().map_err(|e| Error::form(path, in_words(e)))?;
        check(path, &head)?;
        let methods = take_table(&mut table, "methods");
        let grid = take_table(&mut table, "grid");
        for key in sections::HEAD {
            table.remove(key);
        }
        if methods.is_empty() {
            let problem = "there is no section [methods]; the shortest is [methods.vae] with the line objective = \"vae\" below it";
            return Err(Error::form(path, problem));
        }
        if let Some(name) = methods.keys().find(|name| !is_method_name(name)) {
            return Err(Error::Range {
                path: path.into(),
                key: "methods".into(),
                given: format!("{name:?}"),
                allowed: format!(
                    "a name of 1 to {LONGEST_NAME} characters without brackets and control characters, with no dot at its beginning"
                ),
            });
        }
        if let Some(name) = head.expect.iter().flat_map(Expectation::methods).find(|name| !methods.contains_key(*name)) {
            let problem =
                format!("expect: there is no method \"{name}\"; there are: {}", methods.keys().cloned().collect::<Vec<_>>().join(", "));
            return Err(Error::form(path, problem));
        }
        let with_base = |(method, overrides): (String, Value)| {
            let mut base = table.clone();
            merge(&mut base, overrides.as_table().cloned().unwrap_or_default());
            (method, base)
        };
        let methods: Vec<(String, Table)> = methods.into_iter().map(with_base).collect();
        let takes = |run: &Table, key: &str| {
            let named = |part: &str| run.get(part)?.get("name")?.as_str().map(String::from);
            catalogues.takes(&named, key)
        };
        let expanded = grid::expand(&methods, &grid, &changes, &takes, path)?;
        let mut runs = Vec::new();
        for (method, mut run) in expanded.runs {
            sections::check_present(path, &method, &run)?;
            run.insert("method".into(), Value::String(method.clone()));
            run.insert("seed".into(), Value::Integer(0));
            for section in ["training", "evaluation"] {
                run.entry(section).or_insert_with(|| Value::Table(Table::new()));
            }
            let run: RunSpec = run.try_into().map_err(|e| Error::form(path, format!("method {method}: {}", in_words(e))))?;
            check_range(path, "training", &run.training)?;
            check_range(path, "evaluation", &run.evaluation)?;
            if !CODE.contains(&run.model.code) {
                let (key, given) = ("model.code".to_owned(), run.model.code.to_string());
                return Err(Error::Range { path: path.into(), key, given, allowed: whole(&CODE) });
            }
            runs.push(run);
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self {
            path: path.into(),
            name,
            title: head.title,
            about: head.about,
            targets: head.targets,
            paper_dataset: head.paper_dataset,
            optional: head.optional,
            seeds: head.seeds,
            resources: head.resources,
            expect: head.expect,
            notes: expanded.notes,
            runs,
        })
    }

    /// The experiment with one more method, unless it has one of that name: the first with the objective `name`, at its
    /// defaults and with its own parts.
    #[must_use]
    pub fn with_objective(mut self, name: &str) -> Self {
        let missing = !self.runs.iter().any(|run| run.method == name);
        if let Some(first) = self.runs.first().filter(|_| missing) {
            let objective = Component::named(name);
            self.runs.push(RunSpec { method: name.into(), objective, prior: None, noise: None, divergence: None, ..first.clone() });
        }
        self
    }

    /// Every run, with seeds `0..seeds`, method by method.
    pub fn runs(&self, seeds: u64) -> Vec<RunSpec> {
        self.runs.iter().flat_map(|run| (0..seeds).map(|seed| RunSpec { seed, ..run.clone() })).collect()
    }
}

/// Reads one file over what it includes; components that are named alone become tables.
fn read(text: &str, path: &Path, depth: usize, catalogues: &dyn Catalogues) -> Result<Table> {
    if depth > MAX_INCLUDES {
        return Err(Error::form(path, "files include one another in a circle"));
    }
    let parsed = DeTable::parse(text).map_err(|e| Error::form(path, e))?;
    sections::check(path, text, parsed.get_ref())?;
    if !parsed.get_ref().iter().any(|(key, _)| key.get_ref() == "version") {
        return Err(Error::form(path, format!("there is no version; add the line version = {VERSION} at its top")));
    }
    let form = |error: toml::de::Error| of_file(path, text, error);
    let file = File::deserialize(Deserializer::from(parsed.clone())).map_err(form)?;
    check(path, &file)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut table = Table::new();
    for include in &file.include {
        let include = folder.join(include);
        let text = std::fs::read_to_string(&include)
            .map_err(|error| Error::form(path, format!("includes {}, which cannot be read: {}", include.display(), unread(&error))))?;
        merge(&mut table, read(&text, &include, depth + 1, catalogues)?);
    }
    let mut own = Table::deserialize(Deserializer::from(parsed)).map_err(form)?;
    own.remove("include");
    check_finite(path, &own)?;
    sections::named(&mut own);
    sections::each_dataset(&mut own, &|name| catalogues.dataset(name, folder));
    merge(&mut table, own);
    Ok(table)
}

/// Checks the values of a file.
fn check(path: &Path, file: &File) -> Result<()> {
    let range =
        |key: &str, given: String, allowed: &str| Error::Range { path: path.into(), key: key.into(), given, allowed: allowed.into() };
    if file.version != VERSION {
        return Err(range("version", file.version.to_string(), &VERSION.to_string()));
    }
    if !SEEDS.contains(&file.seeds) {
        return Err(range("seeds", file.seeds.to_string(), &whole(&SEEDS)));
    }
    if let Some(bare) = file.expect.iter().find(|expectation| expectation.is_bare()) {
        return Err(Error::form(path, format!("expect: the metric {} needs above, below or better_than", bare.metric)));
    }
    if let Some((key, given, allowed)) = file.expect.iter().find_map(Expectation::fault) {
        return Err(range(key, given, allowed));
    }
    check_range(path, "resources", &file.resources)?;
    for (training, evaluation) in file.methods.values().map(|m| (&m.training, &m.evaluation)).chain([(&file.training, &file.evaluation)]) {
        check_range(path, "training", training)?;
        check_range(path, "evaluation", evaluation)?;
    }
    Ok(())
}

/// Puts `over` on `base`: tables are merged, everything else is replaced. A section that names another
/// component starts afresh, since settings of one entry mean nothing to another.
fn merge(base: &mut Table, over: Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(old)), Value::Table(new))
                if new.get("name").is_none_or(|name| old.get("name").is_none_or(|o| o == name)) =>
            {
                merge(old, new)
            }
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

/// Whether tables, plots and folders can bear the name.
fn is_method_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.chars().count())
        && !name.trim().is_empty()
        // Its folder would be hidden.
        && !name.starts_with('.')
        && !name.chars().any(|c| c.is_control() || matches!(c, '[' | ']'))
}

fn take_table(table: &mut Table, key: &str) -> Table {
    table.remove(key).and_then(|v| v.as_table().cloned()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
