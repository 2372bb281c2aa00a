//! Walks through the code, decoded: along single dimensions, and from one code to another.

use candle_core::{Device, Tensor};
use vimae_core::{Code, Prior};
use vimae_eval::{informative, quantiles};

use super::{
    input::{BATCH, Images, Input},
    place::Out,
    sink::Sink,
};
use crate::{Error, Model, Progress, Result, Shelf, counted::counted};

/// Probabilities of the first and the last place along a dimension.
const ENDS: [f64; 2] = [0.02, 0.98];
/// Draws that stand for the quantiles of a distribution that has none in closed form.
const DRAWS: usize = 10_000;

/// Where walks begin and how they go.
#[derive(Debug, Clone)]
pub struct WalkRequest {
    /// Images that give the codes; draws of the prior where absent.
    pub images: Option<Images>,
    /// Which of the images, or of the draws, counted from 0: one for a traversal, pairs for interpolations; the first where
    /// empty.
    pub which: Vec<usize>,
    /// The dimensions that move, counted from 0; where empty the ten that tell the most of the images, or the first ten.
    pub dimensions: Vec<usize>,
    /// Decoded codes of a walk, both ends included; at least 2.
    pub steps: usize,
    /// Of the draws.
    pub seed: u64,
}

/// Dimensions and pairs of codes where none are named.
const ROWS: usize = 10;

/// Decodes codes along single dimensions through the prior's quantiles 0.02 to 0.98, one dimension a row, all others as they are
/// in one code: into one PNG, an array or a folder, as [`sample`](super::sample()). Gives the dimensions.
///
/// # Errors
/// As [`encode`](super::encode()); [`Error::Core`] for a dimension that codes do not have, and for fewer than two steps.
pub fn traverse(model: &Model, request: &WalkRequest, out: Out<'_>, shelf: &mut Shelf, progress: &dyn Progress) -> Result<Vec<usize>> {
    out.check()?;
    let size = model.network().code_size();
    if let Some(beyond) = request.dimensions.iter().find(|dimension| **dimension >= size) {
        return Err(refused(&format!("--dimensions {beyond}"), format!("codes have {}, counted from 0", counted(size, "dimension"))));
    }
    let steps = steps(request)?;
    let which = [request.which.first().copied().unwrap_or(0)];
    let Begin { codes, order } = begin(model, request, &which, shelf, progress)?;
    let start: Vec<f32> = codes.flatten_all()?.to_vec1()?;
    let dimensions = if request.dimensions.is_empty() { order.into_iter().take(ROWS).collect() } else { request.dimensions.clone() };
    let probabilities: Vec<f64> = (0..steps).map(|i| ENDS[0] + (ENDS[1] - ENDS[0]) * i as f64 / (steps - 1) as f64).collect();
    let sampler = model.sampler()?;
    let prior: &dyn Prior = sampler.prior(model.parts());
    let draws = model.sample_codes(request.seed, if prior.marginal().is_some() { 1 } else { DRAWS })?;
    let mut rows = Vec::with_capacity(dimensions.len() * steps * size);
    for dimension in &dimensions {
        for value in quantiles(prior, &draws, *dimension, &probabilities)? {
            rows.extend(start.iter().enumerate().map(|(j, held)| if j == *dimension { value as f32 } else { *held }));
        }
    }
    decode(model, rows, steps, out, progress, |row, step| {
        format!("dimension{:03}-{step:03}", dimensions.get(row).copied().unwrap_or(row))
    })?;
    Ok(dimensions)
}

