//! No noise: the code is a function of the image, `z = f(x)`, and its rate is infinite.

use vimae_core::{Entry, NoSettings, settings::Schema};

use super::{BuildNoise, pixels::Pixels};

/// The catalogue entry.
pub const ENTRY: Entry<BuildNoise> = Entry {
    name: "none",
    summary: "A deterministic encoder",
    source: "Baldi & Hornik, Neural networks and principal component analysis, 1989",
    settings: Schema::of::<NoSettings>,
    build: |_| Ok(Box::new(Pixels { name: "none", corruption: None })),
};
