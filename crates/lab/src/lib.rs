#![doc = include_str!("../README.md")]

mod bench;
pub mod cells;
mod device;
mod error;
mod experiments;
mod fetch;
mod layout;
mod pictures;
mod provenance;
mod reevaluate;
mod reproduce;
mod resolve;
mod run;
mod summary;
mod verify;

pub use bench::{StepTiming, bench_step};
pub use device::device;
pub use error::{Error, Result};
pub use experiments::{Profile, paper};
pub use fetch::{Fetching, fetch};
pub use layout::{Layout, RunFolder};
pub use reevaluate::{Reevaluated, reevaluate};
pub use reproduce::{Failure, Outcome, Place, Request, reproduce};
pub use resolve::Shelf;
pub use run::{Event, run};
pub use verify::{Check, verify};
pub use vimae_datasets::{self as datasets, Sources};
pub use vimae_hub::{Event as HubEvent, Options as HubOptions};
pub use vimae_trainer::Event as TrainingEvent;
