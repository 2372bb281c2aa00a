//! Two quantities against each other: each line is one method at several settings, its points marked.

use plotters::{
    prelude::{Circle, EmptyElement, LineSeries},
    style::{Color, ShapeStyle},
};

use super::{
    axis::{Axis, padded, range},
    canvas::UNIT,
    curves::{Line, names},
    frame::{Frame, Legend},
    palette,
    paper::diamond,
    scale::Scale,
};
use crate::{Error, Result};

/// Points of the plane, line by line.
#[derive(Debug, Clone, Copy)]
pub struct Trade<'a> {
    /// What a reader who does not see the plot should know.
    pub title: &'a str,
    /// Name of the horizontal axis, with its unit.
    pub x: &'a str,
    /// Name of the vertical axis, with its unit.
    pub y: &'a str,
    /// The lines; one with a single point is drawn as that point.
    pub lines: &'a [Line],
    /// Points of the paper, each with the place of its colour in [`super::PALETTE`].
    pub paper: &'a [(usize, (f64, f64))],
}

impl Trade<'_> {
    /// Draws the points as an SVG element; on a logarithmic vertical axis where positive values span a wide range.
    ///
    /// # Errors
    /// Where no point is finite.
    pub fn svg(&self) -> Result<String> {
        let paper = || self.paper.iter().copied().filter(|(_, (x, y))| x.is_finite() && y.is_finite());
        let points = || self.lines.iter().flat_map(Line::finite).chain(paper().map(|(_, point)| point));
        let empty = Error::Empty { what: "points" };
        let (Some(x), Some(y)) = (range(points().map(|p| p.0)), range(points().map(|p| p.1))) else { return Err(empty) };
        let frame =
            Frame { title: self.title, x: self.x, y: self.y, size: (520, 300), legend: Legend::POINTS, paper: paper().next().is_some() };
        frame.svg(&names(self.lines), Axis::linear(padded(x, 0.05)), Scale::Wide.upright(y), |chart| {
            for line in self.lines {
                let colour = palette::colour(line.colour);
                chart.draw_series(LineSeries::new(line.finite(), ShapeStyle::from(colour).stroke_width(UNIT as u32 + 1)))?;
                chart.draw_series(line.finite().map(|point| Circle::new(point, 4 * UNIT, colour.filled())))?;
            }
            chart.draw_series(paper().map(|(colour, point)| EmptyElement::at(point) + diamond(palette::colour(colour))))?;
            Ok(())
        })
    }
}
