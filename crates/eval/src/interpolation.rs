//! Images decoded from straight lines between the codes of two test images.

use candle_core::{DType, Device, Tensor};
use vimae_core::{Evidence, Result, Split};

use crate::EvalContext;

/// Pairs of images at most.
const PAIRS: usize = 5;
/// Decoded codes of a line, both ends included.
const STEPS: usize = 9;

/// One line a row: a test image, the decoded codes from its own to the other's, the other test image.
#[derive(Debug, Clone, PartialEq)]
pub struct Interpolations {
    /// Images in a row.
    pub columns: usize,
    /// Figures as bytes, channels first: `[rows, columns, C, H, W]`.
    pub images: Vec<u8>,
}

/// Lines between the test images at `chosen`: the first and the second, the third and the fourth ... None for fewer than
/// two images.
pub(crate) fn decode(context: &EvalContext<'_>, chosen: &[usize]) -> Result<Option<Interpolations>> {
    let (set, means) = (context.images(Split::Test)?, &context.code()?.mean);
    let pairs: Vec<(usize, usize)> = chosen.chunks_exact(2).take(PAIRS).map(|pair| (pair[0], pair[1])).collect();
    if pairs.is_empty() {
        return Ok(None);
    }
    let code = |image: usize| means.get(image)?.to_dtype(DType::F32)?.to_vec1::<f32>();
    let mut codes = Vec::new();
    for (first, last) in &pairs {
        let (first, last) = (code(*first)?, code(*last)?);
        for step in 0..STEPS {
            let along = step as f32 / (STEPS - 1) as f32;
            codes.extend(first.iter().zip(&last).map(|(a, b)| (1.0 - along) * a + along * b));
        }
    }
    let codes = Tensor::from_vec(codes, (pairs.len() * STEPS, means.dim(1)?), &Device::Cpu)?.to_dtype(means.dtype())?;
    let decoded = context.decoded(&codes, "decoding between test images")?;
    let decoded = crate::bytes::bytes(&decoded, context.range())?;
    let size = set.shape().len();
    let original = |image: usize| &set.pixels()[image * size..(image + 1) * size];
    let rows = pairs.iter().zip(decoded.chunks_exact(STEPS * size));
    let images = rows.flat_map(|((first, last), between)| [original(*first), between, original(*last)].concat()).collect();
    Ok(Some(Interpolations { columns: STEPS + 2, images }))
}
