//! Pictures decoded from straight lines between the codes of two test pictures.

use candle_core::{DType, Device, Tensor};
use vimae_core::{ImageSet, Result};

use crate::gather::Gatherer;

/// Pairs of pictures at most.
const PAIRS: usize = 5;
/// Decoded codes of a line, both ends included.
const STEPS: usize = 9;

/// One line a row: a test picture, the decoded codes from its own to the other's, the other test picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Interpolations {
    /// Pictures in a row.
    pub columns: usize,
    /// Pictures as bytes, channels first: `[rows, columns, C, H, W]`.
    pub pictures: Vec<u8>,
}

/// Lines between the pictures of `set` at `chosen`: the first and the second, the third and the fourth ...; `means`
/// `[N, d]` are the codes. None for fewer than two pictures.
pub(crate) fn decode(gatherer: &mut Gatherer<'_, '_>, set: &ImageSet, means: &Tensor, chosen: &[usize]) -> Result<Option<Interpolations>> {
    let pairs: Vec<(usize, usize)> = chosen.chunks_exact(2).take(PAIRS).map(|pair| (pair[0], pair[1])).collect();
    if pairs.is_empty() {
        return Ok(None);
    }
    let code = |picture: usize| means.get(picture)?.to_dtype(DType::F32)?.to_vec1::<f32>();
    let mut codes = Vec::new();
    for (first, last) in &pairs {
        let (first, last) = (code(*first)?, code(*last)?);
        for step in 0..STEPS {
            let along = step as f32 / (STEPS - 1) as f32;
            codes.extend(first.iter().zip(&last).map(|(a, b)| (1.0 - along) * a + along * b));
        }
    }
    let codes = Tensor::from_vec(codes, (pairs.len() * STEPS, means.dim(1)?), &Device::Cpu)?.to_dtype(means.dtype())?;
    let decoded = gatherer.decode("decoding between test pictures", &codes)?;
    let decoded = crate::pictures::bytes(&decoded, gatherer.subject.dataset.range())?;
    let size = set.shape().len();
    let original = |picture: usize| &set.pixels()[picture * size..(picture + 1) * size];
    let rows = pairs.iter().zip(decoded.chunks_exact(STEPS * size));
    let pictures = rows.flat_map(|((first, last), between)| [original(*first), between, original(*last)].concat()).collect();
    Ok(Some(Interpolations { columns: STEPS + 2, pictures }))
}
