//! What TensorBoard shows of a run beside its loss: a validation loss and images at checkpoints, settings and headline metrics
//! at the end.

use std::collections::BTreeMap;

use candle_core::{DType, Tensor};
use serde_json::Value;
use vimae_core::{Error, ImageSet, Mode, Purpose, Result, Split, Streams};
use vimae_report::{grid_png, headline::headlines, reconstruction_png};
use vimae_spec::{RunRecord, RunSpec};
use vimae_trainer::{Draws, EventImage, HyperParameter, Line, Sights, on_pool, write_session};

use crate::{RunFolder, resolve::Parts};

/// Images of the validation loss that is shown at most: a small share of an epoch.
const VALIDATED: usize = 500;
/// Images of the loss that early stopping goes by at most.
const HELD_OUT: usize = 2_000;
/// Images of a grid, and of a row of it.
const SHOWN: usize = 16;
const COLUMNS: usize = 8;
/// Screen pixels for a pixel of an image.
const SCALE: usize = 2;

/// What is seen of a run as its weights are now. Draws have a stream of their own, the same at every checkpoint.
pub(crate) fn at_checkpoint(spec: &RunSpec, parts: &Parts, line: Line<'_>) -> Result<Sights> {
    let bound = line.bind()?;
    let line = line.under(bound.as_deref());
    let streams = Streams::new(spec.seed).fold_in("watch");
    // Where there are no images for it, those of the test: nothing is chosen by them.
    let (split, set) = match parts.dataset.split(Split::Validation) {
        Ok(set) => ("validation", set),
        Err(_) => match parts.dataset.split(Split::Test) {
            Ok(set) => ("test", set),
            Err(_) => return Ok(Sights::default()),
        },
    };
    // A divergence of one code from the prior is not defined.
    if set.len() < 2 {
        return Ok(Sights::default());
    }
    let scalars =
        validation(spec, parts, line, (set, VALIDATED), &streams)?.into_iter().map(|(term, value)| (format!("{split}/{term}"), value));
    let mut images = vec![reconstructions(parts, set)?];
    // A density that is fitted after training is not there yet.
    if parts.objective.ex_post().is_none() {
        images.push(samples(parts, line, &streams)?);
    }
    let held_out_loss = match spec.training.early_stopping_epochs {
        0 => None,
        _ => {
            let held_out = parts.dataset.split(Split::Validation)?;
            validation(spec, parts, line, (held_out, HELD_OUT), &streams.fold_in("early_stopping"))?.remove("loss")
        }
    };
    Ok(Sights { scalars: scalars.collect(), images, held_out_loss })
}

/// The loss and its terms on the first images of `set`, `most` of them, in batches as large as those of the training.
fn validation(
    spec: &RunSpec,
    parts: &Parts,
    line: Line<'_>,
    (set, most): (&ImageSet, usize),
    streams: &Streams,
) -> Result<BTreeMap<String, f64>> {
    let device = parts.model.parameters().device();
    let batch = spec.training.batch.min(set.len());
    let batches = (most.min(set.len()) / batch.max(1)).max(1);
    let mut sums: BTreeMap<String, f64> = BTreeMap::new();
    for place in 0..batches {
        let indices: Vec<usize> = (place * batch..((place + 1) * batch).min(set.len())).collect();
        let images = set.tensor(&indices, parts.dataset.range(), device)?;
        let loss = on_pool(device, || line.validation_loss(&images, &Draws::at(&line, &images, streams, place as u64)?))?;
        let terms = loss.terms.iter().map(|(name, value)| (*name, value)).chain([("loss", &loss.total)]);
        for (name, value) in terms {
            *sums.entry(name.to_owned()).or_default() += value.detach().to_dtype(DType::F64)?.to_scalar::<f64>()? / batches as f64;
        }
    }
    Ok(sums)
}

