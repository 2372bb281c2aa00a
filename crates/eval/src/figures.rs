//! What a reader sees of a model: test images above their reconstructions, samples, walks through the code, codes in
//! the plane.

use candle_core::Tensor;
use vimae_core::{Evidence, ImageShape, Input, PixelRange, Result, Split};

use crate::{
    EvalContext,
    bytes::bytes,
    interpolation::{self, Interpolations},
    projection::{matrix, principal},
    traversal::{self, Traversals},
};

/// Test images shown.
const SHOWN: usize = 20;
/// Samples shown.
const SAMPLES: usize = 60;
/// Codes projected at most.
const PROJECTED: usize = 4_000;

/// Images as bytes, one after another, channels first.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// The shape of each.
    pub shape: ImageShape,
    /// The interval that the network's values had.
    pub range: PixelRange,
    /// Test images: the first of each class, then the second of each, at most 20.
    pub originals: Vec<u8>,
    /// Their decoded mean codes.
    pub reconstructions: Vec<u8>,
    /// The first decoded draws from the prior, at most 60.
    pub samples: Vec<u8>,
    /// Decodings along single dimensions of the code.
    pub traversals: Traversals,
    /// Decodings between the codes of pairs of the test images shown; none where there are not two.
    pub interpolations: Option<Interpolations>,
    /// Codes of all test images and their labels, where codes have two dimensions.
    pub codes: Option<(Vec<[f32; 2]>, Vec<u32>)>,
    /// Codes of more dimensions in the plane.
    pub projection: Option<Projection>,
}

/// Codes on the two directions in which they vary most.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    /// Points of at most 4 000 test images.
    pub points: Vec<[f32; 2]>,
    /// Their labels.
    pub labels: Vec<u32>,
    /// The shares of the variance that the directions hold, 0 to 1.
    pub shares: [f64; 2],
}

/// What the figures read of the evidence.
pub(crate) const USES: [Input; 5] = [Input::Codes, Input::Reconstructions, Input::NoisyCodes, Input::PriorSample, Input::Generated];

impl Figures {
    /// The figures of a model.
    ///
    /// # Errors
    /// Whatever the model or the data reports.
    pub fn of(context: &EvalContext<'_>) -> Result<Self> {
        let (set, range) = (context.images(Split::Test)?, context.range());
        let chosen = fair(set.labels());
        let (reconstructions, generated, codes) = (context.reconstructions()?, context.generated()?, &context.code()?.mean);
        let size = set.shape().len();
        let originals = chosen.iter().flat_map(|&i| &set.pixels()[i * size..(i + 1) * size]).copied().collect();
        let rows = Tensor::from_vec(chosen.iter().map(|&i| i as u32).collect::<Vec<_>>(), chosen.len(), reconstructions.device())?;
        let plane = if codes.dim(1)? == 2 {
            let points = codes.to_vec2::<f32>()?.into_iter().map(|z| [z[0], z[1]]).collect();
            Some((points, set.labels().to_vec()))
        } else {
            None
        };
        let projection = if codes.dim(1)? > 2 {
            principal(matrix(codes)?.view()).map(|(points, shares)| {
                let step = points.len().div_ceil(PROJECTED);
                let thin = |n: usize| (0..n).step_by(step);
                let labels = thin(points.len()).map(|i| set.labels()[i]).collect();
                Projection { points: thin(points.len()).map(|i| points[i]).collect(), labels, shares }
            })
        } else {
            None
        };
        Ok(Self {
            shape: set.shape(),
            range,
            originals,
            reconstructions: bytes(&reconstructions.index_select(&rows, 0)?, range)?,
            traversals: traversal::decode(context, chosen.first().copied().unwrap_or(0))?,
            interpolations: interpolation::decode(context, &chosen)?,
            samples: bytes(&generated.narrow(0, 0, generated.dim(0)?.min(SAMPLES))?, range)?,
            codes: plane,
            projection,
        })
    }
}

/// The test images shown: classes in turn, in the order of the set within each.
pub(crate) fn fair(labels: &[u32]) -> Vec<usize> {
    let mut seen = std::collections::BTreeMap::new();
    let mut ranked: Vec<(usize, u32, usize)> = labels
        .iter()
        .enumerate()
        .map(|(image, label)| {
            let rank: &mut usize = seen.entry(*label).or_default();
            *rank += 1;
            (*rank, *label, image)
        })
        .collect();
    ranked.sort_unstable();
    ranked.into_iter().take(SHOWN).map(|(_, _, image)| image).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_shown_before_any_is_shown_twice() {
        assert_eq!(fair(&[1, 1, 0, 2, 0, 1]), [2, 0, 3, 4, 1, 5]);
        assert_eq!(fair(&[3; 50]).len(), SHOWN);
        let many: Vec<u32> = (0..50).rev().collect();
        assert_eq!(fair(&many)[..3], [49, 48, 47]);
    }
}
