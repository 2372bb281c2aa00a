//! Features of images: what FID, KID, precision and the rest are statistics of.
//!
//! A [`FeatureNetwork`] turns images into rows of numbers; [`extract`] does so for a whole set and keeps, beside the
//! numbers, what made them ([`Source`]) and of what ([`Features::images_sha256`]). Two sets of features are compared
//! only where their sources are the same.

use std::fmt;

use candle_core::{DType, Device, Tensor};
use sha2::{Digest, Sha256};
use vimae_core::{Error, Progress, Result};
use vimae_statistics::jackknife;

pub use crate::resize::ImageView;
use crate::{
    digest::{hex, short},
    images::{ImageSource, OwnedImage},
};

mod store;

/// What made features: a network, how images reach it, and the digest of its weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    network: String,
    sha256: String,
}

impl Source {
    /// `network` says network, layer and resizing: `inception-2015-12-05.pool3.legacy`; `sha256` is the weights'.
    pub fn new(network: impl Into<String>, sha256: impl Into<String>) -> Self {
        Self { network: network.into(), sha256: sha256.into() }
    }

    /// Network, layer and resizing.
    pub fn network(&self) -> &str {
        &self.network
    }

    /// SHA-256 of the weights, in hex.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}

/// As protocols write it: the network and the first twelve digits of its digest.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.network, short(&self.sha256))
    }
}

/// What a network gives for a few images, one row an image.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outputs {
    /// `[N, size]`
    pub features: Vec<f32>,
    /// How many logits an image has, and `[N, that]`; for networks that end in classes.
    pub logits: Option<(usize, Vec<f32>)>,
}

/// Images to features.
pub trait FeatureNetwork: Send + Sync {
    /// What it is.
    fn source(&self) -> &Source;

    /// Numbers of an image's features.
    fn size(&self) -> usize;

    /// The channels that it sees, where it does not see colours of any image.
    fn channels(&self) -> Option<usize> {
        None
    }

    /// Features of a few images. A image's numbers do not depend on its companions.
    ///
    /// # Errors
    /// Where an image has a shape that the network cannot take, or the device fails.
    fn run(&self, images: &[ImageView<'_>]) -> Result<Outputs>;
}

/// Logits of a set of images, `[N, classes]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Logits {
    /// How many an image has.
    pub classes: usize,
    /// Row by row.
    pub values: Vec<f32>,
}

/// Features of a set of images, `[N, size]`, with their origin. All are finite.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    source: Source,
    images_sha256: String,
    size: usize,
    values: Vec<f32>,
    logits: Option<Logits>,
}

impl Features {
    /// Features that `source` made of the images with digest `images_sha256`: rows of `size` numbers.
    ///
    /// # Errors
    /// [`Error::Shape`] where there are no whole rows or as many rows of logits; [`Error::Data`] for a number that is
    /// not finite, naming the image.
    pub fn new(source: Source, images_sha256: &str, size: usize, values: Vec<f32>, logits: Option<Logits>) -> Result<Self> {
        if size == 0 || !values.len().is_multiple_of(size) {
            return Err(Error::shape("features", format!("rows of {size} numbers"), &[values.len()]));
        }
        let count = values.len() / size;
        let finite = |what: &str, values: &[f32], size: usize| match values.iter().position(|v| !v.is_finite()) {
            Some(at) => Err(Error::Data(format!("{what} of image {} by {source}: {} is not finite", at / size, values[at]))),
            None => Ok(()),
        };
        finite("a feature", &values, size)?;
        if let Some(Logits { classes, values }) = &logits {
            if *classes == 0 || values.len() != count * classes {
                return Err(Error::shape("logits", format!("{count} rows of {classes} numbers"), &[values.len()]));
            }
            finite("a logit", values, *classes)?;
        }
        Ok(Self { source, images_sha256: images_sha256.into(), size, values, logits })
    }

    /// Features of a tensor, `[N, size]`, taken as f32. Its values stand for the images in their digest.
    ///
    /// # Errors
    /// As [`Features::new`], and [`Error::Shape`] where the tensor is not of rank 2.
    pub fn from_tensor(source: Source, rows: &Tensor) -> Result<Self> {
        let &[_, size] = rows.dims() else { return Err(Error::shape("features", "[N, size]", rows.dims())) };
        let values: Vec<f32> = rows.to_device(&Device::Cpu)?.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?;
        let bytes = values.iter().fold(Sha256::new(), |hash, value| hash.chain_update(value.to_le_bytes()));
        Self::new(source, &hex(&bytes.finalize()), size, values, None)
    }

    /// What made them.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// SHA-256, in hex, of the images.
    pub fn images_sha256(&self) -> &str {
        &self.images_sha256
    }

