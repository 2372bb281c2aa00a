//! Event files for TensorBoard, beside the log of a run.
//!
//! A file is a chain of TFRecords (length, CRC-32C of the length, bytes, CRC-32C of the bytes). Each record is a protocol
//! buffer `Event`. Every step writes the loss and its terms, checkpoints write what was looked at there (a validation loss,
//! images), and a finished run its settings and its final numbers, which TensorBoard's HParams page compares. Each process
//! writes a file of its own, which starts with a session record at the first step: TensorBoard then drops the steps that an
//! interrupted process wrote after the checkpoint that this process resumes from.
//!
//! Events hold the time of day, so their bits differ between runs. No digest covers them, and nothing reads them back.

use std::{
    fs::{File, OpenOptions},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::{
    Error, LogLine, Result,
    protobuf::{self, HyperParameter, Summary, event, now, session_log},
};

/// The file version. TensorBoard drops undone steps from this version on.
const FILE_VERSION: &[u8] = b"brain.Event:2";
/// The longest that events wait in memory, and so the delay with which a reader sees them.
const FLUSH: Duration = Duration::from_secs(5);
/// The most files that one process creates within a second.
const SAME_SECOND: u32 = 1_000;

/// What was looked at in a run, at a checkpoint or at its end.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sights {
    /// Numbers by their tags.
    pub scalars: Vec<(String, f64)>,
    /// Images.
    pub images: Vec<EventImage>,
    /// The loss on held-out images by which early stopping chooses; no event file has it.
    pub held_out_loss: Option<f64>,
}

impl Sights {
    /// Whether there is nothing to see.
    pub fn is_empty(&self) -> bool {
        self.scalars.is_empty() && self.images.is_empty()
    }
}

/// An image of an event file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventImage {
    /// Its tag.
    pub tag: String,
    /// A PNG file.
    pub png: Vec<u8>,
    /// Its columns.
    pub width: u32,
    /// Its rows.
    pub height: u32,
}

impl EventImage {
    /// The image of a PNG file, which says its size in its first bytes.
    pub fn of_png(tag: &str, png: Vec<u8>) -> Self {
        let number = |at: usize| png.get(at..at + 4).map_or(0, |bytes| bytes.iter().fold(0, |n, byte| n << 8 | u32::from(*byte)));
        let (width, height) = (number(16), number(20));
        Self { tag: tag.into(), png, width, height }
    }
}

/// Writes the settings of a run that finished after `steps` steps into an event file of its own in `folder`, with what was
/// looked at in the end. TensorBoard compares runs by both on its HParams page.
///
/// # Errors
/// Returns [`Error::Log`] if the file cannot be written.
pub fn write_session(folder: &Path, steps: u64, settings: &[(String, HyperParameter)], sights: &Sights) -> Result<()> {
    // Steps that an earlier evaluation of the same weights wrote are dropped; those of the training stay.
    let mut events = EventFile::create(folder, steps + 1)?;
    let mut session = Summary::default();
    session.session(settings);
    events.record(&session.event(steps + 1))?;
    events.see(steps + 1, sights)
}

/// The event file of this process for one run.
#[derive(Debug)]
pub(crate) struct EventFile {
    path: PathBuf,
    file: BufWriter<File>,
    flushed: Instant,
}

impl EventFile {
    /// Creates a file in `folder` for the steps from `first` on. Readers drop these steps from earlier files.
    pub(crate) fn create(folder: &Path, first: u64) -> Result<Self> {
        let mut number = 0;
        let (path, file) = loop {
            // Readers sort files by name.
            let name = format!("events.out.tfevents.{:010}.{:03}.vimae.{}", now() as u64, number, std::process::id());
            let path = folder.join(name);
            match OpenOptions::new().create_new(true).write(true).open(&path) {
                Ok(file) => break (path, file),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && number < SAME_SECOND => number += 1,
                Err(source) => return Err(Error::Log { path, source }),
            }
        };
        let mut events = Self { path, file: BufWriter::new(file), flushed: Instant::now() };
        events.record(&event(None, protobuf::FILE_VERSION, FILE_VERSION))?;
        events.record(&session_log(first))?;
        events.flush()?;
        Ok(events)
    }

