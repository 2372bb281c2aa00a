#![doc = include_str!("../README.md")]

mod agreement;
mod bench;
mod bench_svm;
mod catalogue;
pub mod cells;
pub mod claims;
mod device;
mod error;
mod experiments;
mod fetch;
mod layout;
mod measure;
mod pictures;
mod provenance;
mod reproduce;
mod resolve;
mod run;
mod summary;
mod verify;

pub use agreement::{Agreement, agreement};
pub use bench::{StepTiming, bench_step};
pub use bench_svm::{SvmBench, SvmTiming, bench_svm};
pub use catalogue::{catalogue, every_objective};
pub use device::device;
pub use error::{Error, Result};
pub use experiments::{Profile, paper};
pub use fetch::{Fetching, fetch};
pub use layout::{Layout, RunFolder};
pub use reproduce::{Failure, Outcome, Place, Request, reproduce};
pub use resolve::Shelf;
pub use run::{Event, run};
pub use verify::{Check, verify};
pub use vimae_datasets::{self as datasets, Sources};
pub use vimae_hub::{Event as HubEvent, Options as HubOptions};
pub use vimae_ops::allow_tf32;
pub use vimae_trainer::Event as TrainingEvent;
