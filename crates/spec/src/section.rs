//! A section of an experiment against the ranges that its type states.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;
use toml::{Table, Value};

use crate::{
    Error, Result,
    settings::{Fault, Schema},
};

/// Checks the values of a section against the ranges that its type states. Numbers that are not finite are absent in JSON:
/// [`check_finite`] finds them before.
pub(crate) fn check_range<T: Serialize + JsonSchema>(path: &Path, section: &str, values: &T) -> Result<()> {
    let values = serde_json::to_value(values).map_err(|e| Error::form(path, e))?;
    let given = values.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    match Schema::of::<T>().check(&given.map(|(key, value)| (key.clone(), value.clone())).collect()) {
        Err(Fault::Refused { key, given, allowed }) => {
            Err(Error::Range { path: path.into(), key: format!("{section}.{key}"), given, allowed })
        }
        Err(Fault::Unknown { key, .. }) => Err(Error::form(path, format!("{section}.{key} is no setting"))),
        Ok(_) => Ok(()),
    }
}

/// Refuses `nan` and `inf`, which TOML has and no key takes.
pub(crate) fn check_finite(path: &Path, table: &Table) -> Result<()> {
    fn first(value: &Value) -> Option<(String, f64)> {
        match value {
            Value::Float(value) if !value.is_finite() => Some((String::new(), *value)),
            Value::Array(values) => values.iter().find_map(first),
            Value::Table(table) => in_table(table),
            _ => None,
        }
    }
    fn in_table(table: &Table) -> Option<(String, f64)> {
        table.iter().find_map(|(key, value)| {
            let (inner, found) = first(value)?;
            Some((if inner.is_empty() { key.clone() } else { format!("{key}.{inner}") }, found))
        })
    }
    match in_table(table) {
        Some((key, value)) => {
            Err(Error::Range { path: path.into(), key, given: value.to_string().to_lowercase(), allowed: "a finite number".into() })
        }
        None => Ok(()),
    }
}
