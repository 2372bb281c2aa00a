//! One step in the training log.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One line of the log, a JSON object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    /// The step, counted from 1.
    pub step: u64,
    /// The epoch of the step, counted from 1. With P batches in an epoch, epoch e is the steps (e - 1) P + 1 to e P.
    pub epoch: u64,
    /// The loss.
    pub loss: f64,
    /// The smallest log-variance in the batch for each dimension of the code. Present on the last step of an epoch, if the
    /// encoder has a Gaussian head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_var_min: Option<Vec<f64>>,
    /// The mean log-variance in the batch for each dimension, present where `log_var_min` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_var_mean: Option<Vec<f64>>,
    /// The terms of the loss, by name.
    #[serde(flatten)]
    pub terms: BTreeMap<String, f64>,
}
