//! Under which corruptions of the test images the accuracy is measured.

use candle_core::Tensor;
use serde_json::Map;
use vimae_core::{Corruption, PixelRange, Result, Streams, corruption::each};
use vimae_corruptions::CORRUPTIONS;
use vimae_spec::{Evaluation, MaskFill, Slice};

/// The metric of the accuracy on clean images.
pub const CLEAN: &str = "accuracy.clean";

/// Test images as they are, or corrupted.
pub struct Condition {
    /// The metric of the accuracy under it: `accuracy.clean`, `accuracy.mask_0_2` ...
    pub metric: String,
    /// The corruption and its strength, where there is one.
    pub slice: Option<Slice>,
    corruption: Option<Box<dyn Corruption>>,
    /// Whether it takes something away of an image, in whose place a fill stands.
    filled: bool,
    /// Where corrupted values are cut off.
    ends: Option<[f64; 2]>,
}

impl Condition {
    /// Whether images stay as they are.
    pub fn is_clean(&self) -> bool {
        self.corruption.is_none()
    }

    /// The same, with corrupted values beyond the range of the pixels cut off at its ends.
    #[must_use]
    pub fn clipped_to(self, range: PixelRange) -> Self {
        let black = match range {
            PixelRange::Unit => 0.0,
            PixelRange::Symmetric => -1.0,
        };
        Self { ends: Some([black, 1.0]), ..self }
    }

    /// Images `[N, C, H, W]` under this condition; the first is number `first` of its set, on which alone its corruption
    /// depends.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn apply(&self, images: &Tensor, streams: &Streams, first: usize) -> Result<Tensor> {
        let Some(corruption) = &self.corruption else { return Ok(images.clone()) };
        let corrupted = each(corruption.as_ref(), images, &streams.fold_in(corruption.name()), first)?;
        match self.ends {
            Some([black, white]) => Ok(corrupted.clamp(black, white)?),
            None => Ok(corrupted),
        }
    }
}

/// Clean images, and every corruption of the catalogue at each of its strengths, where what is taken away of an image
/// becomes `fill`. For another fill than black, which is what the paper's tables have, only what it changes.
///
/// # Errors
/// Where an entry of the catalogue cannot be made with its defaults.
pub fn conditions(fill: MaskFill, range: PixelRange) -> Result<Vec<Condition>> {
    let (scale, black) = range.affine();
    let value = match fill {
        MaskFill::Black => f64::from(black),
        MaskFill::Grey => f64::from(black) + 127.5 * f64::from(scale),
    };
    let mut conditions = vec![Condition { metric: CLEAN.into(), slice: None, corruption: None, filled: false, ends: None }];
    for entry in CORRUPTIONS.entries() {
        let corruption = vimae_corruptions::CORRUPTIONS.build(entry.name, &Map::new())?;
        let with_fill = corruption.filled_with(value);
        let filled = with_fill.is_some();
        if fill != MaskFill::Black && !filled {
            continue;
        }
        let corruption = with_fill.unwrap_or(corruption);
        conditions.extend(corruption.strengths().iter().map(|strength| Condition {
            metric: format!("accuracy.{}_{}", entry.name, strength.to_string().replace('.', "_")),
            slice: Some(Slice::Corruption { name: entry.name.into(), strength: *strength }),
            corruption: Some(corruption.at(*strength)),
            filled,
            ends: None,
        }));
    }
    Ok(conditions)
}

/// The fills under which an evaluation measures: those that it names, and black where it does not. Clean images and noise do not
/// depend on the fill and stand under black.
pub(super) fn fills(evaluation: &Evaluation) -> Vec<MaskFill> {
    let black = (!evaluation.masks.contains(&MaskFill::Black)).then_some(MaskFill::Black);
    black.into_iter().chain(evaluation.masks.iter().copied()).collect()
}

