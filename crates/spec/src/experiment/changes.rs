//! What the command line changes of an experiment: `KEY=VALUE`.

use std::path::Path;

use toml::{Table, Value};

use super::sections::{HEAD, check_grid_key, check_key};
use crate::{Error, Result, expected::range_of, settings::nearest};

/// One change of every run.
pub(super) type Change = (String, Value);

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
        let fault = |problem: &str| Error::Form { path: place.clone().into(), problem: problem.into() };
        let (key, value) = change.split_once('=').ok_or_else(|| fault("is not KEY=VALUE"))?;
        let (key, text) = (key.trim(), value.trim());
        if key.is_empty() {
            return Err(fault("no key stands before ="));
        }
        if key.split('.').any(|part| part.trim().is_empty()) {
            return Err(fault("a part of the key is empty: it has a point too many"));
        }
        if text.is_empty() {
            return Err(fault("no value stands behind ="));
        }
        if is_too_large(text) {
            let range = range_of(key).unwrap_or_else(|| format!("a whole number up to {}", i64::MAX));
            let allowed = format!("{range}, and this is too large");
            return Err(Error::Range { path: place.into(), key: key.into(), given: text.into(), allowed });
        }
        let value = parse(text);
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
