//! What an evaluation has measured so far, so that one that was stopped goes on metric by metric.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use serde::{Deserialize, Serialize};
use vimae_checkpoint::atomic;
use vimae_core::Findings;

use crate::{
    counted::counted,
    stored::{read_sealed, sealed},
};

/// Findings that are kept of the evaluation under way, for a process that ends from outside of it.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// What an evaluation that was stopped says: what is kept of it, and what the same command does.
pub(crate) fn stopped() -> String {
    said(COUNT.load(Ordering::Relaxed))
}

fn said(kept: usize) -> String {
    match kept {
        0 => "stopped before a metric was measured; nothing is kept, and the same command begins again".into(),
        kept => format!("stopped with {} measured and kept; the same command measures the others", counted(kept, "metric")),
    }
}

/// The findings of one evaluation, in a file that is there only while it is under way.
pub(crate) struct Kept {
    /// Nothing is written without one.
    path: Option<PathBuf>,
    content: Content,
    began: Instant,
    /// Seconds of the calls before this one.
    before: f64,
}

#[derive(Default, Serialize, Deserialize)]
struct Content {
    /// The digest of what determines the findings.
    sha256: String,
    /// Seconds that they took.
    seconds: f64,
    /// By metric.
    findings: BTreeMap<String, Findings>,
}

impl Kept {
    /// What an earlier call left at `path` of the evaluation with this digest. A file of another evaluation, or one that was
    /// changed or damaged, is nothing: its findings are made again.
    pub(crate) fn open(path: &Path, sha256: &str) -> Self {
        let read = read_sealed::<Content>(path);
        if let Err(error) = read.as_ref()
            && path.exists()
        {
            tracing::warn!("{error}; its metrics are measured again");
        }
        let earlier = read.ok().filter(|content| content.sha256 == sha256);
        let content = earlier.unwrap_or_else(|| Content { sha256: sha256.into(), ..Content::default() });
        COUNT.store(content.findings.len(), Ordering::Relaxed);
        Self { path: Some(path.into()), before: content.seconds, content, began: Instant::now() }
    }

    /// Findings of an evaluation that is made anew each time.
    pub(crate) fn nowhere() -> Self {
        Self { path: None, content: Content::default(), began: Instant::now(), before: 0.0 }
    }

    /// What `metric` found, where it was measured.
    pub(crate) fn get(&self, metric: &str) -> Option<Findings> {
        self.content.findings.get(metric).cloned()
    }

    /// Keeps what `metric` found. Where that cannot be written, a call after a stop measures it again.
    pub(crate) fn keep(&mut self, metric: &str, found: &Findings) {
        let Some(path) = &self.path else { return };
        self.content.findings.insert(metric.into(), found.clone());
        self.content.seconds = self.before + self.began.elapsed().as_secs_f64();
        if sealed(&self.content).is_ok_and(|bytes| atomic::write_unsynced(path, &bytes).is_ok()) {
            COUNT.store(self.content.findings.len(), Ordering::Relaxed);
        }
    }

    /// Seconds of the evaluation, over all calls.
    pub(crate) fn seconds(&self) -> f64 {
        self.before + self.began.elapsed().as_secs_f64()
    }

    /// Removes the file, once its content is elsewhere.
    pub(crate) fn remove(self) {
        let _ = self.path.map(std::fs::remove_file);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cells::tests::record;

    #[test]
    fn findings_come_back_bit_for_bit_and_only_for_the_same_evaluation() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("measured.json");
        let found = Findings::from(record("vae", 0, "rate", 0.1 + 0.2).measurements);
        Kept::open(&path, "a").keep("rate", &found);
        assert_eq!(Kept::open(&path, "a").get("rate"), Some(found));
        assert_eq!(Kept::open(&path, "a").get("nll"), None);
        assert_eq!(Kept::open(&path, "b").get("rate"), None);
        let whole = std::fs::read_to_string(&path).unwrap();
        for damaged in ["{".to_owned(), whole.replacen("\"value\": 0.3", "\"value\": 1.3", 1)] {
            assert_ne!(damaged, whole);
            std::fs::write(&path, damaged).unwrap();
            assert_eq!(Kept::open(&path, "a").get("rate"), None);
        }
        Kept::open(&path, "a").remove();
        assert!(!path.exists());
    }

    #[test]
    fn an_evaluation_that_was_stopped_promises_no_more_than_is_kept() {
        assert_eq!(said(0), "stopped before a metric was measured; nothing is kept, and the same command begins again");
        assert_eq!(said(1), "stopped with 1 metric measured and kept; the same command measures the others");
        assert!(said(2).contains("2 metrics measured"));
    }
}