fn reconstructions(parts: &Parts, set: &ImageSet) -> Result<EventImage> {
    let shape = (set.shape().channels, set.shape().height, set.shape().width);
    let indices: Vec<usize> = (0..SHOWN.min(set.len())).collect();
    let images = set.tensor(&indices, parts.dataset.range(), parts.model.parameters().device())?;
    let code = parts.model.encode(&images, Mode::Evaluate)?.mean;
    let decoded = parts.model.decode(&code, Mode::Evaluate)?;
    let (originals, decoded) = (bytes(parts, &images)?, bytes(parts, &decoded)?);
    image("reconstructions", reconstruction_png(&originals, &decoded, shape, COLUMNS, SCALE))
}

fn samples(parts: &Parts, line: Line<'_>, streams: &Streams) -> Result<EventImage> {
    let shape = parts.dataset.shape()?;
    let size = parts.model.code_size();
    let codes = line.prior.draw(streams, Purpose::PriorSample, 0, SHOWN, size)?;
    let codes = Tensor::from_vec(codes, (SHOWN, size), parts.model.parameters().device())?;
    let decoded = bytes(parts, &parts.model.decode(&codes, Mode::Evaluate)?)?;
    image("samples", grid_png(&decoded, (shape.channels, shape.height, shape.width), COLUMNS, SCALE, SCALE))
}

fn bytes(parts: &Parts, images: &Tensor) -> Result<Vec<u8>> {
    let values = images.detach().to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
    Ok(values.into_iter().map(|value| parts.dataset.range().byte(value)).collect())
}

fn image(tag: &str, png: vimae_report::Result<Vec<u8>>) -> Result<EventImage> {
    Ok(EventImage::of_png(tag, png.map_err(|e| Error::Data(e.to_string()))?))
}

/// Writes the settings of a finished run and its headline metrics.
///
/// # Errors
/// Where the file cannot be written.
pub(crate) fn at_end(folder: &RunFolder, record: &RunRecord) -> vimae_trainer::Result<()> {
    let mut settings = Vec::new();
    let mut spec = serde_json::to_value(&record.spec).unwrap_or_default();
    if let Some(fields) = spec.as_object_mut() {
        fields.remove("evaluation");
    }
    flatten(&mut settings, String::new(), &spec);
    let headline = |headline: &'static vimae_report::headline::Headline| {
        let value = headline.among(&record.measurements)?.value?;
        Some((format!("metrics/{}", headline.name), value))
    };
    let scalars = headlines(&record.measurements).into_iter().filter_map(headline).collect();
    write_session(folder.path(), record.steps, &settings, &Sights { scalars, ..Sights::default() })
}

/// Settings by the dotted keys of an experiment.
fn flatten(settings: &mut Vec<(String, HyperParameter)>, key: String, value: &Value) {
    let setting = match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                flatten(settings, if key.is_empty() { name.clone() } else { format!("{key}.{name}") }, value);
            }
            return;
        }
        Value::Null => return,
        Value::Bool(truth) => HyperParameter::Truth(*truth),
        Value::Number(number) => HyperParameter::Number(number.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => HyperParameter::Text(text.clone()),
        Value::Array(_) => HyperParameter::Text(value.to_string()),
    };
    settings.push((key, setting));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_have_the_keys_of_an_experiment() {
        let mut found = Vec::new();
        let spec = serde_json::json!({ "model": { "name": "mlp", "code": 2 }, "tuned": true, "none": null, "list": [1, 2] });
        flatten(&mut found, String::new(), &spec);
        found.sort_by(|a, b| a.0.cmp(&b.0));
        let text = |text: &str| HyperParameter::Text(text.into());
        let expected = [
            ("list", text("[1,2]")),
            ("model.code", HyperParameter::Number(2.0)),
            ("model.name", text("mlp")),
            ("tuned", HyperParameter::Truth(true)),
        ];
        assert_eq!(found, expected.map(|(key, value)| (key.to_owned(), value)));
    }
}
