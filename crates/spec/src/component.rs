//! A part chosen by name, with its settings.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A catalogue entry's name and the settings given for it: `{ name = "vae", beta = 4 }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Component {
    /// The entry's name.
    pub name: String,
    /// Its settings, unchecked: the catalogue knows what is allowed.
    #[serde(flatten)]
    pub settings: Map<String, Value>,
}

impl Component {
    /// The entry `name` with its defaults.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), settings: Map::new() }
    }
}
