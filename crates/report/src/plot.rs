//! Plots as inline SVG that follow the text colour of the page and scale with its width.

mod axis;
mod axis_name;
mod bands;
mod canvas;
mod class_names;
mod curves;
mod dots;
mod frame;
mod palette;
mod paper;
mod points;
mod scale;
mod scatter;
mod thin;
mod trade;

pub use bands::{Band, Bands};
pub use canvas::as_file;
pub use curves::{Curves, Line};
pub use dots::{Dot, Dots};
pub use palette::PALETTE;
pub(crate) use palette::has_colours;
pub use scale::Scale;
pub use scatter::Scatter;
pub use trade::Trade;
