//! Values by dotted keys, as experiment files and `--set` write them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// What stands in a section, by keys that begin with its name; all of it by its own keys where that is empty.
pub(crate) fn dotted(section: &str, of: &impl Serialize) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    // A specification always serialises.
    put(section.to_owned(), serde_json::to_value(of).unwrap_or_default(), &mut all);
    all
}

/// A value without quotation marks.
pub(crate) fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), String::from)
}

fn put(key: String, value: Value, all: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (inner, value) in fields {
                put(if key.is_empty() { inner } else { format!("{key}.{inner}") }, value, all);
            }
        }
        value => _ = all.insert(key, value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sections_of_sections_have_keys_with_points() {
        let of = json!({ "labels": 5, "settings": { "ais": { "chains": 8 }, "fid": {} }, "kernels": ["rbf"] });
        let expected = [
            ("evaluation.kernels", json!(["rbf"])),
            ("evaluation.labels", json!(5)),
            ("evaluation.settings.ais.chains", json!(8)),
            ("evaluation.settings.fid", json!({})),
        ];
        assert_eq!(dotted("evaluation", &of), BTreeMap::from(expected.map(|(key, value)| (key.to_owned(), value))));
        assert_eq!(dotted("", &json!({ "a": { "b": 1 } })), BTreeMap::from([("a.b".to_owned(), json!(1))]));
    }
}
