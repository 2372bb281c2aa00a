//! Two quantities against each other: each line is one method at several settings, its points marked.

use plotters::{
    prelude::{ChartBuilder, Circle, LineSeries, Text},
    style::{
        Color, ShapeStyle,
        text_anchor::{HPos, VPos},
    },
};

use super::{Area, Axis, Drawn, Grid, Line, UNIT, axes, draw, padded, palette, range, shortened, text};
use crate::{Error, Result};

const WIDTH: i32 = 560;
const HEIGHT: i32 = 320;
const LEGEND: i32 = 150;
/// Lines named in the legend at most.
const MOST_NAMES: usize = 15;
/// A range of more than this factor goes on a logarithmic axis.
const LOG_FROM: f64 = 30.0;

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
}

impl Trade<'_> {
    /// Draws the points as an SVG element; on a logarithmic vertical axis where positive values span a wide range.
    ///
    /// # Errors
    /// Where no point is finite.
    pub fn svg(&self) -> Result<String> {
        let points = || self.lines.iter().flat_map(finite);
        let empty = Error::Empty { what: "points" };
        let (Some(x), Some(y)) = (range(points().map(|p| p.0)), range(points().map(|p| p.1))) else { return Err(empty) };
        let x = Axis::linear(padded(x, 0.05));
        let y = if y.0 > 0.0 && y.1 / y.0 > LOG_FROM {
            Axis::log((y.0 / 1.15, (y.1 * 1.15).min(f64::MAX)))
        } else {
            Axis::linear(padded(y, 0.06))
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
            let colour = palette::colour(line.colour);
            chart.draw_series(LineSeries::new(finite(line), ShapeStyle::from(colour).stroke_width(UNIT as u32 + 1)))?;
            chart.draw_series(finite(line).map(|point| Circle::new(point, 3 * UNIT, colour.filled())))?;
        }
        Ok(())
    }

    fn legend(&self, area: &Area<'_>) -> Drawn {
        let at = |i: usize| (18 + 19 * i as i32) * UNIT;
        for (i, line) in self.lines.iter().take(MOST_NAMES).enumerate() {
            area.draw(&Circle::new((9 * UNIT, at(i)), 4 * UNIT, palette::colour(line.colour).filled()))?;
            area.draw(&Text::new(shortened(&line.name, 20), (20 * UNIT, at(i)), text(HPos::Left, VPos::Center)))?;
        }
        if self.lines.len() > MOST_NAMES {
            let more = format!("and {} more", self.lines.len() - MOST_NAMES);
            area.draw(&Text::new(more, (2 * UNIT, at(MOST_NAMES)), text(HPos::Left, VPos::Center)))?;
        }
        Ok(())
    }
}

fn finite(line: &Line) -> impl Iterator<Item = (f64, f64)> {
    line.points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite())
}
