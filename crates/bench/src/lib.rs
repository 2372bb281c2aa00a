#![doc = include_str!("../README.md")]

mod agreement;
mod encode;
mod fid;
mod step;
mod svm;

pub use agreement::{Agreement, agreement, largest};
pub use encode::{EncodeTiming, bench_encode};
pub use fid::{FidTiming, bench_fid};
pub use step::{StepTiming, bench_step};
pub use svm::{SvmBench, SvmTiming, bench_svm};

use vimae_lab::{Error, Result};
