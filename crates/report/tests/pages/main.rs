//! Pages and what stands on them: that they hold together, in a browser too, and show what they were given.

mod browser;
mod codes;
mod colours;
mod image_grid;
mod kept;
#[path = "../../examples/synthetic/made_up.rs"]
mod made_up;
mod page;
mod palette;
mod plots;
mod rate_distortion;
mod readings;
mod tables;
mod training;
mod units;