    /// The features of all images but those of a group of the jackknife, without logits.
    ///
    /// # Errors
    /// As [`Features::new`].
    pub(crate) fn without(&self, group: usize) -> Result<Self> {
        let rows = self.values().chunks_exact(self.size()).zip(jackknife::groups(self.count()));
        let values = rows.filter(|(_, own)| *own != group).flat_map(|(row, _)| row.iter().copied()).collect();
        Self::new(self.source().clone(), self.images_sha256(), self.size(), values, None)
    }

    /// How many images.
    pub fn count(&self) -> usize {
        self.values.len() / self.size
    }

    /// Numbers of an image.
    pub fn size(&self) -> usize {
        self.size
    }

    /// `[N, size]`
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The numbers of image `i`, which is below the count.
    pub(crate) fn row(&self, i: usize) -> &[f32] {
        &self.values[i * self.size..(i + 1) * self.size]
    }

    /// The logits, where the network has some.
    pub fn logits(&self) -> Option<&Logits> {
        self.logits.as_ref()
    }

    /// Whether a metric may compare these with `other`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where their sources differ, naming both.
    pub fn check_comparable(&self, other: &Self) -> Result<()> {
        if self.source == other.source && self.size == other.size {
            return Ok(());
        }
        let what =
            format!("features of {} ({} numbers) beside features of {} ({} numbers)", self.source, self.size, other.source, other.size);
        Err(Error::Unsupported {
            what,
            reason: "a distance between different features means nothing; extract both with one network".into(),
        })
    }

    /// Whether there are `least` images or more.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where there are fewer, naming `metric`.
    pub(crate) fn check_count(&self, metric: &str, least: usize) -> Result<()> {
        if self.count() >= least {
            return Ok(());
        }
        let what = format!("{metric} of {} images", self.count());
        Err(Error::Unsupported { what, reason: format!("it needs {least} or more in each set") })
    }
}

/// Images that go through the network between two calls of `progress`.
const BATCH: usize = 48;
/// Bytes of pixels that wait for the network, but for the last image.
const WAITING: usize = 64 << 20;

/// The features of all `images`, called `what` where `progress` hears of them.
///
/// Beside the features, `[N, size]` in f32 with the logits where there are some, a few images are in memory at once.
///
/// # Errors
/// Whatever an image or the network reports; [`Error::Data`] where a feature is not finite.
pub fn extract(network: &dyn FeatureNetwork, images: &dyn ImageSource, what: &str, progress: &dyn Progress) -> Result<Features> {
    let mut rows = Rows { network, values: vec![0.0; images.len() * network.size()], logits: None, count: images.len(), done: 0 };
    let mut waiting: Vec<(usize, OwnedImage)> = Vec::with_capacity(BATCH);
    progress.working(what, 0, rows.count);
    images.visit(&mut |places, images| {
        for pair in places.iter().copied().zip(images) {
            waiting.push(pair);
            if waiting.len() == BATCH || waiting.iter().map(|(_, image)| image.bytes.len()).sum::<usize>() > WAITING {
                rows.take(&mut waiting)?;
                progress.working(what, rows.done, rows.count);
            }
        }
        Ok(())
    })?;
    rows.take(&mut waiting)?;
    progress.working(what, rows.done, rows.count);
    if rows.done != rows.count {
        return Err(Error::Data(format!("a set of {} images gave {}", rows.count, rows.done)));
    }
    Features::new(network.source().clone(), images.sha256(), network.size(), rows.values, rows.logits)
}

/// Features on their way to their places.
struct Rows<'a> {
    network: &'a dyn FeatureNetwork,
    values: Vec<f32>,
    logits: Option<Logits>,
    count: usize,
    done: usize,
}

