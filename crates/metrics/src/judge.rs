//! A classifier of the data set's own labels as a judge of samples: what classes they are of, and how far they are from
//! the images of some of the classes.
//!
//! The network is [`Classifier`], trained once a data set and process. Its accuracy on test images says how far its word
//! goes: a share of samples is known to no more than the share that it mistakes.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use candle_core::Tensor;
use vimae_core::{Dataset, Error, ImageSet, PixelRange, Result, Silent, Split, subset::drawn};
use vimae_spec::{Direction, Doubt, Measurement, Protocol, Varies};

use crate::{
    classifier::Classifier,
    features::{Features, Logits, extract},
    fid::{Reference, standard_error, told},
    fid_classifier::in_bytes,
    gaussian::Gaussian,
    images::ImagesInMemory,
};

/// Images that are compared with, at most.
const MOST: usize = 10_000;

/// The classifier of a data set.
#[derive(Debug)]
pub struct Judge {
    network: Classifier,
    right: usize,
    tested: usize,
}

impl Judge {
    /// The judge of the labels of `dataset`, the same one whenever the same data are asked for.
    ///
    /// # Errors
    /// As [`Classifier::train`].
    pub fn of(dataset: &dyn Dataset) -> Result<Arc<Self>> {
        static MADE: Mutex<BTreeMap<String, Arc<Judge>>> = Mutex::new(BTreeMap::new());
        // Held while training: two runs on one data set would otherwise both train.
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(judge) = made.get(dataset.sha256()) {
            return Ok(judge.clone());
        }
        let network = Classifier::train(dataset, &Silent)?;
        let test = dataset.split(Split::Test)?;
        let features = extract(&network, &ImagesInMemory::of(test, MOST)?, "features", &Silent)?;
        let taken = classes(&features)?;
        let labels = drawn(test.len(), MOST).into_iter().filter_map(|place| test.labels().get(place));
        let right = taken.iter().zip(labels).filter(|(taken, label)| **taken == **label as usize).count();
        let judge = Arc::new(Self { network, right, tested: taken.len() });
        made.insert(dataset.sha256().into(), judge.clone());
        Ok(judge)
    }

    /// Its accuracy on the test images, in percent.
    pub fn accuracy(&self) -> Measurement {
        let share = self.right as f64 / self.tested.max(1) as f64;
        percent("judge.accuracy", self.protocol("accuracy"), share, self.tested, Varies::TestImages).better(Direction::Higher)
    }

    /// Judges decoded samples `[N, C, H, W]` in `range`.
    ///
    /// # Errors
    /// For another shape than that of the data set.
    pub fn samples(&self, images: &Tensor, range: PixelRange) -> Result<Samples<'_>> {
        let features = extract(&self.network, &ImagesInMemory::new(in_bytes(images, range)?)?, "features", &Silent)?;
        let taken = classes(&features)?;
        let count = features.logits().map_or(0, |logits| logits.classes);
        let mut shares = vec![0.0; count];
        for class in &taken {
            if let Some(share) = shares.get_mut(*class) {
                *share += 1.0 / taken.len() as f64;
            }
        }
        Ok(Samples { judge: self, gaussian: Gaussian::of(&features)?, features, shares })
    }

    /// How far the images of two sets are apart.
    ///
    /// # Errors
    /// As [`Samples::distance`].
    pub fn between(&self, one: &ImageSet, other: &ImageSet) -> Result<f64> {
        let of = |set: &ImageSet| Gaussian::of(&extract(&self.network, &ImagesInMemory::of(set, MOST)?, "features", &Silent)?);
        Ok(Reference::new(of(one)?)?.distance(&of(other)?)?.value)
    }

    fn protocol(&self, name: &str) -> Protocol {
        use crate::features::FeatureNetwork;
        Protocol::new(format!("{name}.classifier")).with("features", self.network.source())
    }
}

/// Samples that were judged.
#[derive(Debug)]
pub struct Samples<'a> {
    judge: &'a Judge,
    features: Features,
    gaussian: Gaussian,
    /// The share of them that was taken for each class.
    pub shares: Vec<f64>,
}

