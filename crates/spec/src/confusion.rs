//! Which class was taken for which.

use serde::{Deserialize, Serialize};

use crate::{Protocol, Slice};

/// Counts of one protocol under one corruption, over all draws.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Confusion {
    /// The protocol.
    pub protocol: Protocol,
    /// The metric of its accuracy: `accuracy.clean` ...
    pub metric: String,
    /// The corruption of the images and its strength; none for clean ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slice: Option<Slice>,
    /// The classes, in the order of rows and columns.
    pub classes: Vec<u32>,
    /// Their names, where they have some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Images by true class (rows) and predicted class.
    pub counts: Vec<Vec<u64>>,
}
