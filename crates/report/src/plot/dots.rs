//! Values of ours with their intervals beside the paper's, one row a method.

use plotters::{
    coord::ranged1d::Ranged,
    prelude::{ChartBuilder, Circle, EmptyElement, PathElement, Text},
    style::{
        Color,
        text_anchor::{HPos, VPos},
    },
};

use super::{
    axis::{Axis, padded, range},
    axis_name::{self, LINE, broken},
    canvas::{Area, Drawn, Grid, INK, UNIT, axes, draw, shortened, text},
    palette,
    paper::{MARK, diamond},
};
use crate::{Error, Result};

const WIDTH: i32 = 400;
const ROW: i32 = 26;
const NAMES: i32 = 92;
const KEY: i32 = 24;
const AXIS: i32 = 42;
const RIGHT: i32 = 12;
/// The middle of the axis.
const MIDDLE: i32 = (NAMES + WIDTH - RIGHT) / 2;

/// Rows of values.
#[derive(Debug, Clone, Copy)]
pub struct Dots<'a> {
    /// What a reader who does not see the plot should know.
    pub title: &'a str,
    /// Name of the axis, with its unit; a long one takes several lines.
    pub x: &'a str,
    /// The rows from top to bottom.
    pub rows: &'a [Dot],
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Dot {
    /// Its name.
    pub name: String,
    /// Our value.
    pub value: Option<f64>,
    /// The interval around it.
    pub interval: Option<[f64; 2]>,
    /// The paper's value.
    pub paper: Option<f64>,
}

impl Dots<'_> {
    /// Draws the rows as an SVG element.
    ///
    /// # Errors
    /// Where no value is finite.
    pub fn svg(&self) -> Result<String> {
        let values = self.rows.iter().flat_map(|row| row.value.into_iter().chain(row.paper).chain(row.interval.into_iter().flatten()));
        let x = Axis::linear(padded(range(values).ok_or(Error::Empty { what: "dots" })?, 0.07)).over(WIDTH - NAMES - RIGHT);
        let rows = i32::try_from(self.rows.len()).map_err(|_| Error::Plot { problem: "too many rows".into() })?;
        let name = broken(self.x, 2 * (WIDTH - MIDDLE));
        let below = AXIS + LINE * name.len().saturating_sub(1) as i32;
        draw(self.title, (WIDTH, KEY + rows * ROW + below), |area| {
            let (key, plot) = area.split_vertically(KEY * UNIT);
            self.key(&key)?;
            axis_name::across(&plot, &name, (MIDDLE, rows * ROW + below))?;
            self.rows(&plot, x, below)
        })
    }

    fn key(&self, area: &Area<'_>) -> Drawn {
        let middle = KEY / 2 * UNIT;
        let mut left = NAMES * UNIT + MARK;
        if self.rows.iter().any(|row| row.value.is_some_and(f64::is_finite)) {
            area.draw(&Circle::new((left, middle), 4 * UNIT, ours().filled()))?;
            area.draw(&Text::new("ours", (left + 2 * MARK, middle), text(HPos::Left, VPos::Center)))?;
            left = (NAMES + 66) * UNIT;
        }
        if self.rows.iter().any(|row| row.paper.is_some_and(f64::is_finite)) {
            area.draw(&(EmptyElement::at((left, middle)) + diamond(INK)))?;
            area.draw(&Text::new("paper", (left + 2 * MARK, middle), text(HPos::Left, VPos::Center)))?;
        }
        Ok(())
    }

    fn rows(&self, area: &Area<'_>, x: Axis, below: i32) -> Drawn {
        let (start, end) = (x.range().start, x.range().end);
        let mut chart = ChartBuilder::on(area)
            .margin_right(RIGHT * UNIT)
            .x_label_area_size(below * UNIT)
            .y_label_area_size(NAMES * UNIT)
            .build_cartesian_2d(x, Axis::rows(self.rows.len()))?;
        axes(&mut chart, "", "", Grid::Upright)?;
        for (row, y) in self.rows.iter().zip((0..).map(|i| f64::from(i) + 0.5)) {
            let name = Text::new(shortened(&row.name, 14), (-8 * UNIT, 0), text(HPos::Right, VPos::Center));
            area.draw(&(EmptyElement::at((NAMES * UNIT, (y * f64::from(ROW)).round() as i32 * UNIT)) + name))?;
            let at = |value: f64| (value, y);
            chart.draw_series([PathElement::new(vec![(start, y), (end, y)], INK.mix(0.1).stroke_width(UNIT as u32))])?;
            if let Some([low, high]) = row.interval.filter(|i| i.iter().all(|v| v.is_finite())) {
                chart.draw_series([PathElement::new(vec![at(low), at(high)], ours().stroke_width(2 * UNIT as u32))])?;
            }
            if let Some(value) = row.value.filter(|v| v.is_finite()) {
                chart.draw_series([Circle::new(at(value), 4 * UNIT, ours().filled())])?;
            }
            if let Some(value) = row.paper.filter(|v| v.is_finite()) {
                chart.draw_series([EmptyElement::at(at(value)) + diamond(INK)])?;
            }
        }
        Ok(())
    }
}

fn ours() -> plotters::style::RGBColor {
    palette::colour(0)
}
