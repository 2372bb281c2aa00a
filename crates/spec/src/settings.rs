//! Settings as types: a struct states documentation, default and range of each setting once.
//!
//! [`Schema`] is what [`schemars`] reads of such a struct. What a file gives is checked against it ([`Schema::check`]), editors
//! complete keys by it, and the catalogue page lists it.

mod domain;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value};

pub use domain::Domain;

/// The JSON schema (draft 7) of a struct of settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema(Map<String, Value>);

/// One setting of a [`Schema`].
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// Its name in snake case.
    pub name: String,
    /// What it does, with its unit.
    pub about: String,
    /// The value used where nothing is given; null for none.
    pub default: Value,
    /// The values that it takes.
    pub domain: Domain,
}

/// What is wrong with given settings.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// There is no such setting.
    Unknown {
        /// The setting as given.
        key: String,
        /// The setting with the most similar name, where one is similar.
        nearest: Option<String>,
        /// Every setting that there is.
        available: Vec<String>,
    },
    /// The value is out of range or of the wrong type.
    Refused {
        /// The setting.
        key: String,
        /// The value as given.
        given: String,
        /// What is allowed.
        allowed: String,
    },
}

impl Schema {
    /// The schema of `T`, a struct with named fields.
    pub fn of<T: JsonSchema>() -> Self {
        let inline = |settings: &mut SchemaSettings| {
            settings.inline_subschemas = true;
            settings.meta_schema = None;
        };
        let generator = SchemaSettings::draft07().with(inline).into_generator();
        let mut schema = generator.into_root_schema_for::<T>().to_value();
        tidy(&mut schema);
        let mut schema = schema.as_object().cloned().unwrap_or_default();
        for part in ["title", "description"] {
            schema.remove(part);
        }
        schema.insert("additionalProperties".into(), false.into());
        Self(schema)
    }

    /// The schema as JSON: `{"type": "object", "properties": ...}`.
    pub fn to_value(&self) -> Value {
        Value::Object(self.0.clone())
    }

    /// What stands under `properties`: each setting's own schema.
    pub fn properties(&self) -> Map<String, Value> {
        self.0.get("properties").and_then(Value::as_object).cloned().unwrap_or_default()
    }

    /// The settings, in name order.
    pub fn settings(&self) -> Vec<Setting> {
        let text = |schema: &Value, key: &str| schema.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let one = |(name, schema): (String, Value)| Setting {
            name,
            about: text(&schema, "description"),
            default: schema.get("default").cloned().unwrap_or_default(),
            domain: Domain::of(&schema),
        };
        self.properties().into_iter().map(one).collect()
    }

    /// Checks `given`, and gives it with the defaults of what it leaves out.
    ///
    /// # Errors
    /// The first [`Fault`].
    pub fn check(&self, given: &Map<String, Value>) -> Result<Map<String, Value>, Fault> {
        let settings = self.settings();
        if let Some(key) = given.keys().find(|key| !settings.iter().any(|setting| setting.name == **key)) {
            let available: Vec<String> = settings.into_iter().map(|setting| setting.name).collect();
            return Err(Fault::Unknown { key: key.clone(), nearest: nearest(key, &available), available });
        }
        let mut checked = Map::new();
        for Setting { name, default, domain, .. } in settings {
            let refused = |value: &Value, allowed: String| Fault::Refused { key: name.clone(), given: value.to_string(), allowed };
            let value = match given.get(&name) {
                Some(value) if !domain.admits(value) => return Err(refused(value, domain.allowed())),
                Some(value) if self.repeats(&name, value) => return Err(refused(value, "a list that names each once".into())),
                Some(value) => value.clone(),
                None => default,
            };
            checked.insert(name, value);
        }
        Ok(checked)
    }

    /// Whether `value` has an item twice where the setting is a list of different ones.
    fn repeats(&self, name: &str, value: &Value) -> bool {
        let different = self.0.get("properties").and_then(|all| all.get(name)?.get("uniqueItems")?.as_bool());
        let items = value.as_array().filter(|_| different == Some(true)).map(Vec::as_slice).unwrap_or_default();
        items.iter().enumerate().any(|(place, item)| items.iter().take(place).any(|earlier| earlier == item))
    }
}

/// Removes what says nothing to a reader: Rust's integer and float formats, titles, null defaults.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.remove("format");
            if fields.get("default").is_some_and(Value::is_null) {
                fields.remove("default");
            }
            fields.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

