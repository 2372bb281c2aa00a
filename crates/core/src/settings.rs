//! Settings of a catalogue entry: a struct made by [`settings!`](crate::settings!) states each with its documentation,
//! default and range, once.

#[doc(hidden)]
pub use {schemars, serde};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
pub use vimae_spec::settings::{Domain, Schema, Setting};
use vimae_spec::{other_word, settings::Fault};

use crate::{Error, Result};

/// The checked settings of one entry, defaults filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    kind: &'static str,
    name: &'static str,
    values: Map<String, Value>,
}

impl Settings {
    /// Checks `given` against the entry's schema and fills in the defaults.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] or [`Error::Setting`], naming the key, the value and what is allowed.
    pub fn check(kind: &'static str, name: &'static str, schema: &Schema, given: &Map<String, Value>) -> Result<Self> {
        let values = schema.check(given).map_err(|fault| match fault {
            Fault::Unknown { key, nearest, available } => {
                // Elsewhere it may have another name, and stand in another section here.
                let word = other_word("key", &key).and_then(|word| word.ours.first().map(|ours| (*ours).to_owned()));
                Error::UnknownKey { kind, name: name.into(), key, nearest: word.or(nearest), available }
            }
            Fault::Refused { key, given, allowed } => {
                // Another entry may be what takes the value.
                let other = other_word("setting", &format!("{name}.{key}"));
                let allowed = other.map_or_else(|| allowed.clone(), |word| format!("{allowed}; {}", word.why));
                Error::Setting { kind, name: name.into(), key, given, allowed }
            }
        })?;
        Ok(Self { kind, name, values })
    }

    /// The name of the entry that they are of.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The settings as the entry's own type.
    ///
    /// # Errors
    /// [`Error::Setting`] where they were checked against the schema of another type.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_value(Value::Object(self.values.clone())).map_err(|error| {
            let given = Value::Object(self.values.clone()).to_string();
            Error::Setting { kind: self.kind, name: self.name.into(), key: "settings".into(), given, allowed: error.to_string() }
        })
    }

    /// The value of a setting; none where the entry has no such setting.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.values.get(key)
    }

    /// Every setting with its value, in name order.
    pub fn values(&self) -> &Map<String, Value> {
        &self.values
    }
}

/// The word of a setting that is one of a few, as files write it.
pub fn word<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(String::from)).unwrap_or_default()
}

/// Declares a struct of settings, with its defaults and ranges, or the words of a setting that is one of a few.
///
/// The struct reads itself from a file (`serde`), describes itself ([`Schema`]), and has the defaults as its `Default`. Of an
/// enum, the first word is the default. Shared settings stand in a struct of their own, in a field with `#[serde(flatten)]`.
///
/// ```
/// vimae_core::settings! {
///     /// The VAE.
///     pub struct Vae {
///         /// weight of the rate in nats
///         pub beta: f64 = 1.0, from 0.0, to 1e6;
///         /// how the rate is computed
///         pub rate: Rate = Rate::Exact;
///     }
/// }
/// vimae_core::settings! {
///     /// How a rate is computed.
///     #[expect(missing_docs, reason = "the words say it")]
///     pub enum Rate { Exact, Sampled }
/// }
/// assert_eq!(Vae::default().beta, 1.0);
/// ```
#[macro_export]
macro_rules! settings {
    ($(#[$meta:meta])* $vis:vis struct $name:ident {
        $($(#[$about:meta])* $field_vis:vis $field:ident: $type:ty = $default:expr $(, from $min:expr, to $max:expr)?;)*
    }) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, PartialEq,
            $crate::settings::serde::Serialize, $crate::settings::serde::Deserialize, $crate::settings::schemars::JsonSchema,
        )]
        #[serde(crate = "::vimae_core::settings::serde", default)]
        #[schemars(crate = "::vimae_core::settings::schemars")]
        $vis struct $name {
            $($(#[$about])* $(#[schemars(range(min = $min, max = $max))])? $field_vis $field: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }
    };
    ($(#[$meta:meta])* $vis:vis enum $name:ident {
        $(#[$about:meta])* $first:ident $(, $(#[$abouts:meta])* $rest:ident)* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Default,
            $crate::settings::serde::Serialize, $crate::settings::serde::Deserialize, $crate::settings::schemars::JsonSchema,
        )]
        #[serde(crate = "::vimae_core::settings::serde", rename_all = "snake_case")]
        #[schemars(crate = "::vimae_core::settings::schemars")]
        $vis enum $name {
            #[default]
            $(#[$about])*
            $first,
            $($(#[$abouts])* $rest,)*
        }
    };
}

/// An entry without settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct NoSettings {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    crate::settings! {
        /// An example.
        struct Example {
            /// weight
            beta: f64 = 1.0, from 0.0, to 100.0;
            #[serde(flatten)]
            shared: Shared = Shared::default();
        }
    }

    crate::settings! {
        /// Shared.
        struct Shared {
            /// filters
            width: usize = 8, from 1, to 64;
            /// what is matched
            #[serde(rename = "match")]
            matched: Matched = Matched::Variance;
        }
    }

    crate::settings! {
        enum Matched { Variance, #[serde(rename = "2")] Two }
    }

    fn check(json: Value) -> Result<Settings> {
        Settings::check("objective", "vae", &Schema::of::<Example>(), json.as_object().unwrap())
    }

    #[test]
    fn defaults_are_filled_in_and_given_values_kept() {
        let settings = check(json!({ "beta": 4, "match": "2" })).unwrap();
        let shared = Shared { width: 8, matched: Matched::Two };
        assert_eq!(settings.read::<Example>().unwrap(), Example { beta: 4.0, shared });
        assert_eq!(settings.get("width"), Some(&json!(8)));
        assert_eq!(check(json!({})).unwrap().read::<Example>().unwrap(), Example::default());
    }

    #[test]
    fn wrong_settings_name_the_key_and_what_is_allowed() {
        let message = check(json!({ "beta": -1 })).unwrap_err().to_string();
        assert_eq!(message, "objective \"vae\": beta = -1 is not allowed; it must be a number from 0 to 100");
        let narrow = Settings::check("objective", "beta_a_vae", &Schema::of::<Example>(), json!({ "beta": 400 }).as_object().unwrap());
        let message = narrow.unwrap_err().to_string();
        assert!(message.ends_with("it must be a number from 0 to 100; above one it is beta_h_vae"), "{message}");
        let message = check(json!({ "betta": 1 })).unwrap_err().to_string();
        assert!(message.contains("no setting \"betta\" (did you mean \"beta\"?)"), "{message}");
        let error = check(json!({ "match": "three" })).unwrap_err();
        assert!(matches!(&error, Error::Setting { key, allowed, .. } if key == "match" && allowed == "one of variance, 2"), "{error}");
    }
}