/// Decodes codes on straight lines between pairs of codes, one pair a row: into one PNG, an array or a folder, as
/// [`sample`](super::sample()).
///
/// # Errors
/// As [`encode`](super::encode()); [`Error::Core`] for an odd number of images, and for fewer than two steps.
pub fn interpolate(model: &Model, request: &WalkRequest, out: Out<'_>, shelf: &mut Shelf, progress: &dyn Progress) -> Result<()> {
    out.check()?;
    let steps = steps(request)?;
    let which = if request.which.is_empty() { vec![0, 1] } else { request.which.clone() };
    if which.len() % 2 == 1 {
        let named: Vec<String> = which.iter().map(ToString::to_string).collect();
        let reason = format!("lines are between pairs: name an even number, not {}", which.len());
        return Err(refused(&format!("--pairs {}", named.join(",")), reason));
    }
    let codes: Vec<Vec<f32>> = begin(model, request, &which, shelf, progress)?.codes.to_vec2()?;
    let mut rows = Vec::new();
    for pair in codes.chunks_exact(2) {
        for step in 0..steps {
            let along = step as f32 / (steps - 1) as f32;
            rows.extend(pair.first().into_iter().flatten().zip(pair.iter().skip(1).flatten()).map(|(a, b)| (1.0 - along) * a + along * b));
        }
    }
    decode(model, rows, steps, out, progress, |row, step| format!("pair{row:03}-{step:03}"))
}

fn steps(request: &WalkRequest) -> Result<usize> {
    match request.steps {
        few @ 0..2 => Err(refused(&format!("--steps {few}"), "a walk has two or more".into())),
        steps => Ok(steps),
    }
}

/// An error that names the option at fault.
fn refused(what: &str, reason: String) -> Error {
    vimae_core::Error::Unsupported { what: what.into(), reason }.into()
}

/// Codes that walks begin at.
struct Begin {
    /// `[N, d]`
    codes: Tensor,
    /// All dimensions, the most informative first; as they are numbered where no images tell.
    order: Vec<usize>,
}

fn begin(model: &Model, request: &WalkRequest, which: &[usize], shelf: &mut Shelf, progress: &dyn Progress) -> Result<Begin> {
    let size = model.network().code_size();
    let Some(images) = &request.images else {
        let last = which.iter().copied().max().unwrap_or(0);
        let rows: Vec<u32> = which.iter().filter_map(|place| u32::try_from(*place).ok()).collect();
        let rows = Tensor::from_vec(rows, which.len(), model.network().parameters().device())?;
        let codes = model.sample_codes(request.seed, last + 1)?.index_select(&rows, 0)?.to_device(&Device::Cpu)?;
        return Ok(Begin { codes, order: (0..size).collect() });
    };
    let input = Input::open(images, model, shelf)?;
    let chosen = input.at(which, model, progress)?;
    let codes = model.encode(&model.tensor(&chosen)?)?.mean.to_device(&Device::Cpu)?;
    let first: Vec<usize> = (0..input.len().min(BATCH)).collect();
    let order = match request.dimensions.is_empty() && first.len() > 1 {
        true => {
            let code = model.encode(&model.tensor(&input.at(&first, model, progress)?)?)?;
            let code: Code = code.map(|t| t.to_device(&Device::Cpu))?;
            informative(&code)?
        }
        false => (0..size).collect(),
    };
    Ok(Begin { codes, order })
}

/// Decodes rows of codes, `columns` of them in a row of one PNG.
fn decode(
    model: &Model,
    codes: Vec<f32>,
    columns: usize,
    out: Out<'_>,
    progress: &dyn Progress,
    name: impl Fn(usize, usize) -> String,
) -> Result<()> {
    let size = model.network().code_size();
    let count = codes.len() / size.max(1);
    let codes = Tensor::from_vec(codes, (count, size), model.network().parameters().device()).map_err(Error::from)?;
    let mut sink = Sink::create(out, model.network().image_shape(), count, columns)?;
    for start in (0..count).step_by(BATCH) {
        let batch = codes.narrow(0, start, BATCH.min(count - start))?;
        for (place, bytes) in (start..).zip(model.bytes(&model.decode(&batch)?)?) {
            sink.add(place, &name(place / columns, place % columns), bytes)?;
        }
        progress.working("decoding", (start + BATCH).min(count), count);
    }
    sink.finish()
}
