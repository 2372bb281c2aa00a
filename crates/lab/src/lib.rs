#![doc = include_str!("../README.md")]

mod bench;
mod bench_fid;
pub mod cells;
mod device;
mod error;
mod experiments;
mod fetch;
mod fid;
mod layout;
mod pictures;
mod pictures_of;
mod provenance;
mod reproduce;
mod resolve;
mod run;
mod summary;
mod verify;

pub use bench::{StepTiming, bench_step};
pub use bench_fid::{FidTiming, bench_fid};
pub use device::device;
pub use error::{Error, Result};
pub use experiments::{Profile, paper};
pub use fetch::{Fetching, fetch};
pub use fid::{FidProgress, FidReport, FidRequest, Network, Number, SetReport, fid};
pub use layout::{Layout, RunFolder};
pub use reproduce::{Failure, Outcome, Place, Request, reproduce};
pub use resolve::Shelf;
pub use run::{Event, run};
pub use verify::{Check, verify};
pub use vimae_datasets::{self as datasets, Sources};
pub use vimae_hub::{Event as HubEvent, Options as HubOptions};
pub use vimae_metrics::resize::Resize;
pub use vimae_trainer::Event as TrainingEvent;