/// The most similar of `available`, where one is similar enough to be meant. Capital letters make no difference.
pub fn nearest(name: &str, available: &[String]) -> Option<String> {
    // Jaro and Winkler's measure sees no similarity in `vea` and `vae`: one slip of the keyboard always counts.
    let name = name.to_lowercase();
    let similarity = |other: &str| {
        let (slips, longest) = (strsim::osa_distance(&name, other), name.chars().count().max(other.chars().count()));
        match slips {
            0 | 1 if name.chars().count() > 1 => 1.0,
            // It sees much in `nosuch` and `noise`: more than half of the letters must stand, or one be the beginning of the other.
            _ if 2 * slips >= longest && !other.starts_with(&name) && !name.starts_with(other) => 0.0,
            _ => strsim::jaro_winkler(&name, other),
        }
    };
    available
        .iter()
        .map(|a| (similarity(&a.to_lowercase()), a))
        .filter(|(similarity, _)| *similarity > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, a)| a.clone())
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::*;

    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(default)]
    struct Example {
        /// weight of the rate
        #[schemars(range(min = 0.0, max = 100.0))]
        beta: f64,
        /// filters
        #[schemars(range(min = 1, max = 64))]
        width: usize,
        /// step size
        #[schemars(extend("exclusiveMinimum" = 0.0), range(max = 1.0))]
        rate: Option<f64>,
        /// kinds
        #[schemars(extend("uniqueItems" = true))]
        kinds: Vec<Kind>,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        /// documented
        One,
        /// documented too
        TwoWords,
    }

    impl Default for Example {
        fn default() -> Self {
            Self { beta: 1.0, width: 8, rate: None, kinds: vec![Kind::One] }
        }
    }

    fn check(given: Value) -> Result<Map<String, Value>, Fault> {
        Schema::of::<Example>().check(given.as_object().unwrap())
    }

    #[test]
    fn defaults_are_filled_in_and_given_values_kept() {
        let checked = check(json!({ "beta": 4, "rate": 1.0 })).unwrap();
        assert_eq!(Value::Object(checked), json!({ "beta": 4, "width": 8, "rate": 1.0, "kinds": ["one"] }));
        let about: Vec<String> = Schema::of::<Example>().settings().into_iter().map(|s| s.about).collect();
        assert_eq!(about, ["weight of the rate", "kinds", "step size", "filters"]);
    }

    #[test]
    fn what_is_meant_is_found_in_letters_of_any_case() {
        let available = ["cifar10", "digits", "mnist"].map(String::from);
        for (given, meant) in [("MNIST", Some("mnist")), ("Cifar-10", Some("cifar10")), ("XYZ", None)] {
            assert_eq!(nearest(given, &available).as_deref(), meant, "{given}");
        }
    }

    #[test]
    fn a_name_that_is_not_near_is_not_suggested() {
        let available = ["noise", "gaussian_mixture", "training"].map(String::from);
        for (given, meant) in [("nosuch", None), ("nois", Some("noise")), ("gauss", Some("gaussian_mixture")), ("train", Some("training"))]
        {
            assert_eq!(nearest(given, &available).as_deref(), meant, "{given}");
        }
    }

    #[test]
    fn wrong_settings_name_the_key_and_what_is_allowed() {
        let refused = |given: Value| match check(given) {
            Err(Fault::Refused { key, given, allowed }) => format!("{key} = {given}: {allowed}"),
            other => format!("{other:?}"),
        };
        assert_eq!(refused(json!({ "beta": -1 })), "beta = -1: a number from 0 to 100");
        assert_eq!(refused(json!({ "width": 1.5 })), "width = 1.5: a whole number from 1 to 64");
        assert_eq!(refused(json!({ "width": 65 })), "width = 65: a whole number from 1 to 64");
        assert_eq!(refused(json!({ "rate": 0 })), "rate = 0: a number above 0, at most 1");
        assert_eq!(refused(json!({ "kinds": ["three"] })), "kinds = [\"three\"]: a list, each one of one, two_words");
        assert_eq!(refused(json!({ "kinds": ["one", "one"] })), "kinds = [\"one\",\"one\"]: a list that names each once");
        assert!(check(json!({ "kinds": ["two_words", "one"] })).is_ok());
        let unknown = check(json!({ "betta": 1 })).unwrap_err();
        assert!(matches!(unknown, Fault::Unknown { key, nearest: Some(near), .. } if key == "betta" && near == "beta"));
    }
}
