//! Binary pixels and noise between levels, made of the bytes of any data set.
//!
//! `fixed` draws each pixel once, with its brightness as the probability; `stochastic` draws those of the training split again in
//! every epoch, from the run's own stream, and those of the others once (Salakhutdinov and Murray, "On the Quantitative Analysis of
//! Deep Belief Networks", 2008; Burda et al. 2016). What an evaluation reads of the training split is the draw of `draw_seed`.

use vimae_core::{Error, ImageSet, Redraw, Result, Settings, Split, Streams, data::binary_draw, data::pixel_step, likelihood::Parameter};

use crate::fewer::{Binarise, Fewer};

/// Splits with other pixels.
pub(crate) struct Pixels {
    /// The rule that made the splits, with what was made of them.
    pub(crate) rule: String,
    pub(crate) splits: Vec<(Split, ImageSet)>,
    /// What protocols say of it.
    pub(crate) named: Vec<Parameter>,
}

/// The splits with pixels as the settings say.
pub(crate) fn pixels(settings: &Settings, rule: String, splits: Vec<(Split, ImageSet)>) -> Result<Pixels> {
    let Fewer { binarise, dequantise, draw_seed, .. } = settings.read()?;
    if binarise != Binarise::None && dequantise {
        return Err(Error::Unsupported {
            what: "dataset.dequantise of binary images".into(),
            reason: "they have two levels, and the noise would lie between these; leave binarise or dequantise out".into(),
        });
    }
    let parameter = |name: &str, value: String| Parameter { name: Some(name.into()), value };
    let (words, named) = match (binarise, dequantise) {
        (Binarise::None, false) => return Ok(Pixels { rule, splits, named: Vec::new() }),
        (Binarise::None, true) => (format!("dequantised, seed {draw_seed}"), vec![parameter("dequantised", draw_seed.to_string())]),
        (Binarise::Threshold, _) => ("binary at 128".into(), vec![parameter("binarise", "threshold".into())]),
        (Binarise::Fixed, _) => (format!("binary by a draw, seed {draw_seed}"), vec![parameter("binarise", format!("fixed({draw_seed})"))]),
        (Binarise::Stochastic, _) => {
            (format!("binary by draws, seed {draw_seed}"), vec![parameter("binarise", format!("stochastic({draw_seed})"))])
        }
    };
    let streams = Streams::new(draw_seed).fold_in("binarise");
    let changed = |(split, set): (Split, ImageSet)| {
        let size = set.shape().len().max(1);
        let bytes = match binarise {
            Binarise::None => return Ok((split, set.redrawn(Redraw::Uniform(draw_seed))?)),
            Binarise::Threshold => set.pixels().iter().map(|byte| if *byte < 128 { 0 } else { 255 }).collect(),
            Binarise::Fixed | Binarise::Stochastic => {
                let place = |image: usize| pixel_step(split as u64, image);
                let images = set.pixels().chunks_exact(size).enumerate();
                images.flat_map(|(image, gray)| binary_draw(gray, &streams, place(image))).collect()
            }
        };
        let binary = ImageSet::new(set.shape(), bytes, set.labels().to_vec())?;
        let again = binarise == Binarise::Stochastic && split == Split::Train;
        Ok((split, if again { binary.redrawn(Redraw::Binary(set.pixels().to_vec()))? } else { binary }))
    };
    let splits = splits.into_iter().map(changed).collect::<Result<Vec<_>>>()?;
    Ok(Pixels { rule: format!("{rule}; {words}"), splits, named })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use candle_core::Device;
    use serde_json::json;
    use vimae_core::{Batches, Dataset, PixelRange, Values};

    use super::*;
    use crate::{Loader, Sources, open};

    fn digits(settings: serde_json::Value) -> Arc<dyn Dataset> {
        Arc::from(open("digits", settings.as_object().unwrap(), &Sources::default()).unwrap())
    }

    fn batches(data: &Arc<dyn Dataset>, seed: u64, steps: &[u64]) -> Vec<Vec<f32>> {
        let mut loader = Loader::new(data.clone(), Split::Train, 100, Streams::new(seed), &Device::Cpu).unwrap().with_workers(2);
        steps.iter().map(|step| loader.batch(*step).unwrap().images.flatten_all().unwrap().to_vec1().unwrap()).collect()
    }

    #[test]
    fn each_way_is_another_data_set_with_its_name_in_protocols() {
        let ways = [
            json!({}),
            json!({ "binarise": "threshold" }),
            json!({ "binarise": "fixed" }),
            json!({ "binarise": "fixed", "draw_seed": 1 }),
            json!({ "binarise": "stochastic" }),
            json!({ "binarise": "stochastic", "draw_seed": 1 }),
            json!({ "dequantise": true }),
        ];
        let all: Vec<Arc<dyn Dataset>> = ways
            .into_iter()
            .map(|mut way| {
                way["train_images"] = json!(300);
                digits(way)
            })
            .collect();
        for (i, one) in all.iter().enumerate() {
            for other in &all[..i] {
                assert_ne!(one.sha256(), other.sha256());
                assert_ne!(one.pixel_protocol(), other.pixel_protocol());
            }
        }
        let values: Vec<Values> = all.iter().map(|data| data.values().unwrap()).collect();
        use Values::{Binary, Bytes, Continuous};
        assert_eq!(values, [Bytes, Binary, Binary, Binary, Binary, Binary, Continuous]);
    }

    #[test]
    fn draws_have_the_brightness_of_the_pixels_as_their_mean() {
        let (gray, drawn) = (digits(json!({})), digits(json!({ "binarise": "fixed" })));
        for split in [Split::Train, Split::Test] {
            let (gray, drawn) = (gray.split(split).unwrap().pixels(), drawn.split(split).unwrap().pixels());
            // Pixels of middle brightness alone, which are drawn and not decided.
            let (mut count, mut expected, mut found, mut variance) = (0, 0.0, 0.0, 0.0);
            for (gray, drawn) in gray.iter().zip(drawn).filter(|(gray, _)| (20..235).contains(*gray)) {
                let p = f64::from(*gray) / 255.0;
                (count, expected, found, variance) = (count + 1, expected + p, found + f64::from(*drawn) / 255.0, variance + p * (1.0 - p));
            }
            assert!(count > 10_000 && (found - expected).abs() < 4.0 * variance.sqrt(), "{split}: {found} of {expected}");
            assert!(gray.iter().zip(drawn).all(|(gray, drawn)| match gray {
                0 => *drawn == 0,
                255 => *drawn == 255,
                _ => true,
            }));
        }
    }

    #[test]
    fn stochastic_pixels_change_with_the_epoch_and_the_seed_alone() {
        let data = digits(json!({ "train_images": 100, "binarise": "stochastic" }));
        let sorted = |mut values: Vec<f32>| {
            values.sort_by(f32::total_cmp);
            values
        };
        let epochs = batches(&data, 1, &[0, 1, 2]);
        assert!(epochs.iter().flatten().all(|v| *v == 0.0 || *v == 1.0));
        assert_eq!(batches(&data, 1, &[2, 0]), [epochs[2].clone(), epochs[0].clone()]);
        // The same images in other orders: a fixed draw would have as many bright pixels each time.
        let bright = |values: &[f32]| sorted(values.to_vec()).iter().filter(|v| **v == 1.0).count();
        assert!(bright(&epochs[0]) != bright(&epochs[1]) || bright(&epochs[1]) != bright(&epochs[2]));
        assert_ne!(batches(&data, 2, &[0]), [epochs[0].clone()]);
        let fixed = digits(json!({ "train_images": 100, "binarise": "fixed" }));
        let epochs = batches(&fixed, 1, &[0, 1]);
        assert_eq!(bright(&epochs[0]), bright(&epochs[1]));
        // What an evaluation reads of a stochastic set is one draw, and its test split is that of the fixed one.
        let read = |data: &Arc<dyn Dataset>, split| data.split(split).unwrap().tensor(&[3, 4], PixelRange::Unit, &Device::Cpu).unwrap();
        let same = |a: candle_core::Tensor, b: candle_core::Tensor| {
            (a - b).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap() == 0.0
        };
        assert!(same(read(&data, Split::Test), read(&fixed, Split::Test)) && same(read(&data, Split::Train), read(&fixed, Split::Train)));
    }

    #[test]
    fn noise_lies_between_a_level_and_the_next() {
        let (gray, noisy) = (digits(json!({ "train_images": 200 })), digits(json!({ "train_images": 200, "dequantise": true })));
        let set = noisy.split(Split::Train).unwrap();
        let all: Vec<usize> = (0..200).collect();
        for (range, place) in [(PixelRange::Unit, (1.0, 0.0)), (PixelRange::Symmetric, (0.5, 0.5))] {
            let values = set.tensor(&all, range, &Device::Cpu).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
            let levels = values.iter().map(|v| ((v * place.0 + place.1) * 256.0).clamp(0.0, 255.999) as u8);
            let bytes = gray.split(Split::Train).unwrap().pixels();
            let wrong = levels.zip(bytes).filter(|(level, byte)| level != *byte).count();
            // Rounding of f32 at the ends of a level.
            assert!(wrong * 1_000_000 < 200 * values.len(), "{wrong}");
        }
        let mean = |values: Vec<f32>| values.iter().map(|v| f64::from(*v)).sum::<f64>() / values.len() as f64;
        let [train, again] = <[Vec<f32>; 2]>::try_from(batches(&noisy, 1, &[0, 0])).unwrap();
        assert_eq!(train, again);
        assert!((mean(train) - mean(batches(&noisy, 1, &[2]).remove(0))).abs() < 0.1);
    }

    #[test]
    fn binary_images_are_not_dequantised() {
        let settings = json!({ "binarise": "fixed", "dequantise": true });
        let refused = open("digits", settings.as_object().unwrap(), &Sources::default());
        assert!(matches!(refused, Err(crate::Error::Core(error)) if matches!(*error, Error::Unsupported { .. })));
    }
}
