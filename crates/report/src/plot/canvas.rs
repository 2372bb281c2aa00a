//! The drawing below all plots: its units, its text, its axes, and the SVG that becomes of it.

use plotters::{
    coord::Shift,
    prelude::{Cartesian2d, ChartContext, DrawingArea, DrawingAreaErrorKind, IntoDrawingArea, IntoFont, SVGBackend, TextStyle},
    style::{
        Color, FontStyle, RGBColor, ShapeStyle,
        text_anchor::{HPos, Pos, VPos},
    },
};

use super::axis::Axis;
use crate::{Error, Result};

/// Units of the drawing for one pixel at its natural size: plotters knows whole units only.
pub(super) const UNIT: i32 = 3;
/// Text of axes and legends, in pixels at the natural size.
pub(super) const TEXT: i32 = 12;
/// Everything that is not data. On the page it becomes the colour of the text.
pub(super) const INK: RGBColor = RGBColor(0, 0, 0);
/// plotters writes text smaller than asked for, by this factor.
const PLOTTERS_TEXT: f64 = 1.24;

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(super) type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Axis, Axis>>;
pub(super) type Drawn = std::result::Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// Draws on an area of `width` x `height` pixels and makes of it an SVG element for the page.
pub(super) fn draw(title: &str, (width, height): (i32, i32), drawing: impl FnOnce(&Area<'_>) -> Drawn) -> Result<String> {
    let mut svg = String::new();
    let size = ((width * UNIT).unsigned_abs(), (height * UNIT).unsigned_abs());
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        drawing(&area).and_then(|()| area.present()).map_err(|e| Error::Plot { problem: e.to_string() })?;
    }
    Ok(for_page(&svg, title, width))
}

/// The one place that knows how plotters writes SVG.
fn for_page(svg: &str, title: &str, width: i32) -> String {
    let title = escape(title);
    let (head, body) = svg.split_once('\n').unwrap_or_default();
    // Width and height come first in the element; without them the page decides.
    let view = head.find("viewBox").map_or("", |start| &head[start..]).trim_end_matches('>');
    let body = body
        .replace("\"#000000\"", "\"currentColor\"")
        .replace(" stroke=\"none\" stroke-width=\"1\"", "")
        .replace(" opacity=\"1\"", "")
        .replace(" font-family=\"sans-serif\"", "");
    format!("<svg {view} role=\"img\" aria-label=\"{title}\" style=\"max-width:{width}px\">\n<title>{title}</title>\n{body}")
}

/// A plot as a document of its own, for a paper: with the size, the font and the colour that a page gives it. Other programs make PDF of it.
pub fn as_file(plot: &str) -> String {
    let parts = || {
        let (head, body) = plot.split_once(">\n")?;
        let (kept, _) = head.strip_prefix("<svg")?.rsplit_once(" style=")?;
        let view = kept.split_once("viewBox=\"")?.1.split_once('"')?.0;
        let [_, _, width, height] = view.split(' ').collect::<Vec<_>>()[..] else { return None };
        let pixels = |units: &str| Some(units.parse::<f64>().ok()? / f64::from(UNIT));
        Some((pixels(width)?, pixels(height)?, kept, body.replace("\"currentColor\"", "\"#000000\"")))
    };
    let Some((width, height, kept, body)) = parts() else { return plot.to_owned() };
    format!("<svg width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\"{kept}>\n{body}")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Text of the usual size that hangs on its point as `horizontal` and `vertical` say.
pub(super) fn text(horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
    styled(TEXT, FontStyle::Normal, horizontal, vertical)
}

/// Text of `size` pixels.
pub(super) fn styled(size: i32, style: FontStyle, horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
    let font = ("sans-serif", f64::from(size * UNIT) * PLOTTERS_TEXT, style).into_font();
    TextStyle::from(font).color(&INK).pos(Pos::new(horizontal, vertical))
}

/// Draws axes as all plots have them, each with its name where it is given one.
pub(super) fn axes(chart: &mut Chart<'_, '_>, x_name: &str, y_name: &str, grid: Grid) -> Drawn {
    let line = |alpha: f64| ShapeStyle::from(INK.mix(alpha)).stroke_width(UNIT.unsigned_abs());
    let mut mesh = chart.configure_mesh();
    mesh.bold_line_style(line(0.1))
        .axis_style(line(0.35))
        .x_label_style(text(HPos::Center, VPos::Top))
        .y_label_style(text(HPos::Right, VPos::Center))
        .axis_desc_style(text(HPos::Center, VPos::Top));
    if !x_name.is_empty() {
        mesh.x_desc(x_name);
    }
    if !y_name.is_empty() {
        mesh.y_desc(y_name);
    }
    match grid {
        Grid::None => mesh.disable_mesh(),
        Grid::Across => mesh.disable_x_mesh(),
        Grid::Upright => mesh.disable_y_mesh().disable_y_axis(),
    };
    mesh.draw()
}

/// Lines of the ticks through the plot.
pub(super) enum Grid {
    None,
    Across,
    Upright,
}

/// Cuts a name that would run over its place.
pub(super) fn shortened(name: &str, most: usize) -> String {
    if name.chars().count() <= most { name.into() } else { name.chars().take(most.saturating_sub(1)).chain(['…']).collect() }
}