impl Rows<'_> {
    fn take(&mut self, waiting: &mut Vec<(usize, OwnedImage)>) -> Result<()> {
        if waiting.is_empty() {
            return Ok(());
        }
        let outputs = self.network.run(&waiting.iter().map(|(_, image)| image.borrow()).collect::<Vec<_>>())?;
        let put = |into: &mut [f32], rows: &[f32], size: usize| {
            for ((place, _), row) in waiting.iter().zip(rows.chunks_exact(size.max(1))) {
                if let Some(slot) = into.get_mut(place * size..(place + 1) * size) {
                    slot.copy_from_slice(row);
                }
            }
        };
        put(&mut self.values, &outputs.features, self.network.size());
        if let Some((classes, rows)) = outputs.logits {
            let logits = self.logits.get_or_insert_with(|| Logits { classes, values: vec![0.0; self.count * classes] });
            put(&mut logits.values, &rows, classes);
        }
        self.done += waiting.len();
        waiting.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use vimae_core::{Event, Silent};

    use super::*;

    #[test]
    fn wrong_features_are_refused_by_name() {
        let source = |name: &str| Source::new(name, "0123456789abcdef");
        let features = |name: &str, values: Vec<f32>| Features::new(source(name), "d", 2, values, None);
        let error = features("net", vec![0.0, 1.0, f32::NAN, 0.0]).unwrap_err();
        assert!(matches!(&error, Error::Data(problem) if problem.contains("image 1 by net@0123456789ab")), "{error}");
        assert!(features("net", vec![0.0; 3]).is_err());
        let (a, b) = (features("net", vec![0.0; 4]).unwrap(), features("other", vec![0.0; 4]).unwrap());
        assert!(a.check_comparable(&a).is_ok());
        let error = a.check_comparable(&b).unwrap_err();
        assert!(matches!(error, Error::Unsupported { .. }) && error.to_string().contains("other@0123456789ab"), "{error}");
        assert!(matches!(a.check_count("FID", 3), Err(Error::Unsupported { .. })) && a.check_count("FID", 2).is_ok());
        let logits = Logits { classes: 3, values: vec![0.0; 3] };
        assert!(Features::new(source("net"), "d", 2, vec![0.0; 4], Some(logits)).is_err());
    }

    #[test]
    fn without_a_group_there_are_images_of_every_class() {
        // Ten classes in turn, as the digits stand.
        let classes = (0..200).map(|i| f32::from(i % 10_u8)).collect();
        let features = Features::new(Source::new("net", "ab"), "d", 1, classes, None).unwrap();
        for group in 0..jackknife::GROUPS {
            let kept = features.without(group).unwrap();
            assert_eq!(kept.count(), 180);
            assert!((0..10_u8).all(|class| kept.values().contains(&f32::from(class))), "{group}");
        }
    }

    /// The mean and the first byte of an image; half a level less than that as logit.
    struct Means(Source);

    impl FeatureNetwork for Means {
        fn source(&self) -> &Source {
            &self.0
        }
        fn size(&self) -> usize {
            2
        }
        fn run(&self, images: &[ImageView<'_>]) -> Result<Outputs> {
            let row = |image: &ImageView<'_>| {
                let sum: f32 = image.bytes.iter().map(|b| f32::from(*b)).sum();
                [sum / image.bytes.len() as f32, f32::from(image.bytes[0])]
            };
            let logits = images.iter().map(|i| f32::from(i.bytes[0]) - 0.5).collect();
            Ok(Outputs { features: images.iter().flat_map(row).collect(), logits: Some((1, logits)) })
        }
    }

    /// The images of a set in an order that is not its own, as an archive gives them.
    struct Shuffled(crate::images::ImagesInMemory, bool);

    impl ImageSource for Shuffled {
        fn census(&self) -> &crate::images::Census {
            self.0.census()
        }
        fn visit(&self, visit: &mut crate::images::Visit<'_>) -> Result<()> {
            let mut all = Vec::new();
            self.0.visit(&mut |places, images| {
                all.extend(places.iter().copied().zip(images));
                Ok(())
            })?;
            all.sort_by_key(|(place, _)| (place * 37) % 101);
            all.truncate(if self.1 { 100 } else { 7 });
            all.chunks(3).try_for_each(|part| {
                let (places, images): (Vec<_>, Vec<_>) = part.iter().cloned().unzip();
                visit(&places, images)
            })
        }
    }

    #[test]
    fn features_are_in_the_order_of_the_set_in_whatever_order_images_come() {
        let shape = vimae_core::ImageShape { channels: 1, height: 1, width: 2 };
        let images: Vec<OwnedImage> = (0..100).map(|i| OwnedImage { shape, bytes: vec![i, i + 100] }).collect();
        let images = crate::images::ImagesInMemory::new(images).unwrap();
        let network = Means(Source::new("means", "ab"));
        let heard = std::cell::RefCell::new(Vec::new());
        let hear = |event: Event<'_>| {
            if let Event::Working { what: "images", done, of } = event {
                heard.borrow_mut().push((done, of));
            }
        };
        let features = extract(&network, &images, "images", &hear).unwrap();
        assert_eq!(*heard.borrow(), [(0, 100), (48, 100), (96, 100), (100, 100)]);
        assert_eq!((features.row(0), features.row(99)), (&[50.0, 0.0][..], &[149.0, 99.0][..]));
        assert_eq!(features.logits().unwrap().values[41], 40.5);
        assert_eq!(extract(&network, &Shuffled(images.clone(), true), "", &Silent).unwrap(), features);
        let fewer = extract(&network, &Shuffled(images, false), "", &Silent).unwrap_err().to_string();
        assert!(fewer.contains("a set of 100 images gave 7"), "{fewer}");
    }
}
