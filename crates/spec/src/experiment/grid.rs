//! The runs of a file: every method at every point of its grid.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use toml::{Table, Value};

use super::{
    changes::{Change, set},
    sections::{PARTS, named},
};
use crate::{Error, Result};

/// Runs that one file may expand to.
const MAX_RUNS: usize = 100_000;

/// The settings of one grid point.
type Point<'a> = Vec<(&'a str, &'a Value)>;

/// Every method at every point, by its name in tables, and what a reader should know of keys that were skipped.
pub(super) struct Expanded {
    pub(super) runs: Vec<(String, Table)>,
    pub(super) notes: Vec<String>,
}

/// Expands `methods`, each a name and what it is before the grid. A key of the grid or of `changes` that a method's part does not
/// take, by `takes`, is skipped for it where another method takes it.
///
/// # Errors
/// [`Error::Range`] for a grid without values or with too many; [`Error::Form`] for a key that leads nowhere, for what is no list of
/// values, and for a setting or a value that is given twice.
pub(super) fn expand(
    methods: &[(String, Table)],
    grid: &Table,
    changes: &[Change],
    takes: &dyn Fn(&Table, &str) -> bool,
    path: &Path,
) -> Result<Expanded> {
    let points = points(grid, path)?;
    check_once(grid, changes, path)?;
    let changed: Vec<&str> = changes.iter().map(|(key, _)| key.as_str()).collect();
    // What nobody takes is a mistake, which is left for the catalogues to name.
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    for (_, base) in methods {
        for point in &points {
            let own = changes.iter().map(|(key, value)| (key.as_str(), value)).chain(point.iter().copied());
            let own: Point<'_> = own.collect();
            let run = with_names(base.clone(), &own, path)?;
            taken.extend(own.iter().map(|(key, _)| *key).filter(|key| takes(&run, key)));
        }
    }
    let (mut runs, mut skipped) = (Vec::new(), Vec::<(String, Vec<String>)>::new());
    for (method, base) in methods {
        let mut labels = BTreeSet::new();
        for point in &points {
            let all: Point<'_> = changes.iter().map(|(key, value)| (key.as_str(), value)).chain(point.iter().copied()).collect();
            let mut run = with_names(base.clone(), &all, path)?;
            let mut label = String::new();
            for (key, value) in &all {
                if taken.contains(key) && !takes(&run, key) {
                    note(&mut skipped, key, method);
                    continue;
                }
                if !is_name(key) {
                    set(&mut run, key, (*value).clone(), path)?;
                }
                if !changed.contains(key) {
                    label += &format!("[{key}={value}]");
                }
            }
            if labels.insert(label.clone()) {
                runs.push((format!("{method}{label}"), run));
            }
        }
    }
    let notes = skipped.into_iter().map(|(key, methods)| format!("{key} is skipped for {}, which has no such setting", methods.join(", ")));
    Ok(Expanded { runs, notes: notes.collect() })
}

fn note(skipped: &mut Vec<(String, Vec<String>)>, key: &str, method: &str) {
    match skipped.iter_mut().find(|(known, _)| known == key) {
        Some((_, methods)) if methods.iter().any(|known| known == method) => {}
        Some((_, methods)) => methods.push(method.into()),
        None => skipped.push((key.into(), vec![method.into()])),
    }
}

/// That the grid varies no setting twice and none that is changed: one of the two would be lost.
fn check_once(grid: &Table, changes: &[Change], path: &Path) -> Result<()> {
    let mut varied: BTreeMap<String, &str> = BTreeMap::new();
    for (key, values) in grid {
        let own: BTreeSet<String> = values.as_array().into_iter().flatten().flat_map(|value| settings(key, value)).collect();
        for setting in own {
            if let Some(other) = varied.insert(setting, key) {
                return Err(Error::form(path, format!("grid: \"{other}\" and \"{key}\" vary the same setting; leave one of them out")));
            }
        }
    }
    for (changed, value) in changes {
        if let Some(key) = settings(changed, value).iter().find_map(|setting| varied.get(setting)) {
            return Err(Error::form(path, format!("{changed} is changed, and the grid varies it: change grid.{key}")));
        }
    }
    Ok(())
}

/// The dotted keys that `value` at `key` sets: `prior = "laplace"` sets `prior.name`.
fn settings(key: &str, value: &Value) -> Vec<String> {
    match value {
        Value::Table(table) => table.iter().flat_map(|(inner, value)| settings(&format!("{key}.{inner}"), value)).collect(),
        _ if PARTS.contains(&key) => vec![format!("{key}.name")],
        _ => vec![key.to_owned()],
    }
}

/// Whether a key names a component: `prior`, `prior.name`.
fn is_name(key: &str) -> bool {
    PARTS.contains(&key.strip_suffix(".name").unwrap_or(key))
}

/// The run with the components that a point names, without settings of others in their place.
fn with_names(mut run: Table, point: &Point<'_>, path: &Path) -> Result<Table> {
    for (key, value) in point.iter().filter(|(key, _)| is_name(key)) {
        let part = key.split('.').next().unwrap_or_default();
        let name = match value {
            Value::Table(table) => table.get("name").cloned(),
            name => Some((*name).clone()),
        };
        let other = run.get(part).and_then(|section| section.get("name")) != name.as_ref();
        if other && part != "model" && part != "dataset" {
            run.remove(part);
        }
        set(&mut run, key, (*value).clone(), path)?;
    }
    named(&mut run);
    Ok(run)
}

/// Every combination of the grid's values.
fn points<'a>(grid: &'a Table, path: &Path) -> Result<Vec<Point<'a>>> {
    let mut points: Vec<Point<'a>> = vec![Vec::new()];
    for (key, values) in grid {
        let refuse = |given: String| {
            let allowed = format!("a list of values that gives 1 to {MAX_RUNS} runs");
            Error::Range { path: path.into(), key: format!("grid.\"{key}\""), given, allowed }
        };
        let values = match values {
            Value::Array(values) => values,
            Value::Table(section) => {
                let whole = section.keys().next().map_or_else(|| key.clone(), |inner| format!("{key}.{inner}"));
                let problem = format!("grid.{key} is a section; write whole keys in quotation marks: \"{whole}\" = [...]");
                return Err(Error::form(path, problem));
            }
            value => return Err(Error::form(path, format!("grid.\"{key}\" is one value; write a list: [{value}]"))),
        };
        let again = values.iter().enumerate().find(|(place, value)| values.iter().take(*place).any(|earlier| earlier == *value));
        if let Some((_, value)) = again {
            return Err(Error::form(path, format!("grid.\"{key}\" has the value {value} twice; leave one of them out")));
        }
        if values.is_empty() || points.len() * values.len() > MAX_RUNS {
            return Err(refuse(format!("{} values", values.len())));
        }
        let with = |point: &Point<'a>, value: &'a Value| point.iter().copied().chain([(key.as_str(), value)]).collect();
        points = points.iter().flat_map(|point| values.iter().map(move |value| with(point, value))).collect();
    }
    Ok(points)
}
