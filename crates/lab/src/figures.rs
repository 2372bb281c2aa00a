//! The images of a run, as files beside its record.

use vimae_checkpoint::atomic;
use vimae_core::Prior;
use vimae_eval::{Figures, Projection, Traversals, Traversed};
use vimae_report::{grid_png, reconstruction_png};
use vimae_spec::{Confusion, Figure, FigureKind};

use crate::{Result, RunFolder, stored::json};

/// Images in a row of a grid.
const COLUMNS: usize = 10;
/// Screen pixels for a pixel of an image of at most 32; larger ones are shown as they are.
const SCALE: usize = 2;

/// Where samples come from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Origin {
    /// The prior.
    Prior {
        /// The standard deviation of each dimension, where all are alike around zero.
        deviation: Option<f64>,
    },
    /// A density fitted to the training codes.
    Fitted,
}

/// The standard deviation of each dimension of a prior whose dimensions are independent and alike, where it has one.
pub(crate) fn deviation(prior: &dyn Prior) -> Option<f64> {
    prior.marginal().map(|law| law.variance().sqrt()).filter(|deviation| deviation.is_finite())
}

/// Writes the images and says what they show; `classes` are the names of the data's classes.
pub(crate) fn write(
    folder: &RunFolder,
    figures: &Figures,
    mut confusions: Vec<Confusion>,
    classes: &[String],
    origin: Origin,
) -> Result<Vec<Figure>> {
    let shape = (figures.shape.channels, figures.shape.height, figures.shape.width);
    let scale = if figures.shape.height <= 32 { SCALE } else { 1 };
    let mut written = Vec::new();
    let mut add = |kind: FigureKind, caption: &str, bytes: &[u8]| -> Result<()> {
        atomic::write(&folder.path().join(kind.file()), bytes)?;
        written.push(Figure { kind, file: kind.file().into(), caption: caption.into() });
        Ok(())
    };
    let png = reconstruction_png(&figures.originals, &figures.reconstructions, shape, COLUMNS, scale)?;
    add(FigureKind::Reconstructions, "Test images, each above its reconstruction", &png)?;
    let png = grid_png(&figures.samples, shape, COLUMNS, scale, scale)?;
    let (from, deviation) = match origin {
        Origin::Prior { deviation } => ("the prior", deviation),
        Origin::Fitted => ("the density fitted to the training codes", None),
    };
    add(FigureKind::Samples, &format!("Images decoded from random draws of {from}"), &png)?;
    let png = grid_png(&figures.traversals.images, shape, figures.traversals.probabilities.len(), scale, scale)?;
    add(FigureKind::Traversals, &moved(&figures.traversals), &png)?;
    if let Some(walks) = &figures.interpolations {
        let png = grid_png(&walks.images, shape, walks.columns, scale, scale)?;
        add(FigureKind::Interpolations, "Decoded codes on the line between those of the images at both ends", &png)?;
    }
    let scatter = |points: &[[f32; 2]], labels: &[u32], deviation: Option<f64>| {
        let (x, y): (Vec<f32>, Vec<f32>) = points.iter().map(|[x, y]| (*x, *y)).unzip();
        let mut codes = serde_json::json!({ "x": x, "y": y, "label": labels });
        if !classes.is_empty() {
            codes["names"] = classes.into();
        }
        if let Some(deviation) = deviation {
            codes["deviation"] = deviation.into();
        }
        json(&codes)
    };
    if let Some((codes, labels)) = &figures.codes {
        add(FigureKind::Codes, "Codes of the test images by class", &scatter(codes, labels, deviation)?)?;
    }
    if let Some(Projection { points, labels, shares: [first, second] }) = &figures.projection {
        let caption = format!("Two principal components, {:.0} and {:.0} % of the variance", 100.0 * first, 100.0 * second);
        // The prior's circles mean nothing on axes that turn with the codes.
        add(FigureKind::Projection, &caption, &scatter(points, labels, None)?)?;
    }
    for confusion in &mut confusions {
        confusion.names = confusion.classes.iter().filter_map(|class| classes.get(*class as usize).cloned()).collect();
    }
    if !confusions.is_empty() {
        add(FigureKind::Confusion, "Which class was taken for which", &json(&confusions)?)?;
    }
    Ok(written)
}

/// Which dimensions move, from the top, what they carry, and how far they move.
fn moved(traversals: &Traversals) -> String {
    let names: Vec<String> = traversals.dimensions.iter().map(|moved| moved.dimension.to_string()).collect();
    let mut text = match names.as_slice() {
        [one] => format!("Row: dimension {one}"),
        several => format!("Rows, from the top: dimensions {}", several.join(", ")),
    };
    let nats = |moved: Option<&Traversed>| moved?.information.filter(|nats| nats.is_finite());
    match nats(traversals.dimensions.first()).zip(nats(traversals.dimensions.last())) {
        Some((most, _)) if names.len() == 1 => text += &format!(" ({most:.1} nats)"),
        Some((most, least)) => text += &format!(" ({most:.1} to {least:.1} nats each)"),
        None => {}
    }
    if let Some((first, last)) = traversals.probabilities.first().zip(traversals.probabilities.last()) {
        text += &format!(". Columns: quantiles {first:.2} to {last:.2} of the prior");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traversal_says_what_its_rows_and_columns_are() {
        let of = |dimensions: &[(usize, Option<f64>)]| {
            let dimensions = dimensions.iter().map(|&(dimension, information)| Traversed { dimension, information }).collect();
            moved(&Traversals { dimensions, probabilities: vec![0.02, 0.5, 0.98], images: Vec::new() })
        };
        let two = of(&[(45, Some(2.91)), (11, Some(2.42))]);
        assert_eq!(two, "Rows, from the top: dimensions 45, 11 (2.9 to 2.4 nats each). Columns: quantiles 0.02 to 0.98 of the prior");
        assert_eq!(of(&[(3, Some(1.0))]), "Row: dimension 3 (1.0 nats). Columns: quantiles 0.02 to 0.98 of the prior");
        assert_eq!(of(&[(3, None), (4, None)]), "Rows, from the top: dimensions 3, 4. Columns: quantiles 0.02 to 0.98 of the prior");
    }
}
