//! What the command line changes of an experiment: `KEY=VALUE`.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Map;
use toml::{Table, Value};

use super::sections::{EVALUATION, HEAD, check_evaluation_key, check_grid_key, check_key};
use crate::{
    Component, Error, Evaluation, Result,
    expected::{in_words, range_of},
    section::check_finite,
    settings::nearest,
};

/// Sections of what a run is made with, which no evaluation changes. A metric is called `divergence` as well.
const MADE_WITH: [&str; 13] = [
    "training",
    "resources",
    "dataset",
    "model",
    "objective",
    "prior",
    "noise",
    "likelihood",
    "sampler",
    "stream",
    "strategy",
    "methods",
    "grid",
];

/// One change of every run.
pub(super) type Change = (String, Value);

/// The section `evaluation` as a file holds it, so that errors name its keys.
#[derive(Serialize, Deserialize)]
struct Section {
    evaluation: Evaluation,
}

/// Makes the changes of the file itself (`seeds=3`, `methods.vae.objective.beta=4`, `grid.model.code=[2, 8]`), and gives those of
/// its runs.
///
/// # Errors
/// [`Error::UnknownKey`]; [`Error::Form`] for what is no `KEY=VALUE`, and for `include`; [`Error::Range`] for a whole
/// number that is too large for a file.
pub(super) fn apply(changes: &[String], table: &mut Table, path: &Path) -> Result<Vec<Change>> {
    let mut runs = Vec::new();
    for change in changes {
        let place = format!("--set {change}");
        let fault = |problem: &str| Error::form(Path::new(&place), problem);
        let (key, text) = split(change, &place)?;
        let value = read(key, text, &place)?;
        let first = key.split('.').next().unwrap_or_default();
        match (first, key.split_once('.')) {
            ("include", _) => return Err(fault("files are included before anything is changed: write include into the file")),
            ("grid", Some((_, rest))) => {
                check_grid_key(rest, &place)?;
                let grid = table.entry("grid").or_insert_with(|| Value::Table(Table::new()));
                grid.as_table_mut().ok_or_else(|| fault("the file's grid is no table"))?.insert(rest.into(), value);
            }
            ("methods", Some((_, rest))) => {
                let methods = table.get_mut("methods").and_then(Value::as_table_mut);
                let names: Vec<String> = methods.as_deref().into_iter().flat_map(|m| m.keys().cloned()).collect();
                let (method, rest) = rest.split_once('.').ok_or_else(|| fault("names a method and no key of it"))?;
                let Some(Value::Table(method)) = methods.and_then(|methods| methods.get_mut(method)) else {
                    let (key, nearest) = (format!("methods.{method}"), nearest(method, &names).map(|name| format!("methods.{name}")));
                    return Err(Error::UnknownKey { place, key, nearest, why: "" });
                };
                check_key(rest, &place)?;
                set(method, rest, value, path)?;
            }
            (head, _) if HEAD.contains(&head) => {
                check_key(key, &place)?;
                set(table, key, value, path)?;
            }
            _ => {
                check_key(key, &place)?;
                runs.push((key.to_owned(), value));
            }
        }
    }
    Ok(runs)
}

/// An evaluation with `changes`, each `KEY=VALUE` with a key of its section, which may stand before the key as in a change of a file
/// (`labels`, `evaluation.labels`), or with a setting of a metric (`ais.sigma`).
///
/// # Errors
/// As [`apply`]; for a value of another type than its key takes.
pub(crate) fn in_evaluation(changes: &[String], evaluation: &Evaluation) -> Result<Evaluation> {
    let path = Path::new(EVALUATION);
    let mut table = Table::try_from(Section { evaluation: evaluation.clone() }).map_err(|e| Error::form(path, e))?;
    for change in changes {
        let place = format!("--set {change}");
        let (key, text) = split(change, &place)?;
        let key = of_evaluation(key, &place)?;
        check_evaluation_key(&key, &place)?;
        set(&mut table, &key, read(&key, text, &place)?, path)?;
    }
    check_finite(path, &table)?;
    let Section { evaluation }: Section = table.try_into().map_err(|e| Error::form(path, in_words(e)))?;
    Ok(evaluation)
}