    /// Adds the loss and the terms of one step.
    pub(crate) fn push(&mut self, line: &LogLine) -> Result<()> {
        let mut summary = Summary::default();
        summary.scalar("loss", line.loss);
        for (name, value) in &line.terms {
            summary.scalar(&format!("terms/{name}"), *value);
        }
        self.record(&summary.event(line.step))?;
        if self.flushed.elapsed() >= FLUSH { self.flush() } else { Ok(()) }
    }

    /// Adds what was looked at after `step` steps.
    pub(crate) fn see(&mut self, step: u64, sights: &Sights) -> Result<()> {
        let mut summary = Summary::default();
        for (tag, value) in &sights.scalars {
            summary.scalar(tag, *value);
        }
        for image in &sights.images {
            summary.image(&image.tag, (image.width, image.height), &image.png);
        }
        self.record(&summary.event(step))?;
        self.flush()
    }

    /// Hands the waiting events to the operating system.
    pub(crate) fn flush(&mut self) -> Result<()> {
        self.flushed = Instant::now();
        self.file.flush().map_err(|source| Error::Log { path: self.path.clone(), source })
    }

    fn record(&mut self, data: &[u8]) -> Result<()> {
        let length = (data.len() as u64).to_le_bytes();
        let frame = [&length[..], &masked(&length).to_le_bytes(), data, &masked(data).to_le_bytes()].concat();
        self.file.write_all(&frame).map_err(|source| Error::Log { path: self.path.clone(), source })
    }
}

