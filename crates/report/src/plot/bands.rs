//! Accuracy against the strength of noise: one line a method, with a band for its interval.

use plotters::{
    prelude::{Circle, EmptyElement, LineSeries, Polygon},
    style::{Color, ShapeStyle},
};

use super::{
    axis::{Axis, padded, range},
    canvas::UNIT,
    frame::{Frame, Legend},
    palette,
    paper::diamond,
};
use crate::{Error, Result};

/// Lines with bands over a common axis.
#[derive(Debug, Clone, Copy)]
pub struct Bands<'a> {
    /// What a reader who does not see the plot should know.
    pub title: &'a str,
    /// Name of the horizontal axis.
    pub x: &'a str,
    /// Name of the vertical axis, with its unit.
    pub y: &'a str,
    /// The lines.
    pub lines: &'a [Band],
}

/// One line.
#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    /// Its name in the legend.
    pub name: String,
    /// Its colour's place in [`super::PALETTE`].
    pub colour: usize,
    /// From left to right: place, value, and the interval around it where one is known. Points that are not finite
    /// are left out; the band spans neighbours that both have an interval.
    pub points: Vec<(f64, f64, Option<[f64; 2]>)>,
    /// The paper's points.
    pub paper: Vec<(f64, f64)>,
}

impl Bands<'_> {
    /// Draws the lines as an SVG element.
    ///
    /// # Errors
    /// Where no point is finite.
    pub fn svg(&self) -> Result<String> {
        let paper = || {
            self.lines
                .iter()
                .flat_map(|line| line.paper.iter().map(|p| (line.colour, *p)))
                .filter(|(_, p)| p.0.is_finite() && p.1.is_finite())
        };
        let points = || self.lines.iter().flat_map(|line| finite(&line.points)).chain(paper().map(|(_, (x, y))| (x, y, None)));
        let ends = points().flat_map(|(_, value, interval)| interval.into_iter().flatten().chain([value]));
        let (Some(x), Some(y)) = (range(points().map(|p| p.0)), range(ends)) else { return Err(Error::Empty { what: "bands" }) };
        let names: Vec<_> = self.lines.iter().map(|line| (line.name.as_str(), line.colour)).collect();
        let frame =
            Frame { title: self.title, x: self.x, y: self.y, size: (450, 260), legend: Legend::BARS, paper: paper().next().is_some() };
        frame.svg(&names, Axis::linear(padded(x, 0.03)), Axis::linear(padded(y, 0.06)), |chart| {
            // Bands first, so that no line is hidden by one.
            for line in self.lines {
                let points: Vec<_> = finite(&line.points).collect();
                for pair in points.windows(2) {
                    let [(a, _, Some(first)), (b, _, Some(second))] = pair else { continue };
                    let corners = vec![(*a, first[0]), (*b, second[0]), (*b, second[1]), (*a, first[1])];
                    chart.draw_series([Polygon::new(corners, palette::colour(line.colour).mix(0.15).filled())])?;
                }
            }
            for line in self.lines {
                let colour = palette::colour(line.colour);
                let style = ShapeStyle::from(colour).stroke_width(2 * UNIT as u32);
                let points = || finite(&line.points).map(|(x, y, _)| (x, y));
                chart.draw_series(LineSeries::new(points(), style))?;
                chart.draw_series(points().map(|at| Circle::new(at, 3 * UNIT, colour.filled())))?;
            }
            chart.draw_series(paper().map(|(colour, point)| EmptyElement::at(point) + diamond(palette::colour(colour))))?;
            Ok(())
        })
    }
}

/// Points that can be drawn; an interval that is not finite is none.
fn finite(points: &[(f64, f64, Option<[f64; 2]>)]) -> impl Iterator<Item = (f64, f64, Option<[f64; 2]>)> {
    let whole = |interval: &[f64; 2]| interval.iter().all(|v| v.is_finite());
    points.iter().filter(|(x, y, _)| x.is_finite() && y.is_finite()).map(move |(x, y, interval)| (*x, *y, interval.filter(whole)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_join_neighbours_that_have_intervals() {
        let line = |name: &str, colour, points| Band { name: name.into(), colour, points, paper: Vec::new() };
        let lines = [
            line("a", 0, vec![(0.0, 90.0, Some([88.0, 92.0])), (0.2, 80.0, Some([75.0, 85.0])), (0.4, 60.0, None)]),
            line("b", 1, vec![(0.0, f64::NAN, None), (0.2, 70.0, Some([f64::INFINITY, 1.0]))]),
        ];
        let svg = Bands { title: "t", x: "x", y: "y", lines: &lines }.svg().unwrap();
        assert_eq!((svg.matches("<polygon").count(), svg.matches("<circle").count()), (1, 4));
        let none = [line("c", 0, vec![(0.0, f64::NAN, None)])];
        assert!(Bands { title: "t", x: "x", y: "y", lines: &none }.svg().is_err());
    }
}