impl Samples<'_> {
    /// The Frechet distance of the samples from test images, by the classifier's features.
    ///
    /// # Errors
    /// Where the images have another shape.
    pub fn distance(&self, images: &ImageSet) -> Result<Measurement> {
        let real = extract(&self.judge.network, &ImagesInMemory::of(images, MOST)?, "features", &Silent)?;
        let reference = Reference::new(Gaussian::of(&real)?)?;
        let value = reference.distance(&self.gaussian)?.value;
        let error = standard_error(&reference, Some(&real), &self.features, &self.gaussian)?;
        let protocol = self.judge.protocol("fid").with("N", self.features.count()).with("M", real.count());
        let distance = Measurement::new("judge", "class_fid", protocol, "1")
            .valued(value, error)
            .over(&[Varies::GeneratedImages, Varies::RealImages])
            .sized(self.features.count())
            .better(Direction::Lower);
        Ok(told(distance, self.features.count().min(real.count()), self.features.size()))
    }

    /// The share of samples, in percent, that was taken for one of the classes for which `of` is true.
    pub fn share(&self, of: impl Fn(usize) -> bool) -> Measurement {
        let share: f64 = self.shares.iter().enumerate().filter(|(class, _)| of(*class)).map(|(_, share)| share).sum();
        percent("share", self.judge.protocol("share"), share, self.features.count(), Varies::GeneratedImages)
    }
}

/// A share of `count` images, in percent. One of none or of all has no standard error: it is not certain for that.
fn percent(metric: &str, protocol: Protocol, share: f64, count: usize, varies: Varies) -> Measurement {
    // Less than half an image is rounding: shares are added up.
    let all_alike = share.min(1.0 - share) * (count as f64) < 0.5;
    let error = (!all_alike).then(|| 100.0 * (share * (1.0 - share) / count as f64).sqrt());
    Measurement::new("judge", metric, protocol.with("N", count), "percent")
        .valued(100.0 * share, error)
        .over(&[varies])
        .sized(count)
        .doubted(Doubt::NoError, error.is_none())
}

/// The class that each image is taken for.
fn classes(features: &Features) -> Result<Vec<usize>> {
    let Logits { classes, values } = features.logits().ok_or_else(|| Error::Data("a classifier without logits".into()))?;
    let of = |row: &[f32]| row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(class, _)| class);
    Ok(values.chunks_exact((*classes).max(1)).map(of).collect())
}

#[cfg(test)]
mod tests {
    use candle_core::Device;
    use vimae_datasets::{Sources, open};

    use super::*;

    #[test]
    fn a_share_of_none_or_of_all_has_no_error_and_says_so() {
        let of = |share: f64| percent("share", Protocol::new("share"), share, 500, Varies::GeneratedImages);
        // As shares of all classes add up.
        for share in [0.0, 1.0, 1.0 - 1e-15, 1.0 + 1e-15] {
            let found = of(share);
            assert_eq!((found.standard_error, found.varies.len(), found.doubts), (None, 0, vec![Doubt::NoError]), "{share}");
        }
        for share in [1.0 / 500.0, 499.0 / 500.0] {
            let found = of(share);
            let expected = 100.0 * (share * (1.0 - share) / 500.0).sqrt();
            assert!((found.standard_error.unwrap() - expected).abs() < 1e-12 && found.doubts.is_empty(), "{found:?}");
        }
    }

    #[test]
    fn real_images_are_taken_for_their_classes_and_lie_nearest_to_themselves() {
        let digits = open("digits", &Default::default(), &Sources::default()).unwrap();
        let judge = Judge::of(digits.as_ref()).unwrap();
        let accuracy = judge.accuracy();
        assert!(accuracy.value.unwrap() > 90.0 && accuracy.n == 2_000, "{accuracy:?}");
        let test = digits.split(Split::Test).unwrap();
        let of = |classes: [u32; 2]| {
            let indices: Vec<usize> = (0..test.len()).filter(|i| classes.contains(&test.labels()[*i])).collect();
            let images = test.tensor(&indices, digits.range(), &Device::Cpu).unwrap();
            let size = test.shape().len();
            let pixels = indices.iter().flat_map(|i| test.pixels()[i * size..(i + 1) * size].to_vec()).collect();
            (images, ImageSet::new(test.shape(), pixels, indices.iter().map(|i| test.labels()[*i]).collect()).unwrap())
        };
        let ((zeros, own), (_, others)) = (of([0, 1]), of([8, 9]));
        let judged = judge.samples(&zeros, digits.range()).unwrap();
        assert!(judged.share(|class| class < 2).value.unwrap() > 90.0);
        assert!((judged.shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        // No more images than features.
        let few = judge.samples(&zeros.narrow(0, 0, 64).unwrap(), digits.range()).unwrap().distance(&others).unwrap();
        assert_eq!(few.doubts, [Doubt::Undetermined]);
        let far = judged.distance(&others).unwrap();
        assert!(far.doubts.is_empty(), "{far:?}");
        let (near, far) = (judged.distance(&own).unwrap().value.unwrap(), far.value.unwrap());
        assert!(near < 1e-6 && far > 1.0, "{near} {far}");
        assert!((judge.between(&own, &others).unwrap() - far).abs() < 1e-6 * far);
    }
}
