//! Curves of training: one line a method.

use plotters::{
    prelude::{ChartBuilder, LineSeries, Rectangle, Text},
    style::{
        Color, ShapeStyle,
        text_anchor::{HPos, VPos},
    },
};

use super::{Area, Axis, Drawn, Grid, UNIT, axes, draw, padded, palette, range, shortened, text};
use crate::{Error, Result};

const WIDTH: i32 = 450;
const HEIGHT: i32 = 250;
const LEGEND: i32 = 100;
/// Lines named in the legend at most.
const MOST_NAMES: usize = 12;
/// A range of more than this factor goes on a logarithmic axis.
const LOG_FROM: f64 = 30.0;

/// Lines over a common axis.
#[derive(Debug, Clone, Copy)]
pub struct Curves<'a> {
    /// What a reader who does not see the plot should know.
    pub title: &'a str,
    /// Name of the horizontal axis.
    pub x: &'a str,
    /// Name of the vertical axis, with its unit.
    pub y: &'a str,
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
    /// Draws the lines as an SVG element; on a logarithmic axis where positive values span a wide range.
    ///
    /// # Errors
    /// Where no point is finite.
    pub fn svg(&self) -> Result<String> {
        let points = || self.lines.iter().flat_map(|line| finite(&line.points));
        let empty = Error::Empty { what: "curves" };
        let (Some(x), Some(y)) = (range(points().map(|p| p.0)), range(points().map(|p| p.1))) else { return Err(empty) };
        let (x, y) = if y.0 > 0.0 && y.1 / y.0 > LOG_FROM {
            (Axis::linear(x), Axis::log((y.0 / 1.15, (y.1 * 1.15).min(f64::MAX))))
        } else {
            (Axis::linear(x), Axis::linear(padded(y, 0.06)))
        };
        draw(self.title, (WIDTH, HEIGHT), |area| {
            let (plot, legend) = area.split_horizontally((WIDTH - LEGEND) * UNIT);
            self.lines(&plot, x, y)?;
            self.legend(&legend)
        })
    }

    fn lines(&self, area: &Area<'_>, x: Axis, y: Axis) -> Drawn {
        let mut chart = ChartBuilder::on(area)
            .margin_top(8 * UNIT)
            .margin_right(8 * UNIT)
            .x_label_area_size(40 * UNIT)
            .y_label_area_size(58 * UNIT)
            .build_cartesian_2d(x, y)?;
        axes(&mut chart, self.x, self.y, Grid::Across)?;
        for line in self.lines {
            let style = ShapeStyle::from(palette::colour(line.colour)).stroke_width(2 * UNIT as u32);
            chart.draw_series(LineSeries::new(finite(&line.points), style))?;
        }
        Ok(())
    }

    fn legend(&self, area: &Area<'_>) -> Drawn {
        let at = |i: usize| (18 + 20 * i as i32) * UNIT;
        for (i, line) in self.lines.iter().take(MOST_NAMES).enumerate() {
            let box_ = [(2 * UNIT, at(i) - 2 * UNIT), (16 * UNIT, at(i) + UNIT)];
            area.draw(&Rectangle::new(box_, palette::colour(line.colour).filled()))?;
            area.draw(&Text::new(shortened(&line.name, 12), (22 * UNIT, at(i)), text(HPos::Left, VPos::Center)))?;
        }
        if self.lines.len() > MOST_NAMES {
            let more = format!("and {} more", self.lines.len() - MOST_NAMES);
            area.draw(&Text::new(more, (2 * UNIT, at(MOST_NAMES)), text(HPos::Left, VPos::Center)))?;
        }
        Ok(())
    }
}

fn finite(points: &[(f64, f64)]) -> impl Iterator<Item = (f64, f64)> {
    points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite())
}
