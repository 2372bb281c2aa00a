//! The file of the training log. It holds no times, so that the same run gives the same bits.

use std::{
    fs::{File, OpenOptions},
    io::{Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use crate::{
    Error, LogLine, Result,
    tensorboard::{EventFile, Sights},
};

/// A log that reaches the disk at every checkpoint.
pub(crate) struct Log {
    path: PathBuf,
    file: File,
    bytes: u64,
    pending: Vec<u8>,
    /// Opened at the first line, which has the first step of this process.
    events: Option<EventFile>,
}

impl Log {
    /// Opens the log and truncates it to `bytes`, its length at the checkpoint that the run resumes from.
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

    /// Adds what was looked at after `step` steps to the event file, where this process has begun one.
    pub(crate) fn see(&mut self, step: u64, sights: &Sights) -> Result<()> {
        self.events.as_mut().filter(|_| !sights.is_empty()).map_or(Ok(()), |events| events.see(step, sights))
    }

    /// Writes the pending lines to disk and returns the length of the log.
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
