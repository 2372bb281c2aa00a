//! Two-dimensional codes, coloured by class.

use plotters::{
    coord::ranged1d::Ranged,
    prelude::{ChartBuilder, Circle, EmptyElement, PathElement, Text},
    style::{
        Color, FontStyle, ShapeStyle,
        text_anchor::{HPos, VPos},
    },
};

use super::{
    axis::{Axis, padded, range},
    canvas::{Area, Drawn, Grid, INK, TEXT, UNIT, axes, draw, styled, text},
    class_names::places,
    palette::{self, has_colours},
    points::compact,
    thin::thinned,
};
use crate::{Error, Result};

/// Side of the square of the axes, in pixels.
const SIDE: i32 = 290;
/// Room for the vertical axis at least.
const LEFT: i32 = 50;
const LEGEND: i32 = 36;
/// Room beside the axes where there is no legend.
const RIGHT: i32 = 12;
/// Where a name begins in the legend, and about how wide one of its characters is.
const NAME_LEFT: i32 = 22;
const CHARACTER: i32 = 7;
const BOTTOM: i32 = 40;
/// Points drawn at most; more would hide one another and weigh on the page.
const MOST_POINTS: usize = 1_000;
/// Radius of a point, in units of the drawing; no other circle has it.
const POINT: u32 = 5;
/// Characters of a name at most.
const LONGEST_NAME: usize = 12;

/// Points of the plane with a class each.
#[derive(Debug, Clone, Copy)]
pub struct Scatter<'a> {
    /// What a reader who does not see the plot should know.
    pub title: &'a str,
    /// Names of the axes, horizontal and vertical.
    pub axes: [&'a str; 2],
    /// First coordinates.
    pub x: &'a [f64],
    /// Second coordinates.
    pub y: &'a [f64],
    /// Class of each point.
    pub label: &'a [i64],
    /// Names of the classes in the order of their labels; their numbers where there are none.
    pub names: &'a [String],
    /// Radii of dashed circles around the origin, such as contours of the prior.
    pub circles: &'a [f64],
}

#[derive(Clone, Copy)]
struct Point {
    at: (f64, f64),
    class: usize,
}

