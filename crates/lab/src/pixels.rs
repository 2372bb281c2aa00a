//! What the settings of a data set make of the pixels of its images.

use serde_json::Value;
use vimae_core::Values;
use vimae_spec::Component;

/// What values the images of a published data set take: those of all are gray, until a setting makes others of them.
pub(crate) fn made(dataset: &Component) -> Values {
    let setting = |key: &str| dataset.settings.get(key);
    if setting("binarise").and_then(Value::as_str).is_some_and(|way| way != "none") {
        Values::Binary
    } else if setting("dequantise").and_then(Value::as_bool) == Some(true) {
        Values::Continuous
    } else {
        Values::Bytes
    }
}
