//! What plots of named lines share: margins and axes on the left, a legend on the right.

use plotters::{
    prelude::{ChartBuilder, Circle, EmptyElement, Rectangle, Text},
    style::{
        Color,
        text_anchor::{HPos, VPos},
    },
};

use super::{
    axis::Axis,
    axis_name::{self, LINE, broken},
    canvas::{Area, Chart, Drawn, Grid, INK, UNIT, axes, draw, shortened, text},
    palette,
    paper::diamond,
};
use crate::Result;

/// Room for the vertical axis at least, and on the other sides of the plot, in pixels.
const LEFT: i32 = 58;
const RIGHT: i32 = 8;
const TOP: i32 = 8;
const BOTTOM: i32 = 40;

/// A plot with a legend, but for what is drawn in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    pub(super) title: &'a str,
    pub(super) x: &'a str,
    pub(super) y: &'a str,
    /// Width and height in pixels, the legend included.
    pub(super) size: (i32, i32),
    pub(super) legend: Legend,
    /// Whether the legend explains the paper's mark.
    pub(super) paper: bool,
}

/// How lines are named, in pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Legend {
    mark: Mark,
    width: i32,
    spacing: i32,
    /// Where names begin.
    names: i32,
    /// Characters of a name at most.
    characters: usize,
    /// Lines named at most.
    most: usize,
}

#[derive(Debug, Clone, Copy)]
enum Mark {
    Bar,
    Point,
}

impl Legend {
    /// For lines.
    pub(super) const BARS: Self = Self { mark: Mark::Bar, width: 114, spacing: 20, names: 22, characters: 14, most: 12 };
    /// For lines whose points are marked.
    pub(super) const POINTS: Self = Self { mark: Mark::Point, width: 170, spacing: 19, names: 20, characters: 24, most: 15 };

    /// Names with the places of their colours in [`super::PALETTE`].
    fn draw(self, area: &Area<'_>, lines: &[(&str, usize)], paper: bool) -> Drawn {
        let at = |i: usize| (18 + self.spacing * i as i32) * UNIT;
        for (i, (name, colour)) in lines.iter().take(self.most).enumerate() {
            let style = palette::colour(*colour).filled();
            match self.mark {
                Mark::Bar => area.draw(&Rectangle::new([(2 * UNIT, at(i) - 2 * UNIT), (16 * UNIT, at(i) + UNIT)], style))?,
                Mark::Point => area.draw(&Circle::new((9 * UNIT, at(i)), 4 * UNIT, style))?,
            }
            area.draw(&Text::new(shortened(name, self.characters), (self.names * UNIT, at(i)), text(HPos::Left, VPos::Center)))?;
        }
        if lines.len() > self.most {
            let more = format!("and {} more", lines.len() - self.most);
            area.draw(&Text::new(more, (2 * UNIT, at(self.most)), text(HPos::Left, VPos::Center)))?;
        }
        if paper {
            let below = at(lines.len().min(self.most + 1));
            area.draw(&(EmptyElement::at((9 * UNIT, below)) + diamond(INK)))?;
            area.draw(&Text::new("paper", (self.names * UNIT, below), text(HPos::Left, VPos::Center)))?;
        }
        Ok(())
    }
}

impl Frame<'_> {
    /// The plot as an SVG element, with `series` drawn between the axes.
    pub(super) fn svg(
        &self,
        lines: &[(&str, usize)],
        x: Axis,
        y: Axis,
        series: impl FnOnce(&mut Chart<'_, '_>) -> Drawn,
    ) -> Result<String> {
        let height = self.size.1 - TOP - BOTTOM;
        let (x_name, y_name) = (x.titled(self.x), broken(&y.titled(self.y), height));
        let left = y.left(LEFT) + LINE * y_name.len().saturating_sub(1) as i32;
        let width = self.size.0 - self.legend.width;
        let x = x.over(width - left - RIGHT);
        draw(self.title, self.size, |area| {
            let (plot, legend) = area.split_horizontally(width * UNIT);
            let mut chart = ChartBuilder::on(&plot)
                .margin_top(TOP * UNIT)
                .margin_right(RIGHT * UNIT)
                .x_label_area_size(BOTTOM * UNIT)
                .y_label_area_size(left * UNIT)
                .build_cartesian_2d(x, y)?;
            axes(&mut chart, &x_name, "", Grid::Across)?;
            axis_name::upright(&plot, &y_name, TOP + height / 2)?;
            series(&mut chart)?;
            self.legend.draw(&legend, lines, self.paper)
        })
    }
}
