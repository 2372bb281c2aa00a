//! Which reading of what the paper leaves open fits its numbers: the weight a of the distortion, and the unit and formula
//! of its rates. A weight is fitted, for each reading, to the rates of one figure; what else the paper prints of the same methods
//! is then predicted with that weight, unchanged.

mod by_seed;
mod noise;
mod run_identity;
mod search;
mod widths;

pub(crate) use noise::{NoiseRate, noise_rates};
pub(crate) use search::{FITTED, Fit, Found, Predicted, READINGS, Search};
pub(crate) use widths::{WidthRow, Widths, widths};
