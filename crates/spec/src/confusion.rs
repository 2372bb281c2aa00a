//! Which class was taken for which.

use serde::{Deserialize, Serialize};

use crate::Protocol;

/// Counts of one protocol under one corruption, over all draws.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    /// The protocol.
    pub protocol: Protocol,
    /// The metric of its accuracy: `accuracy.clean` ...
    pub metric: String,
    /// The classes, in the order of rows and columns.
    pub classes: Vec<u32>,
    /// Their names, where they have some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Images by true class (rows) and predicted class.
    pub counts: Vec<Vec<u64>>,
}