/// The [`conditions`] of an evaluation under one of its [`fills`]: without masks where it does not name that fill.
pub(super) fn conditions_of(evaluation: &Evaluation, fill: MaskFill, range: PixelRange) -> Result<Vec<Condition>> {
    let mut conditions = conditions(fill, range)?;
    if !evaluation.masks.contains(&fill) {
        conditions.retain(|condition| !condition.filled);
    }
    Ok(conditions)
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;

    #[test]
    fn the_tables_conditions_are_there_and_gray_changes_masks_alone() {
        // Corruptions that the paper's tables do not have may stand beside these.
        let tables = |slice: &Option<Slice>| match slice {
            Some(Slice::Corruption { name, .. }) => ["gaussian", "mask"].contains(&name.as_str()),
            _ => true,
        };
        let names = |fill| {
            let found = conditions(fill, PixelRange::Unit).unwrap().into_iter();
            found.filter(|c| tables(&c.slice)).map(|c| c.metric).collect::<Vec<_>>()
        };
        let (gaussian, masks) =
            (["0_2", "0_3", "0_4"].map(|s| format!("accuracy.gaussian_{s}")), ["0_2", "0_5"].map(|s| format!("accuracy.mask_{s}")));
        assert_eq!(names(MaskFill::Black), [&[CLEAN.to_owned()][..], &gaussian, &masks].concat());
        assert_eq!(names(MaskFill::Grey), [&[CLEAN.to_owned()][..], &masks].concat());
    }

    #[test]
    fn gray_alone_leaves_out_masks_of_black_and_nothing_else() {
        let names = |masks: &[MaskFill]| {
            let evaluation = Evaluation { masks: masks.to_vec(), ..Evaluation::default() };
            let of = |fill| conditions_of(&evaluation, fill, PixelRange::Unit).unwrap().into_iter().map(move |c| (fill, c.metric));
            fills(&evaluation).into_iter().flat_map(of).collect::<Vec<_>>()
        };
        let mut both = names(&[MaskFill::Black, MaskFill::Grey]);
        assert_eq!(names(&[MaskFill::Black]), both.iter().filter(|(fill, _)| *fill == MaskFill::Black).cloned().collect::<Vec<_>>());
        both.retain(|(fill, metric)| *fill == MaskFill::Grey || !metric.starts_with("accuracy.mask_"));
        assert_eq!(names(&[MaskFill::Grey]), both);
    }

    #[test]
    fn a_mask_leaves_black_or_gray_whatever_the_range() {
        let ones = Tensor::ones((3, 1, 8, 8), DType::F32, &Device::Cpu).unwrap();
        for (range, left) in [(PixelRange::Unit, [0.0, 0.5]), (PixelRange::Symmetric, [-1.0, 0.0])] {
            for (fill, left) in [MaskFill::Black, MaskFill::Grey].into_iter().zip(left) {
                let masked = conditions(fill, range).unwrap().pop().unwrap().apply(&ones, &Streams::new(1), 0).unwrap();
                let values = masked.flatten_all().unwrap().to_vec1::<f32>().unwrap();
                let lost = |v: f32| (v - left).abs() < 1e-6;
                assert!(values.iter().all(|v| *v == 1.0 || lost(*v)) && values.iter().any(|v| lost(*v)));
            }
        }
    }
    #[test]
    fn clipped_values_are_those_in_the_range_and_its_ends() {
        let ones = Tensor::ones((3, 1, 8, 8), DType::F32, &Device::Cpu).unwrap();
        for (range, black) in [(PixelRange::Unit, 0.0), (PixelRange::Symmetric, -1.0)] {
            let mut beyond = 0;
            for condition in conditions(MaskFill::Black, range).unwrap() {
                let values = |condition: &Condition| {
                    condition.apply(&ones, &Streams::new(1), 0).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap()
                };
                let open = values(&condition);
                beyond += open.iter().filter(|v| **v > 1.0).count();
                assert_eq!(values(&condition.clipped_to(range)), open.iter().map(|v| v.clamp(black, 1.0)).collect::<Vec<_>>());
            }
            assert!(beyond > 100, "{beyond}");
        }
    }
}
