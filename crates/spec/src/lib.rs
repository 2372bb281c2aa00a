#![doc = include_str!("../README.md")]

mod cell;
mod comparison;
mod component;
mod confusion;
mod digest;
mod error;
mod expectation;
mod experiment;
mod few_label;
mod measurement;
mod network;
mod paper;
mod record;
mod reevaluation;
mod resources;
mod run;
mod sealed;
mod status;

pub use cell::{Cell, CellKey, Results, SummaryRow};
pub use comparison::{BootstrapInterval, Comparisons, PairedComparison, PaperVerdict, Standing};
pub use component::Component;
pub use confusion::Confusion;
pub use digest::sha256_hex;
pub use error::{Error, Result};
pub use expectation::Expectation;
pub use experiment::Experiment;
pub use few_label::{CodeName, KernelName, MaskFill, NoiseOn};
pub use measurement::{Direction, Measurement, Parameter, Protocol, Slice};
pub use network::{Head, PixelRange};
pub use paper::{Certainty, Paper, PaperClaim, PaperRow, PaperTarget, protocol_matches};
pub use record::{BrokenImages, Figure, FigureKind, Rollback, RunRecord};
pub use reevaluation::Reevaluation;
pub use resources::Resources;
pub use run::{Evaluation, Model, RunSpec, Training};
pub use sealed::RecordProblem;
pub use status::{State, Status};
