//! The training log: one JSON object a step, no times, so that it is the same bits for the same run.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{Error, Result, tensorboard::EventFile};

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    /// Steps taken, counted from 1.
    pub step: u64,
    /// The epoch of the step, counted from 1.
    pub epoch: u64,
    /// The loss.
    pub loss: f64,
    /// Smallest log-variance in the batch, by dimension of the code; on the last step of an epoch, where codes have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_var_min: Option<Vec<f64>>,
    /// Mean log-variance over the batch, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_var_mean: Option<Vec<f64>>,
    /// Its named terms.
    #[serde(flatten)]
    pub terms: BTreeMap<String, f64>,
}

/// A log that is written through at every checkpoint.
pub(crate) struct Log {
    path: PathBuf,
    file: File,
    bytes: u64,
    pending: Vec<u8>,
    /// Opened at the first line, whose step says where the process began.
    events: Option<EventFile>,
}

impl Log {
    /// Opens the log and cuts it back to `bytes`, its length at the checkpoint that the run goes on from.
    pub(crate) fn open(path: &Path, bytes: u64) -> Result<Self> {
        let fail = |source| Error::Log { path: path.into(), source };
        let mut file = OpenOptions::new().create(true).write(true).truncate(false).open(path).map_err(fail)?;
        let found = file.metadata().map_err(fail)?.len();
        if found < bytes {
            return Err(Error::LogLost { path: path.into(), found, expected: bytes });
        }
        file.set_len(bytes).and_then(|()| file.seek(SeekFrom::End(0))).map_err(fail)?;
        Ok(Self { path: path.into(), file, bytes, pending: Vec::new(), events: None })
    }

    pub(crate) fn push(&mut self, line: &LogLine) -> Result<()> {
        serde_json::to_writer(&mut self.pending, line).map_err(|e| Error::Log { path: self.path.clone(), source: e.into() })?;
        self.pending.push(b'\n');
        let events = match self.events.take() {
            Some(events) => events,
            None => EventFile::create(self.path.parent().unwrap_or(Path::new("")), line.step)?,
        };
        self.events.insert(events).push(line)
    }

    /// Writes what is pending through to the disk and gives the log's length.
    pub(crate) fn sync(&mut self) -> Result<u64> {
        let fail = |source| Error::Log { path: self.path.clone(), source };
        self.file.write_all(&self.pending).and_then(|()| self.file.sync_data()).map_err(fail)?;
        self.bytes += self.pending.len() as u64;
        self.pending.clear();
        if let Some(events) = &mut self.events {
            events.flush()?;
        }
        Ok(self.bytes)
    }
}
