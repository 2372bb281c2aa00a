//! Curves of training: one line a method.

use plotters::{prelude::LineSeries, style::ShapeStyle};

use super::{
    axis::range,
    canvas::UNIT,
    frame::{Frame, Legend},
    palette,
    scale::Scale,
};
use crate::{Error, Result};

/// Lines over a common axis.
#[derive(Debug, Clone, Copy)]
pub struct Curves<'a> {
    /// What a reader who does not see the plot should know.
    pub title: &'a str,
    /// Name of the horizontal axis.
    pub x: &'a str,
    /// Name of the vertical axis, with its unit.
    pub y: &'a str,
    /// How the axes count, the horizontal one first.
    pub scales: [Scale; 2],
    /// The lines.
    pub lines: &'a [Line],
}

/// One line.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Its name in the legend.
    pub name: String,
    /// Its colour's place in [`super::PALETTE`].
    pub colour: usize,
    /// Its points from left to right; those that are not finite are left out.
    pub points: Vec<(f64, f64)>,
}

impl Curves<'_> {
    /// Draws the lines as an SVG element.
    ///
    /// # Errors
    /// Where no point is finite.
    pub fn svg(&self) -> Result<String> {
        let points = || self.lines.iter().flat_map(Line::finite);
        let empty = Error::Empty { what: "curves" };
        let (Some(x), Some(y)) = (range(points().map(|p| p.0)), range(points().map(|p| p.1))) else { return Err(empty) };
        let [across, upright] = self.scales;
        let frame = Frame { title: self.title, x: self.x, y: self.y, size: (450, 250), legend: Legend::BARS, paper: false };
        frame.svg(&names(self.lines), across.across(x), upright.upright(y), |chart| {
            for line in self.lines {
                let style = ShapeStyle::from(palette::colour(line.colour)).stroke_width(2 * UNIT as u32);
                chart.draw_series(LineSeries::new(line.finite(), style))?;
            }
            Ok(())
        })
    }
}

impl Line {
    /// Its points that can be drawn.
    pub(super) fn finite(&self) -> impl Iterator<Item = (f64, f64)> {
        self.points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite())
    }
}

/// What the legend says of the lines.
pub(super) fn names(lines: &[Line]) -> Vec<(&str, usize)> {
    lines.iter().map(|line| (line.name.as_str(), line.colour)).collect()
}
