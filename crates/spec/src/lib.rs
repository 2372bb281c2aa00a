#![doc = include_str!("../README.md")]

mod cell;
mod comparison;
mod component;
mod digest;
mod error;
mod expectation;
mod experiment;
mod few_label;
mod paper;
mod record;
mod reevaluation;
mod resources;
mod run;

pub use cell::{Cell, Results, SummaryRow};
pub use comparison::{BootstrapInterval, Comparisons, PairedComparison, PaperVerdict, Standing};
pub use component::Component;
pub use digest::sha256_hex;
pub use error::{Error, Result};
pub use expectation::Expectation;
pub use experiment::Experiment;
pub use few_label::{Classifier, CodeName, KernelName, MaskFill, NoiseOn};
pub use paper::{Certainty, Paper, PaperClaim, PaperRow, PaperTarget, protocol_matches};
pub use record::{BrokenImages, Figure, FigureKind, Measurement, Rollback, RunRecord};
pub use reevaluation::Reevaluation;
pub use resources::Resources;
pub use run::{Evaluation, Model, RunSpec, Training};
