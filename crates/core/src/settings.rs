//! Settings of a catalogue entry: declared once with default and range, checked in one place.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{Error, Result, catalogue::nearest};

/// The default and the allowed values of a setting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Domain {
    /// A number between two bounds, both included.
    Number {
        /// Used where nothing is given.
        default: f64,
        /// Smallest allowed value.
        min: f64,
        /// Largest allowed value.
        max: f64,
    },
    /// A whole number between two bounds, both included.
    Integer {
        /// Used where nothing is given.
        default: u64,
        /// Smallest allowed value.
        min: u64,
        /// Largest allowed value.
        max: u64,
    },
    /// One of a few words; the first is the default.
    Choice(&'static [&'static str]),
}

/// One setting of a catalogue entry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Key {
    /// Its name in snake case.
    pub name: &'static str,
    /// Its default and range.
    pub domain: Domain,
    /// What it does, with its unit.
    pub about: &'static str,
}

impl Key {
    /// A real-valued setting with its default and inclusive bounds.
    pub const fn number(name: &'static str, default: f64, min: f64, max: f64, about: &'static str) -> Self {
        Self { name, domain: Domain::Number { default, min, max }, about }
    }

    /// A whole-numbered setting with its default and inclusive bounds.
    pub const fn integer(name: &'static str, default: u64, min: u64, max: u64, about: &'static str) -> Self {
        Self { name, domain: Domain::Integer { default, min, max }, about }
    }

    /// A setting that takes one of `choices`; the first is the default.
    pub const fn choice(name: &'static str, choices: &'static [&'static str], about: &'static str) -> Self {
        Self { name, domain: Domain::Choice(choices), about }
    }

    /// The value used where nothing is given.
    pub fn default_value(&self) -> Value {
        match self.domain {
            Domain::Number { default, .. } => default.into(),
            Domain::Integer { default, .. } => default.into(),
            Domain::Choice(choices) => choices.first().copied().unwrap_or_default().into(),
        }
    }

    /// The allowed values, in words.
    pub fn allowed(&self) -> String {
        match self.domain {
            Domain::Number { min, max, .. } => format!("a number from {min} to {max}"),
            Domain::Integer { min, max, .. } => format!("a whole number from {min} to {max}"),
            Domain::Choice(choices) => format!("one of {}", choices.join(", ")),
        }
    }

    fn admits(&self, value: &Value) -> bool {
        match self.domain {
            Domain::Number { min, max, .. } => value.as_f64().is_some_and(|v| (min..=max).contains(&v)),
            Domain::Integer { min, max, .. } => value.as_u64().is_some_and(|v| (min..=max).contains(&v)),
            Domain::Choice(choices) => value.as_str().is_some_and(|v| choices.contains(&v)),
        }
    }
}

/// The checked settings of one entry, defaults filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    kind: &'static str,
    name: &'static str,
    values: BTreeMap<&'static str, Value>,
}

impl Settings {
    /// Checks `given` against the entry's `keys` and fills in the defaults.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] or [`Error::Setting`], naming the key, the value and what is allowed.
    pub fn check(kind: &'static str, name: &'static str, keys: &'static [Key], given: &Map<String, Value>) -> Result<Self> {
        if let Some(key) = given.keys().find(|k| !keys.iter().any(|key| key.name == k.as_str())) {
            let available: Vec<String> = keys.iter().map(|k| k.name.to_owned()).collect();
            return Err(Error::UnknownKey { kind, name: name.into(), key: key.clone(), nearest: nearest(key, &available), available });
        }
        let mut values = BTreeMap::new();
        for key in keys {
            let value = given.get(key.name).cloned().unwrap_or_else(|| key.default_value());
            if !key.admits(&value) {
                return Err(Error::Setting {
                    kind,
                    name: name.into(),
                    key: key.name.into(),
                    given: value.to_string(),
                    allowed: key.allowed(),
                });
            }
            values.insert(key.name, value);
        }
        Ok(Self { kind, name, values })
    }

    /// The name of the entry that they are of.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The value of a number setting.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] where the entry did not declare `key` as a number.
    pub fn number(&self, key: &str) -> Result<f64> {
        self.get(key, Value::as_f64)
    }

    /// The value of a whole-number setting.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] where the entry did not declare `key` as a whole number.
    pub fn integer(&self, key: &str) -> Result<usize> {
        self.get(key, |v| v.as_u64().and_then(|v| usize::try_from(v).ok()))
    }

    /// The value of a choice setting.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] where the entry did not declare `key` as a choice.
    pub fn choice(&self, key: &str) -> Result<String> {
        self.get(key, |v| v.as_str().map(String::from))
    }

    fn get<T>(&self, key: &str, read: impl Fn(&Value) -> Option<T>) -> Result<T> {
        self.values.get(key).and_then(read).ok_or_else(|| Error::UnknownKey {
            kind: self.kind,
            name: self.name.into(),
            key: key.into(),
            nearest: None,
            available: self.values.keys().map(|k| (*k).to_owned()).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &[Key] = &[Key::number("beta", 1.0, 0.0, 100.0, "weight"), Key::integer("width", 8, 1, 64, "filters")];

    fn check(json: Value) -> Result<Settings> {
        Settings::check("objective", "vae", KEYS, json.as_object().unwrap())
    }

    #[test]
    fn defaults_are_filled_in_and_given_values_kept() {
        let settings = check(serde_json::json!({ "beta": 4 })).unwrap();
        assert_eq!(settings.number("beta").unwrap(), 4.0);
        assert_eq!(settings.integer("width").unwrap(), 8);
    }

    #[test]
    fn wrong_settings_name_the_key_and_what_is_allowed() {
        let message = check(serde_json::json!({ "beta": -1 })).unwrap_err().to_string();
        assert_eq!(message, "objective \"vae\": beta = -1 is not allowed; it must be a number from 0 to 100");
        let message = check(serde_json::json!({ "betta": 1 })).unwrap_err().to_string();
        assert!(message.contains("no setting \"betta\" (did you mean \"beta\"?)"), "{message}");
        assert!(check(serde_json::json!({ "width": 1.5 })).is_err());
    }
}