impl Component {
    /// Its settings with `changes`, each `KEY=VALUE` with one of them, before which the `section` may stand that it has in a file:
    /// `repeats=drop`, `dataset.repeats=drop`. What they mean is checked by their catalogue.
    ///
    /// # Errors
    /// For a change that is no `KEY=VALUE`, lacks either, or gives a number that no setting takes.
    pub fn changed(&self, section: &str, changes: &[String]) -> Result<Map<String, serde_json::Value>> {
        let path = Path::new(section);
        let mut table = Table::try_from(&self.settings).map_err(|e| Error::form(path, e))?;
        for change in changes {
            let place = format!("--set {change}");
            let (key, text) = split(change, &place)?;
            let key = without_section(section, key);
            set(&mut table, key, read(key, text, &place)?, Path::new(&place))?;
        }
        check_finite(path, &table)?;
        table.try_into().map_err(|e| Error::form(path, in_words(e)))
    }
}

/// A key without the section that may stand before it.
fn without_section<'a>(section: &str, key: &'a str) -> &'a str {
    key.strip_prefix(section).and_then(|rest| rest.strip_prefix('.')).unwrap_or(key)
}

/// The whole key of a change of an evaluation.
///
/// # Errors
/// [`Error::Form`] for a key of another section.
fn of_evaluation(key: &str, place: &str) -> Result<String> {
    let own = without_section(EVALUATION, key);
    match own.split_once('.') {
        Some((section, _)) if MADE_WITH.contains(&section) => {
            let problem = format!("only how the run is measured changes here, and [{section}] is of how it was made; `train` changes that");
            Err(Error::form(Path::new(place), problem))
        }
        Some((metric, _)) if metric != "settings" => Ok(format!("{EVALUATION}.settings.{own}")),
        _ => Ok(format!("{EVALUATION}.{own}")),
    }
}

/// Key and text of a change, which errors name by `place`.
fn split<'a>(change: &'a str, place: &str) -> Result<(&'a str, &'a str)> {
    let fault = |problem: &str| Error::form(Path::new(place), problem);
    let (key, text) = change.split_once('=').ok_or_else(|| fault("is not KEY=VALUE"))?;
    let (key, text) = (key.trim(), text.trim());
    if key.is_empty() {
        return Err(fault("no key stands before ="));
    }
    if key.split('.').any(|part| part.trim().is_empty()) {
        return Err(fault("a part of the key is empty: it has a point too many"));
    }
    if text.is_empty() {
        return Err(fault("no value stands behind ="));
    }
    Ok((key, text))
}

/// The value that a change with this text gives a key.
fn read(key: &str, text: &str, place: &str) -> Result<Value> {
    if is_too_large(text) {
        let range = range_of(key).unwrap_or_else(|| format!("a whole number up to {}", i64::MAX));
        let allowed = format!("{range}, and this is too large");
        return Err(Error::Range { path: place.into(), key: key.into(), given: text.into(), allowed });
    }
    Ok(parse(text))
}

/// Whether it is a whole number that TOML does not hold.
fn is_too_large(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<i64>().is_err()
}

/// A value as a file has it; what is none is a word.
fn parse(text: &str) -> Value {
    let table: Option<Table> = toml::from_str(&format!("value = {text}")).ok();
    table.and_then(|mut table| table.remove("value")).unwrap_or_else(|| Value::String(text.into()))
}

/// Sets the value at a dotted key.
///
/// # Errors
/// [`Error::Form`] where what holds it is no section.
pub(super) fn set(table: &mut Table, key: &str, value: Value, path: &Path) -> Result<()> {
    match key.split_once('.') {
        None => {
            table.insert(key.into(), value);
            Ok(())
        }
        Some((section, rest)) => match table.entry(section).or_insert_with(|| Value::Table(Table::new())) {
            Value::Table(inner) => set(inner, rest, value, path),
            _ => Err(Error::form(path, format!("key \"{key}\": \"{section}\" is no section"))),
        },
    }
}
