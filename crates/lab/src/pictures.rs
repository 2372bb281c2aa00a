//! The pictures of a run, as files beside its record.

use vimae_checkpoint::atomic;
use vimae_eval::{Confusion, Pictures, Projection, Traversals, Traversed};
use vimae_report::{grid_png, reconstruction_png};
use vimae_spec::{Picture, PictureKind};

use crate::{Result, RunFolder, stored::json};

/// Pictures in a row of a grid.
const COLUMNS: usize = 10;
/// Screen pixels for a pixel of a picture of at most 32; larger ones are shown as they are.
const SCALE: usize = 2;

/// Writes the pictures and says what they show; `ex_post` where samples come from a density fitted after training.
pub(crate) fn write(folder: &RunFolder, pictures: &Pictures, confusions: &[Confusion], ex_post: bool) -> Result<Vec<Picture>> {
    let shape = (pictures.shape.channels, pictures.shape.height, pictures.shape.width);
    let scale = if pictures.shape.height <= 32 { SCALE } else { 1 };
    let mut written = Vec::new();
    let mut add = |kind: PictureKind, caption: &str, bytes: &[u8]| -> Result<()> {
        atomic::write(&folder.path().join(kind.file()), bytes)?;
        written.push(Picture { kind, file: kind.file().into(), caption: caption.into() });
        Ok(())
    };
    let png = reconstruction_png(&pictures.originals, &pictures.reconstructions, shape, COLUMNS, scale)?;
    add(PictureKind::Reconstructions, "Test pictures, each above its reconstruction", &png)?;
    let png = grid_png(&pictures.samples, shape, COLUMNS, scale, 1)?;
    let from = if ex_post { "the density fitted to the training codes" } else { "the prior" };
    add(PictureKind::Samples, &format!("Pictures decoded from random draws of {from}"), &png)?;
    let png = grid_png(&pictures.traversals.pictures, shape, pictures.traversals.probabilities.len(), scale, 1)?;
    add(PictureKind::Traversals, &moved(&pictures.traversals), &png)?;
    if let Some(walks) = &pictures.interpolations {
        let png = grid_png(&walks.pictures, shape, walks.columns, scale, 1)?;
        add(PictureKind::Interpolations, "Decoded codes on the line between those of the pictures at both ends", &png)?;
    }
    if let Some((codes, labels)) = &pictures.codes {
        let (x, y): (Vec<f32>, Vec<f32>) = codes.iter().map(|[x, y]| (*x, *y)).unzip();
        let codes = serde_json::json!({ "x": x, "y": y, "label": labels });
        add(PictureKind::Codes, "Codes of the test pictures by class", &json(&codes)?)?;
    }
    if let Some(Projection { points, labels, shares: [first, second] }) = &pictures.projection {
        let (x, y): (Vec<f32>, Vec<f32>) = points.iter().map(|[x, y]| (*x, *y)).unzip();
        let codes = serde_json::json!({ "x": x, "y": y, "label": labels });
        let caption = format!("Two principal components, {:.0} and {:.0} % of the variance", 100.0 * first, 100.0 * second);
        add(PictureKind::Projection, &caption, &json(&codes)?)?;
    }
    if !confusions.is_empty() {
        add(PictureKind::Confusion, "Which class was taken for which", &json(&confusions)?)?;
    }
    Ok(written)
}

/// Which dimensions move, from the top, what they carry, and how far they move.
fn moved(traversals: &Traversals) -> String {
    let names: Vec<String> = traversals.dimensions.iter().map(|moved| moved.dimension.to_string()).collect();
    let mut text = format!("From the top dimension {}", names.join(", "));
    let nats = |moved: Option<&Traversed>| moved?.information.filter(|nats| nats.is_finite());
    if let Some((most, least)) = nats(traversals.dimensions.first()).zip(nats(traversals.dimensions.last())) {
        text += &format!(": {most:.1} to {least:.1} nats");
    }
    if let Some((first, last)) = traversals.probabilities.first().zip(traversals.probabilities.last()) {
        text += &format!("; quantiles {first:.2} to {last:.2}");
    }
    text
}
