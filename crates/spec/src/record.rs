//! What a finished run leaves: its numbers, its images and where they came from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Lifelong, Measurement, RunSpec};

/// What an image of a run shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FigureKind {
    /// PNG: originals above their reconstructions, row by row.
    Reconstructions,
    /// PNG: decoded draws from the prior.
    Samples,
    /// PNG: decoded draws from the prior after each task, one row a task.
    Tasks,
    /// PNG: decoded codes along one dimension a row, the most informative first.
    Traversals,
    /// PNG: decoded codes between those of two test images a row, these at its ends.
    Interpolations,
    /// JSON: two-dimensional codes of test images, `{"x": [..], "y": [..], "label": [..]}`.
    Codes,
    /// JSON: codes of test images on the two directions in which they vary most, in the form of `Codes`.
    Projection,
    /// JSON: which class was taken for which, `[{"protocol": .., "metric": .., "classes": [..], "counts": [[..]]}]`,
    /// rows by the true class.
    Confusion,
}

impl FigureKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Reconstructions,
        Self::Samples,
        Self::Tasks,
        Self::Traversals,
        Self::Interpolations,
        Self::Codes,
        Self::Projection,
        Self::Confusion,
    ];

    /// The name of its file in a run's folder.
    pub fn file(self) -> &'static str {
        match self {
            Self::Reconstructions => "reconstructions.png",
            Self::Samples => "samples.png",
            Self::Tasks => "tasks.png",
            Self::Traversals => "traversals.png",
            Self::Interpolations => "interpolations.png",
            Self::Codes => "codes.json",
            Self::Projection => "projection.json",
            Self::Confusion => "confusion.json",
        }
    }
}

/// An image, or the data to draw one, beside the record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// What it shows.
    pub kind: FigureKind,
    /// Its file in the run's folder.
    pub file: String,
    /// What a reader sees, in words.
    pub caption: String,
}

/// A divergence after which a run went on from an earlier state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rollback {
    /// The step that diverged, counted from 1.
    pub step: u64,
    /// The term that was not finite.
    pub term: String,
    /// Steps of the checkpoint that the run went back to.
    pub back_to: u64,
    /// What Adam's learning rates were multiplied by from there on.
    pub rate: f64,
}

/// How early stopping ended a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EarlyStopping {
    /// The epoch behind which training ended, counted from 1.
    pub stopped_epoch: u64,
    /// The epoch whose weights were kept.
    pub kept_epoch: u64,
    /// The loss of these on held-out images.
    pub held_out_loss: f64,
}

/// Broken images of a run's data that were left out, as its settings ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokenImages {
    /// How many.
    pub left_out: usize,
    /// The first of them, with what is wrong.
    pub files: Vec<String>,
}

/// Everything known about a finished run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Version of this form: [`RunRecord::FORMAT`].
    pub format: u32,
    /// The run's specification.
    pub spec: RunSpec,
    /// Digest of the specification.
    pub spec_sha256: String,
    /// Digest of the part of it that determines the weights.
    pub training_sha256: String,
    /// Digest of the data.
    pub data_sha256: String,
    /// Broken images of the data; none where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken_images: Option<BrokenImages>,
    /// Digest of the final weights.
    pub weights_sha256: String,
    /// Commit of the code; `unknown` outside a checkout, `-dirty` after it where files were changed ([`uncommitted`]).
    pub git_commit: String,
    /// Version of the crates.
    pub version: String,
    /// Where it ran.
    pub device: String,
    /// Trainable parameters of the network.
    pub parameters: usize,
    /// Training steps taken.
    pub steps: u64,
    /// Divergences after which it went on; none where nothing is said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rollbacks: Vec<Rollback>,
    /// How early stopping ended it, where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<EarlyStopping>,
    /// Seconds of training, restarts included.
    pub training_seconds: f64,
    /// Seconds of evaluation.
    pub evaluation_seconds: f64,
    /// The numbers.
    pub measurements: Vec<Measurement>,
    /// What was measured after each task; none for a run without a stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifelong: Option<Lifelong>,
    /// The images.
    pub figures: Vec<Figure>,
    /// The training log beside the record: one JSON object a line, `{"step": .., "epoch": .., "loss": .., <term>: ..}`.
    pub log: String,
    /// SHA-256 of the files beside the record, by name: specification, log and images.
    pub files: BTreeMap<String, String>,
}

/// The commit that the changes of a checkout stand on, of the commit that a record names; none where nothing was changed.
pub fn uncommitted(commit: &str) -> Option<&str> {
    commit.strip_suffix("-dirty")
}

impl RunRecord {
    /// The newest form of record known here.
    pub const FORMAT: u32 = 3;
    /// What is wrong with a run without its weights, as results that are kept of it may be, and what helps.
    pub const WITHOUT_WEIGHTS: &str = "is not there, and without its weights nothing of a run can be measured, drawn or published; give a \
        directory that holds them, or train the run again";
    /// What helps where the record or a file that it names, but for the weights, is gone or damaged.
    pub const AGAIN: &str = "remove the run's record.json, and the command that began the run makes it again";

    /// Epochs that it was trained: all that were asked for, or those before early stopping ended it.
    pub fn trained_epochs(&self) -> u64 {
        self.early_stopping.as_ref().map_or(self.spec.training.epochs, |ended| ended.stopped_epoch)
    }
}