impl Scatter<'_> {
    /// Draws the points, both axes on one scale, as an SVG element. Of many points a part is drawn, of each class
    /// the same share. Classes have colours, and names where these can be read, where there are two to ten of them.
    ///
    /// # Errors
    /// Where the three lists differ in length or hold no finite point.
    pub fn svg(&self) -> Result<String> {
        for (what, got) in [("second coordinates", self.y.len()), ("labels", self.label.len())] {
            if got != self.x.len() {
                return Err(Error::Length { what, expected: format!("{}, one a point", self.x.len()), got });
            }
        }
        let mut classes: Vec<i64> = self.label.to_vec();
        classes.sort_unstable();
        classes.dedup();
        let points: Vec<Point> = (0..self.x.len())
            .filter(|&i| self.x[i].is_finite() && self.y[i].is_finite())
            .map(|i| Point { at: (self.x[i], self.y[i]), class: classes.partition_point(|class| *class < self.label[i]) })
            .collect();
        let of_points: Vec<usize> = points.iter().map(|point| point.class).collect();
        let points: Vec<Point> = thinned(&of_points, MOST_POINTS).into_iter().map(|place| points[place]).collect();
        let names: Vec<String> =
            if has_colours(classes.len()) { classes.into_iter().map(|class| self.name(class)).collect() } else { Vec::new() };
        let (x, y) = self.window(&points).ok_or(Error::Empty { what: "scatter" })?;
        let longest = names.iter().map(|name| name.chars().count()).max();
        let right = longest.map_or(RIGHT, |longest| LEGEND.max(NAME_LEFT + CHARACTER * longest as i32));
        let left = y.left(LEFT);
        let svg = draw(self.title, (left + SIDE + right, SIDE + BOTTOM + 6), |area| {
            let (plot, legend) = area.split_horizontally((left + SIDE) * UNIT);
            self.points(&plot, &points, x, y, &names)?;
            self.legend(&legend, &names)
        })?;
        Ok(compact(&svg, POINT))
    }

    /// The name of a class, cut to what the legend has room for.
    fn name(&self, class: i64) -> String {
        let name = usize::try_from(class).ok().and_then(|class| self.names.get(class));
        match name {
            Some(name) if name.chars().count() > LONGEST_NAME => name.chars().take(LONGEST_NAME - 1).chain(['…']).collect(),
            Some(name) => name.clone(),
            None => class.to_string(),
        }
    }

    /// A square window around all points and circles.
    fn window(&self, points: &[Point]) -> Option<(Axis, Axis)> {
        let circles = self.circles.iter().copied().filter(|r| *r > 0.0).flat_map(|r| [-r, r]);
        let x = range(points.iter().map(|p| p.at.0))?;
        let y = range(points.iter().map(|p| p.at.1))?;
        let with_circles = |(low, high): (f64, f64)| range(circles.clone().chain([low, high])).unwrap_or((low, high));
        let (x, y) = (with_circles(x), with_circles(y));
        let (x, y) = (padded(x, 0.04), padded(y, 0.04));
        let half = (x.1 / 2.0 - x.0 / 2.0).max(y.1 / 2.0 - y.0 / 2.0);
        let around = |(low, high): (f64, f64)| {
            let middle = low / 2.0 + high / 2.0;
            Axis::linear(((middle - half).max(f64::MIN), (middle + half).min(f64::MAX)))
        };
        Some((around(x).over(SIDE), around(y)))
    }

    fn points(&self, area: &Area<'_>, points: &[Point], x: Axis, y: Axis, names: &[String]) -> Drawn {
        let window = x.range();
        let pixel = (window.end - window.start) / f64::from(SIDE);
        let mut chart = ChartBuilder::on(area)
            .margin_top(6 * UNIT)
            .x_label_area_size(BOTTOM * UNIT)
            .y_label_area_size(y.left(LEFT) * UNIT)
            .build_cartesian_2d(x, y)?;
        axes(&mut chart, self.axes[0], self.axes[1], Grid::None)?;
        let colour = |p: &Point| palette::colour(if names.is_empty() { 0 } else { p.class });
        let dot = |p: &Point| Circle::new(p.at, POINT as i32, colour(p).mix(0.75).filled());
        chart.draw_series(points.iter().map(dot))?;
        for radius in self.circles.iter().filter(|r| **r > 0.0) {
            let style = ShapeStyle::from(INK.mix(0.9)).stroke_width(UNIT as u32 + 1);
            chart.draw_series(dashes(*radius).into_iter().map(|dash| PathElement::new(dash, style)))?;
        }
        let bold = styled(TEXT + 2, FontStyle::Bold, HPos::Center, VPos::Center);
        let named = if names.is_empty() { Vec::new() } else { places(points.iter().map(|p| (p.class, p.at)), names, pixel) };
        chart.draw_series(
            named.into_iter().map(|(class, at)| EmptyElement::at(at) + Text::new(names[class].clone(), (0, 0), bold.clone())),
        )?;
        Ok(())
    }

    fn legend(&self, area: &Area<'_>, names: &[String]) -> Drawn {
        let line = 19 * UNIT;
        for (i, name) in names.iter().enumerate() {
            let middle = 14 * UNIT + i as i32 * line;
            area.draw(&Circle::new((11 * UNIT, middle), 4 * UNIT, palette::colour(i).filled()))?;
            area.draw(&Text::new(name.clone(), (19 * UNIT, middle), text(HPos::Left, VPos::Center)))?;
        }
        Ok(())
    }
}

/// A circle around the origin in short arcs.
fn dashes(radius: f64) -> Vec<Vec<(f64, f64)>> {
    const DASHES: usize = 60;
    let at = |turn: f64| (radius * (turn * std::f64::consts::TAU).cos(), radius * (turn * std::f64::consts::TAU).sin());
    (0..DASHES).map(|i| (0..=3).map(|j| at((i as f64 + j as f64 / 6.0) / DASHES as f64)).collect()).collect()
}
