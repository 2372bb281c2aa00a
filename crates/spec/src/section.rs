//! A section of an experiment against the ranges that its type states.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    Error, Result,
    settings::{Fault, Schema},
};

/// Checks the values of a section against the ranges that its type states.
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
