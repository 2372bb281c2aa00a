//! The messages of TensorBoard's event files, as protocol buffers: `Event`, `Summary`, `SessionLog`, `HParamsPluginData`.

use std::time::{SystemTime, UNIX_EPOCH};

/// `Event.file_version`.
pub(crate) const FILE_VERSION: u64 = 3;
/// `Event.summary`.
const SUMMARY: u64 = 5;
/// `Event.session_log`.
const SESSION_LOG: u64 = 7;
/// `SessionLog.START`.
const START: u64 = 1;
/// `DT_FLOAT`.
const FLOAT: u64 = 1;
/// The plugin that compares runs by their settings.
const HPARAMS: &[u8] = b"hparams";
/// `STATUS_SUCCESS`.
const SUCCESS: u64 = 1;

/// A setting of a run, as TensorBoard shows it.
#[derive(Debug, Clone, PartialEq)]
pub enum HyperParameter {
    /// A number.
    Number(f64),
    /// A name.
    Text(String),
    /// A switch.
    Truth(bool),
}

/// Seconds since 1970.
pub(crate) fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// An event with its time, its step and one field more.
pub(crate) fn event(step: Option<u64>, field: u64, content: &[u8]) -> Vec<u8> {
    let mut event = vec![1 << 3 | 1];
    event.extend(now().to_le_bytes());
    if let Some(step) = step {
        varint(&mut event, 2, step);
    }
    bytes(&mut event, field, content);
    event
}

/// The event with which a process begins at the step `first`.
pub(crate) fn session_log(first: u64) -> Vec<u8> {
    let mut session = Vec::new();
    varint(&mut session, 1, START);
    event(Some(first), SESSION_LOG, &session)
}

/// Values of one step.
#[derive(Debug, Default)]
pub(crate) struct Summary(Vec<u8>);

impl Summary {
    /// Adds `tag` and `simple_value`.
    pub(crate) fn scalar(&mut self, tag: &str, value: f64) {
        let mut one = tagged(tag);
        one.push(2 << 3 | 5);
        one.extend((value as f32).to_le_bytes());
        bytes(&mut self.0, 1, &one);
    }

    /// Adds a PNG of `size` columns and rows.
    pub(crate) fn image(&mut self, tag: &str, (width, height): (u32, u32), png: &[u8]) {
        let mut image = Vec::new();
        varint(&mut image, 1, u64::from(height));
        varint(&mut image, 2, u64::from(width));
        varint(&mut image, 3, 1);
        bytes(&mut image, 4, png);
        let mut one = tagged(tag);
        bytes(&mut one, 4, &image);
        bytes(&mut self.0, 1, &one);
    }

    /// Adds the settings of a finished run: the start and the end of a session of the plugin `hparams`.
    pub(crate) fn session(&mut self, settings: &[(String, HyperParameter)]) {
        let mut start = Vec::new();
        for (name, value) in settings {
            let mut entry = tagged(name);
            bytes(&mut entry, 2, &structured(value));
            bytes(&mut start, 1, &entry);
        }
        let mut end = Vec::new();
        varint(&mut end, 1, SUCCESS);
        self.plugin("_hparams_/session_start_info", 3, &start);
        self.plugin("_hparams_/session_end_info", 4, &end);
    }

    /// Adds a message of the plugin `hparams` as field `field` of its data, beside a tensor that says nothing: readers drop
    /// what has none.
    fn plugin(&mut self, tag: &str, field: u64, message: &[u8]) {
        let mut content = Vec::new();
        varint(&mut content, 1, 0);
        bytes(&mut content, field, message);
        let mut plugin = Vec::new();
        bytes(&mut plugin, 1, HPARAMS);
        bytes(&mut plugin, 2, &content);
        let mut metadata = Vec::new();
        bytes(&mut metadata, 1, &plugin);
        let (mut size, mut shape, mut tensor) = (Vec::new(), Vec::new(), Vec::new());
        varint(&mut size, 1, 1);
        bytes(&mut shape, 2, &size);
        varint(&mut tensor, 1, FLOAT);
        bytes(&mut tensor, 2, &shape);
        bytes(&mut tensor, 5, &0_f32.to_le_bytes());
        let mut one = tagged(tag);
        bytes(&mut one, 8, &tensor);
        bytes(&mut one, 9, &metadata);
        bytes(&mut self.0, 1, &one);
    }

    /// The event of these values after `step` steps.
    pub(crate) fn event(&self, step: u64) -> Vec<u8> {
        event(Some(step), SUMMARY, &self.0)
    }
}

/// A message whose first field is a text.
fn tagged(tag: &str) -> Vec<u8> {
    let mut message = Vec::new();
    bytes(&mut message, 1, tag.as_bytes());
    message
}

/// `google.protobuf.Value`.
fn structured(value: &HyperParameter) -> Vec<u8> {
    let mut message = Vec::new();
    match value {
        HyperParameter::Number(number) => {
            message.push(2 << 3 | 1);
            message.extend(number.to_le_bytes());
        }
        HyperParameter::Text(text) => bytes(&mut message, 3, text.as_bytes()),
        HyperParameter::Truth(truth) => varint(&mut message, 4, u64::from(*truth)),
    }
    message
}

/// Adds a field with bytes or with another message.
fn bytes(message: &mut Vec<u8>, field: u64, content: &[u8]) {
    integer(message, field << 3 | 2);
    integer(message, content.len() as u64);
    message.extend(content);
}

/// Adds a field with an integer.
fn varint(message: &mut Vec<u8>, field: u64, value: u64) {
    integer(message, field << 3);
    integer(message, value);
}

/// Appends an integer as a varint: seven bits per byte, lowest first.
fn integer(message: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        message.push(value as u8 | 0x80);
        value >>= 7;
    }
    message.push(value as u8);
}