/// The masked checksum of a record: rotated, and shifted by a constant, because a checksum of data that contains checksums
/// would be weak.
fn masked(data: &[u8]) -> u32 {
    crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32C (Castagnoli).
fn crc32c(data: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    !data.iter().fold(!0, |crc: u32, byte| crc >> 8 ^ TABLE[usize::from(crc as u8 ^ byte)])
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let (mut crc, mut bit) = (i as u32, 0);
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
            bit += 1;
        }
        table[i] = crc;
        i += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn line(step: u64) -> LogLine {
        let terms = BTreeMap::from([("distortion".to_owned(), 2.0 * step as f64), ("rate".to_owned(), -0.5)]);
        LogLine { step, epoch: 1, loss: step as f64 / 4.0, log_var_min: None, log_var_mean: None, terms }
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        files
    }

    /// Two processes: steps 1 to 6, a checkpoint at 4, and from there on again with other values.
    fn interrupted(folder: &Path) {
        let mut first = EventFile::create(folder, 1).unwrap();
        (1..=6).for_each(|step| first.push(&line(step)).unwrap());
        first.flush().unwrap();
        let mut second = EventFile::create(folder, 5).unwrap();
        (5..=8).for_each(|step| second.push(&LogLine { loss: 100.0 + step as f64, ..line(step) }).unwrap());
        second.flush().unwrap();
    }

    #[test]
    fn the_checksum_is_castagnolis() {
        // RFC 3720, B.4.
        assert_eq!((crc32c(b"123456789"), crc32c(&[0; 32]), crc32c(&[0xff; 32])), (0xe306_9283, 0x8a91_36aa, 0x62a8_ab43));
    }

    #[test]
    fn records_are_framed_and_summed() {
        let folder = tempfile::tempdir().unwrap();
        interrupted(folder.path());
        let found = files(folder.path());
        assert_eq!(found.len(), 2);
        for (file, records) in found.iter().zip([2 + 6, 2 + 4]) {
            let bytes = std::fs::read(file).unwrap();
            let (mut rest, mut count) = (&bytes[..], 0);
            while !rest.is_empty() {
                let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
                assert_eq!(rest[8..12], masked(&rest[..8]).to_le_bytes());
                assert_eq!(rest[12 + length..16 + length], masked(&rest[12..12 + length]).to_le_bytes());
                (rest, count) = (&rest[16 + length..], count + 1);
            }
            assert_eq!(count, records, "{}", file.display());
        }
    }

    #[test]
    fn a_folder_that_refuses_is_named() {
        let message = EventFile::create(Path::new("/nowhere/at/all"), 1).unwrap_err().to_string();
        assert!(message.contains("/nowhere/at/all/events.out.tfevents."), "{message}");
    }

    #[test]
    fn tensorboard_reads_them_and_forgets_what_was_undone() {
        let python = vimae_testing::need!(vimae_testing::python(&["tensorboard"]));
        let command = |script: &str, folder: &Path| std::process::Command::new(&python).args(["-c", script]).arg(folder).output();
        let folder = tempfile::tempdir().unwrap();
        interrupted(folder.path());
        let script = "import json, sys\n\
                      from tensorboard.backend.event_processing.event_accumulator import EventAccumulator\n\
                      events = EventAccumulator(sys.argv[1])\n\
                      events.Reload()\n\
                      print(json.dumps({tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in events.Tags()['scalars']}))\n";
        let output = command(script, folder.path()).unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let found: BTreeMap<String, Vec<(u64, f64)>> = serde_json::from_slice(&output.stdout).unwrap();
        let loss = [(1, 0.25), (2, 0.5), (3, 0.75), (4, 1.0), (5, 105.0), (6, 106.0), (7, 107.0), (8, 108.0)];
        assert_eq!(found["loss"], loss);
        assert_eq!(found["terms/distortion"], (1..=8).map(|step| (step, 2.0 * step as f64)).collect::<Vec<_>>());
        assert_eq!(found.keys().collect::<Vec<_>>(), ["loss", "terms/distortion", "terms/rate"]);
    }

    #[test]
    fn tensorboard_reads_images_settings_and_final_numbers() {
        let python = vimae_testing::need!(vimae_testing::python(&["tensorboard"]));
        let folder = tempfile::tempdir().unwrap();
        let mut training = EventFile::create(folder.path(), 1).unwrap();
        (1..=4).for_each(|step| training.push(&line(step)).unwrap());
        let image = EventImage::of_png("samples", b"16 bytes of head\0\0\0\x1e\0\0\0\x14".to_vec());
        training.see(4, &Sights { scalars: vec![("validation/loss".into(), 1.5)], images: vec![image], held_out_loss: None }).unwrap();
        training.flush().unwrap();
        let settings = [
            ("training.epochs".to_owned(), HyperParameter::Number(3.0)),
            ("objective".to_owned(), HyperParameter::Text("vae".into())),
            ("tuned".to_owned(), HyperParameter::Truth(true)),
        ];
        let last = Sights { scalars: vec![("metrics/fid".into(), 2.5)], ..Sights::default() };
        write_session(folder.path(), 4, &settings, &last).unwrap();
        // Measured again: the later numbers count.
        write_session(folder.path(), 4, &settings, &Sights { scalars: vec![("metrics/fid".into(), 3.5)], ..Sights::default() }).unwrap();
        let script = "import json, sys\n\
                      from tensorboard.backend.event_processing.event_accumulator import EventAccumulator\n\
                      from tensorboard.plugins.hparams import plugin_data_pb2\n\
                      events = EventAccumulator(sys.argv[1])\n\
                      events.Reload()\n\
                      image = events.Images('samples')[0]\n\
                      data = lambda tag: plugin_data_pb2.HParamsPluginData.FromString(events.PluginTagToContent('hparams')['_hparams_/' + tag])\n\
                      start = {k: getattr(v, v.WhichOneof('kind')) for k, v in data('session_start_info').session_start_info.hparams.items()}\n\
                      scalars = {tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in events.Tags()['scalars']}\n\
                      print(json.dumps([image.step, image.width, image.height, image.encoded_image_string[:16].decode(), start,\n\
                      \x20   data('session_end_info').session_end_info.status, scalars['validation/loss'], scalars['metrics/fid'], len(scalars['loss'])]))\n";
        let output = std::process::Command::new(&python).args(["-c", script]).arg(folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let settings = serde_json::json!({ "training.epochs": 3.0, "objective": "vae", "tuned": true });
        assert_eq!(found, serde_json::json!([4, 30, 20, "16 bytes of head", settings, 1, [[4, 1.5]], [[5, 3.5]], 4]));
    }
}
